package coalesce_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"latchkey/internal/coalesce"
)

// database answers queries when the test says so.
type database struct{ asked chan question }

type question struct {
	keys  []int
	reply chan error
}

func newDatabase() *database { return &database{make(chan question)} }

func (d *database) query(keys []int) (map[int]int, error) {
	q := question{slices.Sorted(slices.Values(keys)), make(chan error)}
	d.asked <- q
	if err := <-q.reply; err != nil {
		return nil, err
	}
	found := map[int]int{}
	for _, k := range keys {
		if k >= 0 {
			found[k] = 10 * k
		}
	}
	return found, nil
}

// answer lets a query end, and returns what it was for.
func (d *database) answer(err error) []int {
	q := <-d.asked
	q.reply <- err
	return q.keys
}

var errAway = errors.New("away")

func newGroup(d *database, flights int) *coalesce.Group[int, int] {
	return coalesce.New(flights, d.query, func(err error) bool { return errors.Is(err, errAway) })
}

// result is what a look-up came to.
type result struct {
	value int
	found bool
	err   error
}

// find begins a look-up.
func find(ctx context.Context, g *coalesce.Group[int, int], key int) <-chan result {
	c := make(chan result, 1)
	go func() {
		v, ok, err := g.Find(ctx, key)
		c <- result{v, ok, err}
	}()
	synctest.Wait()
	return c
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func equalKeys(t *testing.T, got []int, want ...int) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("a query for %v, want %v", got, want)
	}
}

// The first goes at once; those who come meanwhile share the next query, in which each
// key stands once.
func TestShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		g := newGroup(d, 2)
		one := find(t.Context(), g, 1)
		var waiting []<-chan result
		for _, key := range []int{3, 4, 3, -5} {
			waiting = append(waiting, find(t.Context(), g, key))
		}
		equalKeys(t, d.answer(nil), 1)
		equal(t, "the first", <-one, result{10, true, nil})
		equalKeys(t, d.answer(nil), -5, 3, 4)
		for i, want := range []result{{30, true, nil}, {40, true, nil}, {30, true, nil}, {}} {
			equal(t, "one that waited", <-waiting[i], want)
		}
		again := find(t.Context(), g, 3) // nothing is kept
		equalKeys(t, d.answer(nil), 3)
		equal(t, "the same key later", <-again, result{30, true, nil})
	})
}

// When a query takes 5 ms those who wait fly with another, and no more fly at once than
// may. Once the database answers at once again, one flight is enough.
func TestLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		g := newGroup(d, 2)
		one, two := find(t.Context(), g, 1), find(t.Context(), g, 2)
		first := <-d.asked
		began := time.Now()
		second := <-d.asked
		equal(t, "patience", time.Since(began), 5*time.Millisecond)
		equalKeys(t, second.keys, 2)
		<-time.After(time.Second)
		three := find(t.Context(), g, 3)
		select {
		case <-d.asked:
			t.Error("a third query at once")
		default:
		}
		first.reply <- nil
		equal(t, "who waited long", <-one, result{10, true, nil})
		equalKeys(t, d.answer(nil), 3)
		equal(t, "behind it", <-three, result{30, true, nil})
		second.reply <- nil
		equal(t, "the other", <-two, result{20, true, nil})

		four, five := find(t.Context(), g, 4), find(t.Context(), g, 5)
		equalKeys(t, d.answer(nil), 4)
		equalKeys(t, d.answer(nil), 5)
		equal(t, "in turn", <-four, result{40, true, nil})
		equal(t, "in turn", <-five, result{50, true, nil})
	})
}

// A flight that comes back while another's query has just begun leaves to it who waits.
func TestOneIsEnough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		g := newGroup(d, 2)
		find(t.Context(), g, 1)
		find(t.Context(), g, 2)
		first, second := <-d.asked, <-d.asked // the second after 5 ms
		find(t.Context(), g, 3)
		first.reply <- nil
		synctest.Wait()
		select {
		case q := <-d.asked:
			t.Errorf("a query for %v beside one that has just begun", q.keys)
		default:
		}
		second.reply <- nil
		equalKeys(t, d.answer(nil), 3)
	})
}

// One query asks for no more than MaxBatch keys.
func TestMaxBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		g := newGroup(d, 1)
		find(t.Context(), g, 0)
		for i := range coalesce.MaxBatch + 1 {
			find(t.Context(), g, 1+i)
		}
		d.answer(nil)
		equal(t, "keys", len(d.answer(nil)), coalesce.MaxBatch)
		equalKeys(t, d.answer(nil), coalesce.MaxBatch+1)
	})
}

