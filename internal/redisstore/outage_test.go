package redisstore_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"latchkey/internal/redisstore"
	"latchkey/internal/store"
	"latchkey/internal/testenv"
	"latchkey/internal/throttle"
)

func fallback(s *redisstore.Store) (*throttle.Fallback, *bytes.Buffer) {
	log := new(bytes.Buffer)
	return &throttle.Fallback{Primary: s, Memory: throttle.NewMemory(), Log: zerolog.New(log)}, log
}

// clientTime is what Redis's client waits by itself at least. Whoever is held up
// for less was not held up by it, but by the throttle, which waits a fraction.
const clientTime = 500 * time.Millisecond

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

	// Memory as well as Redis let three of ada's tries through, however often they take turns.
	let := 0
	try := func() {
		if take(t, f, now, ada) == 0 {
			let++
		}
	}
	try()
	giveBack(t, direct, now, ada) // it is there
	try()
	for i, state := range []lineState{hangs, resets, hangs, resets} {
		l.set(state)
		now = now.Add(time.Minute)
		quick(t, "away", func(time.Duration) {
			now = now.Add(time.Minute)
			for range 5 {
				try()
			}
			takeAndGiveBack(t, f, now, throttle.Count{Key: "somebody", Limit: limit})
		})
		if err := s.Ping(t.Context()); !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("away: ping is %v", err)
		}
		l.set(works)
		until(t, "redis is used again", func(context.Context) bool {
			now = now.Add(time.Second)
			try()
			return strings.Count(log.String(), "\n") == 2*(i+1)
		})
	}
	for range 5 {
		try()
	}
	// One was given back above; one more may have been counted in Redis although its answer was cut off.
	if let < 2*limit.N || let > 2*limit.N+1 {
		t.Errorf("%d let through, want %d on each side", let, limit.N)
	}
	if wait := take(t, direct, now, ada); wait == 0 {
		t.Errorf("redis has one left")
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
