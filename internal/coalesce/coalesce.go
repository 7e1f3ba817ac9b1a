// Package coalesce answers the look-ups of many callers by few queries.
//
// If few queries are under way, a look-up becomes a query at once. Otherwise it waits,
// and the next query asks for all that wait by then. There is no timer and no cache:
// each query begins after the look-ups that it answers, so every caller sees what was
// committed before the call.
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
	flights int // queries at once

	mu      sync.Mutex
	flying  int
	waiting []*call[K, V] // oldest first
}

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
	return &Group[K, V]{query: query, retry: retry, flights: flights}
}

// Find returns the value of key, and whether there is one. It waits no longer than ctx,
// whose error it then returns, and never longer than 2.5 s: ErrTimeout.
func (g *Group[K, V]) Find(ctx context.Context, key K) (value V, found bool, err error) {
	c := &call[K, V]{ctx: ctx, key: key, done: make(chan struct{})}
	g.mu.Lock()
	g.waiting = append(g.waiting, c)
	first := g.flying < g.flights
	if first {
		g.flying++
	}
	g.mu.Unlock()
	if first {
		go g.fly()
	}
	timer := time.NewTimer(maxWait)
	defer timer.Stop()
	select {
	case <-c.done:
		return c.value, c.found, c.err
	case <-ctx.Done():
		return value, false, ctx.Err()
	case <-timer.C:
		return value, false, ErrTimeout
	}
}

// fly runs queries until nobody waits.
func (g *Group[K, V]) fly() {
	for {
		runtime.Gosched() // those who are about to call come along
		calls := g.board()
		if calls == nil {
			return
		}
		g.answer(calls)
	}
}

// board takes the look-ups of the next query. If there are none, this flight is over.
func (g *Group[K, V]) board() []*call[K, V] {
	g.mu.Lock()
	defer g.mu.Unlock()
	var calls []*call[K, V]
	for len(g.waiting) > 0 && len(calls) < MaxBatch {
		c := g.waiting[0]
		g.waiting[0] = nil
		g.waiting = g.waiting[1:]
		if c.ctx.Err() == nil {
			calls = append(calls, c)
		}
	}
	if calls == nil {
		g.flying--
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
