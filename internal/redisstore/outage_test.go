package redisstore_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"latchkey/internal/redisstore"
	"latchkey/internal/store"
	"latchkey/internal/testenv"
	"latchkey/internal/throttle"
)

func fallback(s *redisstore.Store) (*throttle.Fallback, *record) {
	log := new(record)
	return throttle.NewFallback(s, zerolog.New(log)), log
}

// A record is a log that is written while it is read.
type record struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (r *record) Write(line []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(line)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// clientTime is what Redis's client waits by itself at least. Whoever is held up
// for less was not held up by it, but by the throttle, which waits half of it.
const clientTime = time.Second

// quick fails if f, which is one login's calls, waits as long as the client in
// each of many goes: a slow machine is quick in one of them.
func quick(t *testing.T, what string, f func(later time.Duration)) {
	t.Helper()
	var took time.Duration
	for i := range 20 {
		began := time.Now()
		f(time.Duration(i) * time.Minute)
		if took = time.Since(began); took < clientTime {
			return
		}
	}
	t.Errorf("%s: a login was held up for %v, want less than %v", what, took, clientTime)
}

// Redis of each kind that is not there, or takes connections and is silent, when
// the service starts.
func TestRedisDownAtStart_R2(t *testing.T) {
	for name, variable := range kinds {
		for what, state := range map[string]lineState{"resets": resets, "hangs": hangs} {
			t.Run(name+" "+what, func(t *testing.T) {
				_, url := cut(t, testenv.Need(t, variable), state)
				s := redisstore.New(open(t, url), prefix())
				f, log := fallback(s)
				quick(t, what, func(later time.Duration) {
					let := 0
					for range 3 * pace.N {
						if take(t, f, start.Add(later), three[0]) == 0 {
							let++
						}
					}
					takeAndGiveBack(t, f, start.Add(later), three[0])
					if let > pace.N || later == 0 && let != pace.N {
						t.Errorf("%d let through, want %d", let, pace.N)
					}
				})
				if n := strings.Count(log.String(), "\n"); n != 1 {
					t.Errorf("logged %d lines, want 1:\n%s", n, log)
				}
			})
		}
	}
}

func TestNoServer_R2(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close() // refuses from now on
	s := redisstore.New(open(t, "redis://"+listener.Addr().String()), prefix())
	if err := s.Ping(t.Context()); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("ping: %v, want %v", err, store.ErrUnavailable)
	}
	if _, err := s.Token(t.Context(), make([]byte, 32), start); !errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrNotFound) {
		t.Errorf("token: %v, want %v", err, store.ErrUnavailable)
	}
	if err := s.PutToken(t.Context(), make([]byte, 32), nil, start, time.Hour); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("put token: %v, want %v", err, store.ErrUnavailable)
	}
	f, _ := fallback(s)
	quick(t, "refuses", func(later time.Duration) { take(t, f, start.Add(later), three[0]) })
}

// One service through a day of Redis: works, hangs, works, resets, works.
func TestRedisComesAndGoes_R2(t *testing.T) {
	l, through := cut(t, testenv.Need(t, "TEST_REDIS"), works)
	prefix := prefix()
	s := redisstore.New(open(t, through), prefix)
	direct := redisstore.New(open(t, testenv.Need(t, "TEST_REDIS")), prefix)
	f, log := fallback(s)
	limit := throttle.Limit{N: 3, Window: 24 * time.Hour}
	ada := throttle.Count{Key: "ada", Limit: limit}
	now := start

	// Three of ada's tries are let through in all, however often the sides change.
	let := 0
	try := func() {
		if take(t, f, now, ada) == 0 {
			let++
		}
	}
	try()
	for i, state := range []lineState{hangs, resets, hangs, resets} {
		l.set(state)
		now = now.Add(time.Minute)
		if i < 2 {
			try() // one that memory lets through
		}
		quick(t, "away", func(time.Duration) {
			now = now.Add(time.Minute)
			takeAndGiveBack(t, f, now, throttle.Count{Key: "somebody", Limit: limit})
		})
		if err := s.Ping(t.Context()); !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("away: ping is %v", err)
		}
		l.set(works)
		until(t, "redis is used again", func(context.Context) bool {
			now = now.Add(time.Second)
			take(t, f, now, throttle.Count{Key: "a probe", Limit: throttle.Limit{N: 1, Window: time.Second}})
			return strings.Count(log.String(), "\n") == 2*(i+1)
		})
		// A try that hung may have come to Redis all the same, and is undone behind it.
		until(t, "redis says what was let through", func(context.Context) bool {
			wait := take(t, direct, now, throttle.Count{Key: "ada", Limit: limit, Look: true})
			return (wait == 0) == (i == 0)
		})
	}
	for range 5 {
		try()
	}
	if let != limit.N {
		t.Errorf("%d let through, want %d", let, limit.N)
	}
	if strings.Contains(log.String(), "ada") {
		t.Errorf("the log tells names:\n%s", log)
	}
}

// A node that stands still in the middle of its work, and goes on.
func TestClusterStandsStill_R2(t *testing.T) {
	rdb := open(t, testenv.Need(t, "TEST_REDIS_CLUSTER"))
	f, log := fallback(redisstore.New(rdb, prefix()))
	take(t, f, start, three[0])
	const pause = 1500 * time.Millisecond
	began := time.Now()
	if err := open(t, testenv.Need(t, "TEST_REDIS_CLUSTER")).Do(t.Context(), "CLIENT", "PAUSE", pause.Milliseconds(), "ALL").Err(); err != nil {
		t.Fatal(err)
	}
	now := start.Add(time.Minute)
	for range 5 {
		take(t, f, now, three[0])
	}
	takeAndGiveBack(t, f, now, three[0])
	if time.Since(began) >= pause && strings.Contains(log.String(), "does not answer") {
		t.Errorf("a login was held up until the node went on")
	}
	until(t, "redis is used again", func(context.Context) bool {
		now = now.Add(time.Second)
		take(t, f, now, three[0])
		return strings.Count(log.String(), "\n") == 2
	})
}

// Tokens wait for a hanging Redis, but not for ever, and not longer than their caller.
func TestTokensOnHangingRedis_R2(t *testing.T) {
	_, url := cut(t, testenv.Need(t, "TEST_REDIS"), hangs)
	s := redisstore.New(open(t, url), prefix())
	if _, err := s.Token(t.Context(), make([]byte, 32), start); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("token: %v, want %v", err, store.ErrUnavailable)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := s.TakeToken(ctx, make([]byte, 32), start); !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("take token: %v", err)
	}
}
