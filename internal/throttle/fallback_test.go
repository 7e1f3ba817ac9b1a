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

// remote is a Memory on a line that can fail, as Redis is. redisstore has the same
// stories with Redis itself.
type remote struct {
	mu     sync.Mutex
	memory *Memory // of all replicas; another after a restart without its data
	state  atomic.Int32
	calls  atomic.Int32 // that came to it
	slow   atomic.Int32 // how many answers, of counting, are to come late
}

const (
	up int32 = iota
	refuses
	hangs      // and does nothing
	drops      // does what it is told, and its answers get lost
	crawls     // each answer takes 300 ms
	noWrites   // it can be looked at
	aLongWhile = 450 * time.Millisecond
)

var errRefused = errors.New("connection refused")

// do has f done by the remote's memory, if its state allows that.
func (r *remote) do(ctx context.Context, writes bool, f func(m *Memory)) error {
	r.calls.Add(1)
	switch state := r.state.Load(); {
	case state == refuses, state == noWrites && writes:
		return errRefused
	case state == hangs:
		<-ctx.Done()
		return ctx.Err()
	}
	r.mu.Lock()
	f(r.memory)
	r.mu.Unlock()
	switch state := r.state.Load(); {
	case state == drops:
		<-ctx.Done()
		return ctx.Err()
	case state == crawls:
		time.Sleep(300 * time.Millisecond)
	case writes && r.slow.Add(-1) >= 0:
		time.Sleep(aLongWhile)
	}
	return nil
}

func (r *remote) Take(ctx context.Context, now time.Time, counts ...Count) (waits []time.Duration, _ Giver, err error) {
	writes := false
	for _, c := range counts {
		writes = writes || !c.Look
	}
	err = r.do(ctx, writes, func(m *Memory) { waits, _, _ = m.Take(ctx, now, counts...) })
	return waits, r, err
}

func (r *remote) GiveBack(ctx context.Context, now time.Time, counts ...Count) error {
	return r.do(ctx, true, func(m *Memory) { _ = m.GiveBack(ctx, now, counts...) })
}

func (r *remote) Bring(ctx context.Context, now time.Time, debts []Debt) error {
	return r.do(ctx, true, func(m *Memory) {
		for _, d := range debts {
			for range d.Back {
				_ = m.GiveBack(ctx, now, d.Count)
			}
			for _, at := range d.At {
				_, _, _ = m.Take(ctx, at, d.Count)
			}
		}
	})
}

// outage is two replicas, of which the first has a Redis that fails.
type outage struct {
	t      *testing.T
	f      *Fallback
	line   *remote
	other  *Fallback
	log    *bytes.Buffer
	shared *Memory
}

// fallbacks runs a test with a clock of its own, which goes on when all wait.
func fallbacks(t *testing.T, test func(o *outage)) {
	synctest.Test(t, func(t *testing.T) {
		shared, log := NewMemory(), new(bytes.Buffer)
		line := &remote{memory: shared}
		test(&outage{t, NewFallback(line, zerolog.New(log)), line, NewFallback(&remote{memory: shared}, zerolog.Nop()), log, shared})
		time.Sleep(time.Minute) // whatever still runs ends
	})
}

// let is how many of some tries a replica lets through.
func (o *outage) let(f *Fallback, tries int, c Count) (n int) {
	o.t.Helper()
	for range tries {
		if take(o.t, f, time.Now(), c)[0] == 0 {
			n++
		}
	}
	return n
}

// expect fails the test unless a replica lets that many of some more tries through.
func (o *outage) expect(what string, f *Fallback, c Count, want int) {
	o.t.Helper()
	if got := o.let(f, want+5, c); got != want {
		o.t.Errorf("%s: %d let through, want %d", what, got, want)
	}
}

// fails has Redis fail, and be left.
func (o *outage) fails(how int32) {
	o.t.Helper()
	o.line.state.Store(how)
	take(o.t, o.f, time.Now(), Count{Key: "somebody else", Limit: client})
	time.Sleep(late + rounds*round) // one that crawls has answered this call
	o.mustLog("does not answer", 1)
}

// returns has Redis be there again, and be found.
func (o *outage) returns() {
	o.t.Helper()
	o.line.state.Store(up)
	time.Sleep(pause)
	take(o.t, o.f, time.Now(), Count{Key: "somebody else", Limit: client}) // has it looked at
	o.mustLog("answers again", 1)
}

// mustLog fails the test unless so many lines were logged that contain text, and
// forgets them.
func (o *outage) mustLog(text string, want int) {
	o.t.Helper()
	synctest.Wait()
	if got := strings.Count(o.log.String(), text); got != want || strings.Count(o.log.String(), "\n") != want {
		o.t.Errorf("%d lines with %q, want %d and no other:\n%s", got, text, want, o.log)
	}
	if strings.Contains(o.log.String(), "ada") {
		o.t.Errorf("the log tells a name:\n%s", o.log)
	}
	o.log.Reset()
}

