package redisstore_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/internal/redisstore"
	"latchkey/internal/throttle"
)

var (
	window = throttle.Limit{N: 3, Window: 10 * time.Minute}
	pace   = throttle.Limit{N: 10, Every: 30 * time.Second}
)

// step is a try at a time after start and the wait that is expected.
type step struct{ at, wait time.Duration }

func TestCounts_C4(t *testing.T) {
	const us = time.Microsecond
	burst := slices.Repeat([]step{{0, 0}}, pace.N)
	for name, test := range map[string]struct {
		limit throttle.Limit
		steps []step
	}{
		"window": {window, []step{
			{0, 0}, {us, 0}, {2 * time.Minute, 0},
			{3 * time.Minute, 7 * time.Minute}, // until the first leaves
			{10*time.Minute - us, us},
			{10 * time.Minute, 0},  // it has, to the microsecond
			{10 * time.Minute, us}, // the next leaves then
			{10*time.Minute + us, 0},
			{11 * time.Minute, time.Minute},
			{12 * time.Minute, 0}, // refused tries were not counted
			{12 * time.Minute, 8 * time.Minute},
			{time.Hour, 0},
		}},
		"window, requests that race": {window, []step{
			{2 * us, 0}, {us, 0}, {0, 0}, {us, 10*time.Minute - us},
			{10 * time.Minute, 0}, {10 * time.Minute, us},
		}},
		"pace": {pace, append(slices.Clone(burst),
			step{0, 30 * time.Second},
			step{10 * time.Second, 20 * time.Second},
			step{30*time.Second - us, us},
			step{30 * time.Second, 0},
			step{30 * time.Second, 30 * time.Second},
			step{95 * time.Second, 0}, step{95 * time.Second, 0}, // two of the last 65 s
			step{95 * time.Second, 25 * time.Second},
		)},
		"pace, full again": {pace, slices.Concat(burst, shift(burst, 5*time.Minute), []step{{5 * time.Minute, 30 * time.Second}})},
		"one at a time":    {throttle.Limit{N: 1, Every: time.Second}, []step{{0, 0}, {0, time.Second}, {time.Second, 0}}},
	} {
		t.Run(name, func(t *testing.T) {
			eachCounter(t, func(t *testing.T, a, _ counter) {
				for i, s := range test.steps {
					if wait := take(t, a, start.Add(s.at), throttle.Count{Key: "k", Limit: test.limit}); wait != s.wait {
						t.Fatalf("try %d at %v: wait %v, want %v", i+1, s.at, wait, s.wait)
					}
				}
			})
		})
	}
}

func shift(steps []step, by time.Duration) []step {
	steps = slices.Clone(steps)
	for i := range steps {
		steps[i].at += by
	}
	return steps
}

// Random calls, on memory and on every Redis, against the limits in plain words.
func TestCountsLikeTheModel_C4(t *testing.T) {
	eachCounter(t, func(t *testing.T, a, b counter) {
		seed := rand.Uint64()
		rnd := rand.New(rand.NewPCG(seed, 0))
		limit := throttle.Limit{N: 5, Window: 10 * time.Minute}
		paced := throttle.Limit{N: 4, Every: time.Minute}
		now := start
		var log []time.Time // the tries in the window
		ahead := start      // the time up to which the pace is filled
		for i := range 300 {
			now = now.Add(time.Duration(rnd.Int64N(int64(3*time.Minute) / 1000 * 1000)).Truncate(time.Microsecond))
			c := []counter{a, b}[i%2]
			counts := []throttle.Count{{Key: "k", Limit: limit}, {Key: "k", Limit: paced}}
			if ahead.Before(now) {
				ahead = now
			}
			if rnd.IntN(5) == 0 {
				giveBack(t, c, now, counts...)
				if len(log) > 0 {
					log = log[:len(log)-1]
				}
				ahead = ahead.Add(-paced.Every)
				continue
			}
			log = slices.DeleteFunc(log, func(at time.Time) bool { return !at.After(now.Add(-limit.Window)) })
			want := make([]time.Duration, 2)
			if len(log) < limit.N {
				log = append(log, now)
			} else {
				want[0] = log[0].Add(limit.Window).Sub(now)
			}
			if free := ahead.Add(-3 * paced.Every); !free.After(now) {
				ahead = ahead.Add(paced.Every)
			} else {
				want[1] = free.Sub(now)
			}
			got, _, err := c.Take(t.Context(), now, counts...)
			if err != nil || !slices.Equal(got, want) {
				t.Fatalf("seed %d, call %d: waits %v, %v; want %v", seed, i, got, err, want)
			}
		}
	})
}

