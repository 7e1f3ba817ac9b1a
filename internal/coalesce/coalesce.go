// Package coalesce answers the look-ups of many callers by few queries.
//
// If no query is under way, a look-up becomes one at once. Otherwise it waits, and the
// next query asks for all that wait by then. That begins when the one under way has its
// answer, or when it takes long: so one connection that hangs holds nobody up, and a
// database that is far away is asked by several at once. There is no cache: each query
// begins after the look-ups that it answers, so every caller sees what was committed
// before the call.
package coalesce

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"
)

// MaxBatch is how many keys one query asks for at most.
const MaxBatch = 64

// patience is how long those who wait leave it to the query under way. A database on the
// same machine answers in a tenth of that.
const patience = 5 * time.Millisecond

// maxWait bounds a look-up, waiting and query together, when the database hangs.
const maxWait = 2500 * time.Millisecond

// retryWithin is how soon a query has to fail to be run once more. One that fails at
// once met a connection that was dead before; one that took long was given its time.
const retryWithin = time.Second

// ErrTimeout says that a look-up had no answer in time.
var ErrTimeout = errors.New("look-up timed out")

// Query finds the values of several different keys, MaxBatch at most. A key without
// a value is not in the map. It must end by itself, and only read: it may run twice.
type Query[K comparable, V any] func(keys []K) (map[K]V, error)

// Group makes queries of look-ups. Use New.
type Group[K comparable, V any] struct {
	query   Query[K, V]
	retry   func(error) bool
	flights int         // queries at once
	late    *time.Timer // runs out when the latest query has taken long
	timers  sync.Pool   // of *time.Timer that were stopped, for the next look-ups

	mu      sync.Mutex
	aloft   []*flight
	waiting []*call[K, V] // oldest first
}

// flight is one query after the other, until nobody waits.
type flight struct{ departed time.Time } // when its query began

// call is one look-up.
type call[K comparable, V any] struct {
	ctx   context.Context
	key   K
	value V
	found bool
	err   error
	done  chan struct{} // closed when the three above are set
}

// New returns a Group that has at most so many queries under way. Two keep going when
// one of them hangs; a database that is far away is used better by more. A query is run
// once more after an error for which retry is true.
func New[K comparable, V any](flights int, query Query[K, V], retry func(error) bool) *Group[K, V] {
	g := &Group[K, V]{query: query, retry: retry, flights: flights}
	g.late = time.AfterFunc(patience, func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.depart()
	})
	return g
}

// Find returns the value of key, and whether there is one. It waits no longer than ctx,
// whose error it then returns, and never longer than 2.5 s: ErrTimeout.
func (g *Group[K, V]) Find(ctx context.Context, key K) (value V, found bool, err error) {
	c := &call[K, V]{ctx: ctx, key: key, done: make(chan struct{})}
	g.mu.Lock()
	g.waiting = append(g.waiting, c)
	g.depart()
	g.mu.Unlock()
	timer := g.timer()
	defer g.stop(timer)
	select {
	case <-c.done:
		return c.value, c.found, c.err
	case <-ctx.Done():
		return value, false, ctx.Err()
	case <-timer.C:
		return value, false, ErrTimeout
	}
}

func (g *Group[K, V]) timer() *time.Timer {
	if t, ok := g.timers.Get().(*time.Timer); ok {
		t.Reset(maxWait)
		return t
	}
	return time.NewTimer(maxWait)
}

// stop keeps a timer for another look-up.
func (g *Group[K, V]) stop(t *time.Timer) {
	t.Stop()
	select {
	case <-t.C: // which asynctimerchan=1 leaves behind
	default:
	}
	g.timers.Put(t)
}

// depart begins a flight for those who wait, unless another will soon come for them or
// there are as many as there may be. g.mu is held.
func (g *Group[K, V]) depart() {
	if len(g.waiting) == 0 || len(g.aloft) == g.flights || g.othersCome(nil) {
		return
	}
	f := &flight{time.Now()}
	g.aloft = append(g.aloft, f)
	go g.fly(f)
}

// othersCome reports whether those who wait may leave it to a flight other than f: one
// whose query has not taken long. g.mu is held.
func (g *Group[K, V]) othersCome(f *flight) bool {
	return slices.ContainsFunc(g.aloft, func(other *flight) bool { return other != f && time.Since(other.departed) < patience })
}

// fly runs queries until nobody waits.
func (g *Group[K, V]) fly(f *flight) {
	for {
		runtime.Gosched() // those who are about to call come along
		calls := g.board(f)
		if calls == nil {
			return
		}
		g.answer(calls)
	}
}

// board takes the look-ups of the next query. If there are none, or others come for them,
// this flight is over.
func (g *Group[K, V]) board(f *flight) []*call[K, V] {
	g.mu.Lock()
	defer g.mu.Unlock()
	var calls []*call[K, V]
	if !g.othersCome(f) {
		calls = g.next()
	}
	if calls == nil {
		g.aloft = slices.DeleteFunc(g.aloft, func(other *flight) bool { return other == f })
		return nil
	}
	f.departed = time.Now()
	g.late.Reset(patience)
	return calls
}

// next takes the oldest look-ups whose callers still wait, MaxBatch at most. g.mu is held.
func (g *Group[K, V]) next() (calls []*call[K, V]) {
	for len(g.waiting) > 0 && len(calls) < MaxBatch {
		c := g.waiting[0]
		g.waiting[0] = nil
		g.waiting = g.waiting[1:]
		if c.ctx.Err() == nil {
			calls = append(calls, c)
		}
	}
	if len(g.waiting) == 0 {
		g.waiting = nil
	}
	return calls
}

// answer runs one query for calls.
func (g *Group[K, V]) answer(calls []*call[K, V]) {
	keys := make([]K, 0, len(calls))
	for _, c := range calls {
		if !slices.Contains(keys, c.key) {
			keys = append(keys, c.key)
		}
	}
	began := time.Now()
	found, err := g.ask(keys)
	if err != nil && g.retry(err) && time.Since(began) < retryWithin {
		found, err = g.ask(keys)
	}
	for _, c := range calls {
		c.err = err
		if err == nil {
			c.value, c.found = found[c.key]
		}
		close(c.done)
	}
}

// ask runs the query. A panic in it, which is of no single caller, is an error to all.
func (g *Group[K, V]) ask(keys []K) (found map[K]V, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("look-up: panic: %v", p)
		}
	}()
	return g.query(keys)
}