var ten = map[string]Limit{"window": {N: 10, Window: time.Hour}, "pace": {N: 10, Every: time.Hour}}

// A limit holds exactly over two replicas, though one of them is without Redis for a
// while: it goes on from what it let through, and brings Redis what it let through alone.
func TestSidesGoOn_C4_R2(t *testing.T) {
	for kind, limit := range ten {
		for how, state := range map[string]int32{"refuses": refuses, "hangs": hangs, "crawls": crawls, "takes no writes": noWrites} {
			t.Run(kind+", "+how, func(t *testing.T) {
				fallbacks(t, func(o *outage) {
					c, full := Count{Key: "ada", Limit: limit}, Count{Key: "ada's neighbour", Limit: limit}
					o.let(o.f, 2, c)
					o.let(o.other, 1, c)
					o.let(o.f, 7, full)
					o.fails(state)
					o.let(o.f, 3, c)
					o.let(o.other, 1, c)
					o.expect("beyond what it let through itself", o.f, full, 3)
					o.returns()
					o.expect("of 10 less 2, 1, 3 and 1, at the other", o.other, c, 3)
					o.expect("and then here", o.f, c, 0)
					o.expect("full since the outage, at the other", o.other, full, 0)
					time.Sleep(limit.Span())
					o.expect("an hour later, or ten", o.f, c, 10)
				})
			})
		}
	}
}

// Redis restarts. With its data all goes on; without, each replica still knows what
// itself let through. It makes no difference whether anybody noticed.
func TestRestart_C4_R2(t *testing.T) {
	for kind, limit := range ten {
		for what, noticed := range map[string]bool{"noticed": true, "unnoticed": false} {
			t.Run(kind+", "+what, func(t *testing.T) {
				fallbacks(t, func(o *outage) {
					c := Count{Key: "ada", Limit: limit}
					restart := func(data *Memory) {
						if noticed {
							o.fails(refuses)
						}
						o.line.mu.Lock()
						o.line.memory = data
						o.line.mu.Unlock()
						if noticed {
							o.returns()
						}
					}
					o.let(o.f, 4, c)
					restart(o.shared)
					o.let(o.f, 3, c)
					restart(NewMemory())
					o.expect("of 10 less 4 and 3", o.f, c, 3)
				})
			})
		}
	}
}

// A few slow answers are no absence: who waits for them gets them, and the limit is that
// of Redis.
func TestSlowAnswers_C4_R2(t *testing.T) {
	for kind, limit := range ten {
		t.Run(kind, func(t *testing.T) {
			fallbacks(t, func(o *outage) {
				c := Count{Key: "ada", Limit: limit}
				var let atomic.Int32
				var tries sync.WaitGroup
				o.line.slow.Store(15)
				for i := range 40 {
					tries.Go(func() {
						if take(t, []*Fallback{o.f, o.other}[i%2], time.Now(), c)[0] == 0 {
							let.Add(1)
						}
					})
				}
				tries.Wait()
				if n := let.Load(); n != 10 {
					t.Errorf("%d of 40 at once were let through, want 10", n)
				}
				o.mustLog("redis", 0)
			})
		})
	}
}

// While Redis hangs those who come first wait for it, no longer than it takes to be sure,
// and then nobody does.
func TestHangingRedis_R2(t *testing.T) {
	fallbacks(t, func(o *outage) {
		o.line.state.Store(hangs)
		c := Count{Key: "k", Limit: pair}
		began := time.Now()
		var first sync.WaitGroup
		for range 20 {
			first.Go(func() { take(t, o.f, start, c) })
		}
		first.Wait()
		if took := time.Since(began); took > late+rounds*round {
			t.Errorf("the first waited for %v, want %v at most", took, late+rounds*round)
		}
		o.mustLog("does not answer", 1)
		began = time.Now()
		for range 20 {
			_, by, _ := o.f.Take(ctx, start, c)
			_ = by.GiveBack(ctx, start, Count{Key: "another", Limit: pair})
			time.Sleep(pause / 4) // it is looked at meanwhile
		}
		if took := time.Since(began); took != 20*pause/4 {
			t.Errorf("the others waited for %v", took-20*pause/4)
		}
		o.expect("more than the limit", o.f, Count{Key: "k", Limit: pair}, 0)
	})
}

// An answer that comes after Redis was left counts on one side only.
func TestAnswerAfterItWasLeft_C4_R2(t *testing.T) {
	for kind, limit := range ten {
		t.Run(kind, func(t *testing.T) {
			fallbacks(t, func(o *outage) {
				c := Count{Key: "ada", Limit: limit}
				o.line.slow.Store(3)
				var tries sync.WaitGroup
				for range 2 {
					tries.Go(func() { take(t, o.f, time.Now(), c) })
				}
				time.Sleep(aLongWhile / 2) // Redis has counted them, and has not answered
				o.f.leave(errLate)
				tries.Wait()
				o.mustLog("does not answer", 1)
				time.Sleep(aLongWhile)
				o.returns()
				o.expect("of 10 less 2, at the other", o.other, c, 8)
			})
		})
	}
}