func TestGiveBack_C4(t *testing.T) {
	eachCounter(t, func(t *testing.T, a, b counter) {
		for _, limit := range []throttle.Limit{window, pace} {
			c := throttle.Count{Key: fmt.Sprint("k", limit.N), Limit: limit}
			giveBack(t, a, start, c) // of nothing: not one more later
			for round := range 3 {   // the first fills it, then each give-back makes room for one
				want := limit.N
				if round > 0 {
					giveBack(t, b, start, c)
					want = 1
				}
				got := 0
				for take(t, a, start, c) == 0 {
					got++
				}
				if got != want {
					t.Errorf("%+v, round %d: %d let through, want %d", limit, round, got, want)
				}
			}
			for range 2 * limit.N {
				giveBack(t, a, start, c)
			}
			for range limit.N {
				if wait := take(t, a, start, c); wait != 0 {
					t.Errorf("%+v: given back all and more, wait %v", limit, wait)
				}
			}
			if take(t, a, start, c) == 0 {
				t.Errorf("%+v: more than the limit after give-backs of nothing", limit)
			}
		}
	})
}

// The latest try is undone, not the oldest.
func TestGiveBackTheLatest_C4(t *testing.T) {
	eachCounter(t, func(t *testing.T, a, _ counter) {
		c := throttle.Count{Key: "k", Limit: throttle.Limit{N: 2, Window: 10 * time.Minute}}
		take(t, a, start, c)
		take(t, a, start.Add(5*time.Minute), c)
		giveBack(t, a, start.Add(5*time.Minute), c)
		take(t, a, start.Add(6*time.Minute), c)
		if wait := take(t, a, start.Add(7*time.Minute), c); wait != 3*time.Minute {
			t.Errorf("wait %v, want the 3 min that the first has left", wait)
		}
	})
}

func TestCountsAreIndependent_C4(t *testing.T) {
	eachCounter(t, func(t *testing.T, a, b counter) {
		counts := []throttle.Count{
			{Key: "ada at 192.0.2.1", Limit: pace},
			{Key: "192.0.2.1", Limit: throttle.Limit{N: 1, Window: time.Hour}},
			{Key: "ada", Limit: throttle.Limit{N: 2, Window: time.Hour}},
			{Key: "ada", Limit: throttle.Limit{N: 2, Every: time.Hour}}, // the same key under the other kind
		}
		want := [][]time.Duration{
			{0, 0, 0, 0},
			{0, time.Hour, 0, 0},
			{0, time.Hour, time.Hour, time.Hour},
		}
		for i, w := range want {
			got, _, err := []counter{a, b}[i%2].Take(t.Context(), start, counts...)
			if err != nil || !slices.Equal(got, w) {
				t.Errorf("call %d: waits %v, %v; want %v", i+1, got, err, w)
			}
		}
		twice, _, err := a.Take(t.Context(), start, throttle.Count{Key: "b", Limit: counts[1].Limit}, throttle.Count{Key: "b", Limit: counts[1].Limit})
		if err != nil || twice[0] != 0 || twice[1] != time.Hour {
			t.Errorf("one key twice: waits %v, %v; want 0 and 1 h", twice, err)
		}
		if waits, _, err := a.Take(t.Context(), start); len(waits) != 0 || err != nil {
			t.Errorf("nothing to count: %v, %v", waits, err)
		}
		giveBack(t, a, start)
	})
}