// Who leaves gets the error of the context, is not asked for, and keeps nobody from an
// answer.
func TestLeaving(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		g := newGroup(d, 1)
		ctx, leave := context.WithCancel(t.Context())
		flying := find(ctx, g, 1)
		waiting, stays := find(ctx, g, 2), find(t.Context(), g, 3)
		leave()
		equal(t, "in the air", <-flying, result{0, false, context.Canceled})
		equal(t, "waiting", <-waiting, result{0, false, context.Canceled})
		equalKeys(t, d.answer(nil), 1)
		equalKeys(t, d.answer(nil), 3)
		equal(t, "who stays", <-stays, result{30, true, nil})
	})
}

// A query that fails soon is run once more, with the same keys; what fails twice, late or
// for another reason fails all who wait for it.
func TestRetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		g := newGroup(d, 1)
		c := find(t.Context(), g, 1)
		equalKeys(t, d.answer(errAway), 1)
		equalKeys(t, d.answer(nil), 1)
		equal(t, "the second time", <-c, result{10, true, nil})

		c = find(t.Context(), g, 1)
		d.answer(errAway)
		d.answer(errAway)
		equal(t, "away twice", <-c, result{0, false, errAway})

		c = find(t.Context(), g, 1)
		other := errors.New("a mistake")
		d.answer(other)
		equal(t, "a mistake", <-c, result{0, false, other})

		c = find(t.Context(), g, 1)
		late := <-d.asked
		<-time.After(2 * time.Second)
		late.reply <- errAway
		equal(t, "away after 2 s", <-c, result{0, false, errAway})
	})
}

// While a query hangs the other flight goes on; who hangs with it has ErrTimeout in the end.
func TestHanging_R1(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase()
		g := newGroup(d, 2)
		began := time.Now()
		hangs := find(t.Context(), g, 1)
		hanging := <-d.asked
		for range 3 {
			c := find(t.Context(), g, 2)
			equalKeys(t, d.answer(nil), 2)
			equal(t, "beside it", <-c, result{20, true, nil})
		}
		equal(t, "who hangs", <-hangs, result{0, false, coalesce.ErrTimeout})
		if took := time.Since(began); took != 2500*time.Millisecond {
			t.Errorf("it hung for %v, want 2.5 s", took)
		}
		hanging.reply <- nil
	})
}

// A panic in a query fails those who wait for it, and nobody else.
func TestPanic(t *testing.T) {
	g := coalesce.New(1, func(keys []int) (map[int]int, error) {
		if keys[0] == 0 {
			panic("a mistake")
		}
		return map[int]int{keys[0]: 1}, nil
	}, func(error) bool { return false })
	if _, _, err := g.Find(t.Context(), 0); err == nil {
		t.Error("a panic is no error")
	}
	if v, _, err := g.Find(t.Context(), 7); err != nil || v != 1 {
		t.Errorf("behind it: %d, %v", v, err)
	}
}

// Whoever asks sees at least what was so when they asked.
func TestNeverOlder_E5(t *testing.T) {
	var version atomic.Int64
	g := coalesce.New(2, func(keys []int) (map[int]int64, error) {
		now := version.Load()
		<-time.After(50 * time.Microsecond) // a query takes a while
		found := map[int]int64{}
		for _, k := range keys {
			found[k] = now
		}
		return found, nil
	}, func(error) bool { return false })
	var callers sync.WaitGroup
	for i := range 32 {
		callers.Go(func() {
			for range 200 {
				since := version.Add(1)
				got, found, err := g.Find(t.Context(), i%8)
				if err != nil || !found || got < since {
					t.Errorf("got version %d, %v, %v; it was %d before the call", got, found, err, since)
				}
			}
		})
	}
	callers.Wait()
}

func Example() {
	names := map[int]string{7: "ada"} // or a table
	group := coalesce.New(2, func(keys []int) (map[int]string, error) {
		found := map[int]string{}
		for _, k := range keys {
			if name, ok := names[k]; ok {
				found[k] = name
			}
		}
		return found, nil
	}, func(error) bool { return false })
	name, found, err := group.Find(context.Background(), 7)
	fmt.Println(name, found, err)
	// Output: ada true <nil>
}