// Answers that get lost count once at least, so that nobody gains by it.
func TestLostAnswers_C4_R2(t *testing.T) {
	for kind, limit := range ten {
		t.Run(kind, func(t *testing.T) {
			fallbacks(t, func(o *outage) {
				c := Count{Key: "ada", Limit: limit}
				o.line.state.Store(drops)
				o.let(o.f, 4, c)
				o.mustLog("does not answer", 1)
				o.returns()
				if n := o.let(o.other, 20, c); n > 6 {
					t.Errorf("%d let through after 4 whose answers got lost, want 6 at most", n)
				}
			})
		})
	}
}

// A try goes back on both sides, whichever of them works by then, so that right
// passwords never add up.
func TestGiveBackOnBothSides_C4_R2(t *testing.T) {
	for kind, limit := range ten {
		t.Run(kind, func(t *testing.T) {
			fallbacks(t, func(o *outage) {
				c := Count{Key: "ada", Limit: limit}
				giveBack := func() {
					if err := o.f.GiveBack(ctx, time.Now(), c); err != nil {
						t.Fatal(err)
					}
				}
				o.let(o.f, 4, c)
				giveBack()
				o.fails(refuses)
				giveBack() // of those that Redis counted
				o.let(o.f, 3, c)
				giveBack()
				o.let(o.f, 1, c)
				o.returns()
				giveBack() // of those that memory let through
				o.expect("of 10 less 4, less 4, and 4 given back", o.other, c, 6)
				o.expect("here", o.f, c, 0)
			})
		})
	}
}

// Somebody who leaves says nothing about Redis, and leaves nothing behind on either side.
func TestCallerLeaves_C4_R2(t *testing.T) {
	fallbacks(t, func(o *outage) {
		c := Count{Key: "ada", Limit: ten["window"]}
		o.line.slow.Store(1)
		leaving, leave := context.WithTimeout(ctx, 10*time.Millisecond)
		defer leave()
		if _, _, err := o.f.Take(leaving, time.Now(), c); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
		}
		before := o.line.calls.Load()
		if _, _, err := o.f.Take(leaving, time.Now(), c); err == nil || o.line.calls.Load() != before {
			t.Errorf("who has left asked Redis: %v", err)
		}
		time.Sleep(time.Second)
		o.mustLog("redis", 0)
		if o.f.memory.keys() != 0 || o.shared.keys() != 0 {
			t.Errorf("%d keys in memory, %d in Redis", o.f.memory.keys(), o.shared.keys())
		}
	})
}

// Beyond the limit no key is made in Redis, nor is any by a look.
func TestNoKeyBeyondTheLimit_R7(t *testing.T) {
	fallbacks(t, func(o *outage) {
		c := Count{Key: "ada", Limit: Limit{N: 1, Window: time.Hour}}
		take(t, o.f, time.Now(), c)
		synctest.Wait()
		o.line.memory = NewMemory() // as if it had expired there, by another clock
		take(t, o.f, time.Now(), c, Count{Key: "bob", Limit: pair, Look: true})
		synctest.Wait()
		if n := o.line.memory.keys(); n != 0 {
			t.Errorf("%d keys were made", n)
		}
	})
}

// While Redis is away one of the many that come at once has it looked at.
func TestOneLook_R2(t *testing.T) {
	fallbacks(t, func(o *outage) {
		o.fails(refuses)
		time.Sleep(pause)
		o.line.state.Store(hangs)
		o.line.calls.Store(0)
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() { take(t, o.f, time.Now(), Count{Key: "k", Limit: client}) })
		}
		wg.Wait()
		synctest.Wait()
		if n := o.line.calls.Load(); n != 1 {
			t.Errorf("%d calls to redis, want 1", n)
		}
		o.mustLog("redis", 0)
	})
}

// The log says how often Redis was left, and for how long.
func TestOutagesAreCounted_R2(t *testing.T) {
	fallbacks(t, func(o *outage) {
		for range 2 {
			o.fails(refuses)
			time.Sleep(9 * time.Second)
			o.returns()
		}
		o.line.state.Store(refuses)
		take(t, o.f, time.Now(), Count{Key: "k", Limit: client})
		if !strings.Contains(o.log.String(), `"level":"warn","error":"connection refused","times":3`) {
			t.Errorf("left the third time: %s", o.log)
		}
		time.Sleep(9 * time.Second)
		o.log.Reset()
		o.line.state.Store(up)
		take(t, o.f, time.Now(), Count{Key: "k", Limit: client})
		synctest.Wait()
		if !strings.Contains(o.log.String(), `"outage":9000,"times":3,"outages":30060`) {
			t.Errorf("back the third time: %s", o.log)
		}
	})
}