// 64 at once, half of them at each of two replicas.
func TestRace_C4(t *testing.T) {
	eachCounter(t, func(t *testing.T, a, b counter) {
		for _, c := range []counter{a, b} { // a first connection alone: Sentinel is asked under a lock until one is there
			take(t, c, start, throttle.Count{Key: "connects", Limit: pace})
		}
		for _, limit := range []throttle.Limit{{N: 7, Window: time.Hour}, pace} {
			var let atomic.Int32
			var wg sync.WaitGroup
			for i := range 64 {
				wg.Go(func() {
					c := []counter{a, b}[i%2]
					waits, _, err := c.Take(t.Context(), start, throttle.Count{Key: "k", Limit: limit})
					if err != nil {
						t.Error(err)
					} else if waits[0] == 0 {
						let.Add(1)
					}
				})
			}
			wg.Wait()
			if n := int(let.Load()); n != limit.N {
				t.Errorf("%+v: %d let through, want %d", limit, n, limit.N)
			}
		}
	})
}

// A look says what a try would, and counts nothing.
func TestLook_C4(t *testing.T) {
	eachCounter(t, func(t *testing.T, a, _ counter) {
		for _, limit := range []throttle.Limit{window, pace} {
			look, try := throttle.Count{Key: "k", Limit: limit, Look: true}, throttle.Count{Key: "k", Limit: limit}
			for range limit.N {
				for range 3 {
					if wait := take(t, a, start, look); wait != 0 {
						t.Fatalf("%+v: a look says %v within the limit", limit, wait)
					}
				}
				take(t, a, start, try)
			}
			if got, want := take(t, a, start, look), take(t, a, start, try); got != want || want == 0 {
				t.Errorf("%+v: a look says %v, a try %v", limit, got, want)
			}
		}
	})
}

// What was counted elsewhere is brought: it counts by its times beside what is there, up
// to the limit, and so does what was given back.
func TestBring_C4_R2(t *testing.T) {
	eachRedis(t, func(t *testing.T, a, b *redisstore.Store) {
		bring := func(now time.Time, debts ...throttle.Debt) {
			t.Helper()
			if err := b.Bring(t.Context(), now, debts); err != nil {
				t.Fatal(err)
			}
		}
		let := func(now time.Time, c throttle.Count) (n int) {
			for take(t, a, now, c) == 0 {
				n++
			}
			return n
		}
		bring(start)
		for _, limit := range []throttle.Limit{{N: 10, Window: time.Hour}, {N: 10, Every: time.Hour}} {
			c, fresh, flood := throttle.Count{Key: "ada", Limit: limit}, throttle.Count{Key: "bob", Limit: limit}, throttle.Count{Key: "eve", Limit: limit}
			for range 4 {
				take(t, a, start, c)
				take(t, a, start, flood)
			}
			at := func(n int) []time.Time { return slices.Repeat([]time.Time{start.Add(time.Minute)}, n) }
			now := start.Add(2 * time.Minute)
			bring(now, throttle.Debt{Count: c, Back: 1, At: at(3)}, throttle.Debt{Count: fresh, At: at(2)}, throttle.Debt{Count: flood, At: at(10)})
			for of, want := range map[throttle.Count]int{c: 4, fresh: 8, flood: 0} {
				if got := let(now, of); got != want {
					t.Errorf("%+v: %d let through after debts were brought, want %d", of, got, want)
				}
			}
			if wait := take(t, a, now, flood); wait > time.Hour {
				t.Errorf("%+v: wait %v, longer than the limit has anybody wait", flood, wait)
			}
			bring(now, throttle.Debt{Count: fresh, Back: 10})
			if got := let(now, fresh); got != 10 {
				t.Errorf("%+v: all given back, then %d let through, want 10", limit, got)
			}
		}
	})
}
