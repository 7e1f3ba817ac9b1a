package throttle

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
)

// remote is a Memory that can be cut off, as Redis can. redisstore has the same
// stories with Redis itself.
type remote struct {
	*Memory
	state atomic.Int32 // up, refuses, hangs
	calls atomic.Int32
}

const (
	up int32 = iota
	refuses
	hangs
)

var errRefused = errors.New("connection refused")

func (r *remote) reach(ctx context.Context) error {
	r.calls.Add(1)
	switch r.state.Load() {
	case refuses:
		return errRefused
	case hangs:
		<-ctx.Done()
		return ctx.Err()
	}
	return nil
}

func (r *remote) Take(ctx context.Context, now time.Time, counts ...Count) ([]time.Duration, Giver, error) {
	if err := r.reach(ctx); err != nil {
		return nil, nil, err
	}
	return r.Memory.Take(ctx, now, counts...)
}

func (r *remote) GiveBack(ctx context.Context, now time.Time, counts ...Count) error {
	if err := r.reach(ctx); err != nil {
		return err
	}
	return r.Memory.GiveBack(ctx, now, counts...)
}

func setup(t *testing.T) (f *Fallback, r *remote, log *bytes.Buffer) {
	t.Helper()
	r, log = &remote{Memory: NewMemory()}, new(bytes.Buffer)
	return &Fallback{Primary: r, Memory: NewMemory(), Log: zerolog.New(log)}, r, log
}

func TestFallbackStory_R2(t *testing.T) {
	f, r, log := setup(t)
	c := Count{Key: "ada at 192.0.2.1", Limit: Limit{N: 3, Window: time.Hour}}
	let := func(at time.Duration, tries int) (n int) {
		t.Helper()
		for range tries {
			if take(t, f, start.Add(at), c)[0] == 0 {
				n++
			}
		}
		return n
	}
	calls := func(want int32, when string) {
		t.Helper()
		if got := r.calls.Swap(0); got != want {
			t.Errorf("%s: %d calls to redis, want %d", when, got, want)
		}
	}

	if n := let(0, 2); n != 2 || f.Memory.keys() != 0 {
		t.Errorf("up: %d let through, %d keys in memory; want 2 and 0", n, f.Memory.keys())
	}
	calls(2, "up")

	r.state.Store(refuses)
	if n := let(time.Second, 10); n != 3 {
		t.Errorf("down: %d let through, want the 3 of the limit", n)
	}
	calls(1, "down")
	if n := let(2*time.Second-time.Microsecond, 10); n != 0 {
		t.Errorf("still down: %d let through, want 0", n)
	}
	calls(0, "within the pause")
	if n := let(2*time.Second, 10); n != 0 {
		t.Errorf("still down: %d let through, want 0", n)
	}
	calls(1, "after the pause")

	r.state.Store(up)
	if n := let(3*time.Second, 10); n != 1 {
		t.Errorf("up again: %d let through, want the 1 that redis has left", n)
	}
	calls(10, "up again")

	r.state.Store(refuses)
	if n := let(4*time.Second, 10); n != 0 {
		t.Errorf("down again: %d let through, want 0, memory was full", n)
	}

	if got, want := strings.Count(log.String(), "\n"), 3; got != want {
		t.Errorf("logged %d lines, want %d:\n%s", got, want, log)
	}
	for _, leak := range []string{"ada", "192.0.2.1"} {
		if strings.Contains(log.String(), leak) {
			t.Errorf("the log tells %q:\n%s", leak, log)
		}
	}
}

// Of many calls while Redis hangs one waits for it, and not for long.
func TestHangingRedisDelaysOneCall_R2(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, r, _ := setup(t)
		r.state.Store(hangs)
		c := Count{Key: "k", Limit: pair}
		began := time.Now()
		let := 0
		var by Giver
		for range 20 { // within one second of the clock passed in
			waits, who, err := f.Take(ctx, start, c)
			if err != nil {
				t.Fatal(err)
			}
			if waits[0] == 0 {
				let++
			}
			by = who
		}
		if err := by.GiveBack(ctx, start, c); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took != primaryTime || 3*took > 100*time.Millisecond {
			t.Errorf("20 takes and a give-back took %v, want %v and a third of 100 ms at most", took, primaryTime)
		}
		if let != pair.N {
			t.Errorf("%d let through, want %d", let, pair.N)
		}
		if n := r.calls.Load(); n != 1 {
			t.Errorf("%d calls to redis, want 1", n)
		}
		if wait := take(t, f, start, c)[0]; wait != 0 {
			t.Errorf("after a give-back the wait is %v, want 0", wait)
		}
	})
}

// A try goes back to who counted it, although the other side works by then, so
// that right passwords never add up.
func TestGiveBackToWhoCounted_C4(t *testing.T) {
	f, r, _ := setup(t)
	c := Count{Key: "k", Limit: Limit{N: 1, Window: time.Hour}}
	giveBackAfter := func(state int32, at time.Duration) {
		t.Helper()
		waits, by, err := f.Take(ctx, start.Add(at), c)
		if err != nil || waits[0] != 0 {
			t.Fatalf("got %v, %v; want a try let through", waits, err)
		}
		r.state.Store(state)
		take(t, f, start.Add(at), Count{Key: "another", Limit: pair}) // the sides change
		r.state.Store(up)
		if err := by.GiveBack(ctx, start.Add(at), c); err != nil {
			t.Fatal(err)
		}
	}
	giveBackAfter(refuses, 0)         // counted by Redis, given back while memory works
	giveBackAfter(up, time.Second/2)  // counted and given back by memory
	giveBackAfter(up, 10*time.Second) // by Redis again
	for name, side := range map[string]Counters{"redis": r.Memory, "memory": f.Memory} {
		if wait := take(t, side, start.Add(time.Minute), c)[0]; wait != 0 {
			t.Errorf("%s: still counted for %v", name, wait)
		}
	}
}

// While Redis is away one of the many that come at once looks for it.
func TestOneProbe_R2(t *testing.T) {
	f, r, log := setup(t)
	r.state.Store(refuses)
	take(t, f, start, Count{Key: "k", Limit: pair})
	r.calls.Store(0)
	r.state.Store(hangs)
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() { f.Take(ctx, start.Add(pause), Count{Key: "k", Limit: client}) })
	}
	wg.Wait()
	if n := r.calls.Load(); n != 1 {
		t.Errorf("%d calls to redis, want 1", n)
	}
	if n := strings.Count(log.String(), "\n"); n != 1 {
		t.Errorf("logged %d lines, want 1:\n%s", n, log)
	}
}

// Somebody who leaves says nothing about Redis, and his try is not let through.
func TestCallerLeaves_R2(t *testing.T) {
	f, r, log := setup(t)
	r.state.Store(hangs)
	gone, cancel := context.WithCancel(ctx)
	cancel()
	if _, _, err := f.Take(gone, start, Count{Key: "k", Limit: pair}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	if log.Len() > 0 || f.Memory.keys() > 0 {
		t.Errorf("logged %q, %d keys in memory; want nothing", log, f.Memory.keys())
	}
}

func TestClockSetBack_R2(t *testing.T) {
	f, r, _ := setup(t)
	r.state.Store(refuses)
	take(t, f, start, Count{Key: "k", Limit: pair})
	r.state.Store(up)
	take(t, f, start.Add(-time.Hour), Count{Key: "k", Limit: pair})
	if n := r.calls.Load(); n != 2 {
		t.Errorf("%d calls to redis, want 2: it is not left alone for an hour", n)
	}
}
