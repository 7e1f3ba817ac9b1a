package throttle

import (
	"slices"
	"time"
)

// An entry is what is counted under one key. Times are in microseconds since
// 1970.
type entry struct {
	key   uint64
	until int64   // when it is as good as new
	every int64   // of a pace; 0 for a window
	log   []int64 // of a window: the counted tries, oldest first; nil for a pace
}

// take counts a try at now and returns 0, or returns how long to wait.
func (e *entry) take(now int64, l Limit) int64 {
	if l.Every > 0 {
		return e.pace(now, l.Every.Microseconds(), l.N)
	}
	return e.window(now, l.Window.Microseconds(), l.N)
}

// pace is GCRA. until is the "theoretical arrival time": what was taken fills
// the time up to it, and a try fits while that is at most n-1 steps ahead.
func (e *entry) pace(now, every int64, n int) int64 {
	start := max(e.until, now)
	if wait := start - now - int64(n-1)*every; wait > 0 {
		return wait
	}
	e.until, e.every = start+every, every
	return 0
}

// window counts if fewer than n tries lie in (now-window, now]. Tries that came
// before this one and carry a later time (requests race) count as well.
func (e *entry) window(now, window int64, n int) int64 {
	gone := 0
	for gone < len(e.log) && e.log[gone] <= now-window {
		gone++
	}
	e.log = slices.Delete(e.log, 0, gone)
	if len(e.log) >= n {
		return e.log[len(e.log)-n] + window - now
	}
	if len(e.log) == cap(e.log) { // never room for more than n
		e.log = append(make([]int64, 0, min(n, 2*cap(e.log)+1)), e.log...)
	}
	at := len(e.log)
	for at > 0 && e.log[at-1] > now {
		at--
	}
	e.log = slices.Insert(e.log, at, now)
	e.until = e.log[len(e.log)-1] + window
	return 0
}

// giveBack undoes the latest try.
func (e *entry) giveBack(window time.Duration) {
	if e.every > 0 {
		e.until -= e.every
		return
	}
	e.log = e.log[:len(e.log)-1]
	e.until = 0
	if len(e.log) > 0 {
		e.until = e.log[len(e.log)-1] + window.Microseconds()
	}
}

// tries is how many are in force at now.
func (e *entry) tries(now int64) int64 {
	if e.every > 0 {
		return (e.until - now + e.every - 1) / e.every
	}
	return int64(len(e.log))
}

// entryBytes is about what an entry costs without its log: itself, its place in
// the index, and what slice and map keep in reserve.
const entryBytes = 96

func (e *entry) bytes() int { return entryBytes + 8*cap(e.log) }
