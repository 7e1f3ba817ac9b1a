package throttle

import (
	"slices"
	"time"
)

// An entry is what was counted under one key. Times are in microseconds since 1970.
type entry struct {
	key   uint64
	until int64   // when the entry is as good as new, and can be dropped
	every int64   // Limit.Every of a pace; 0 for a window
	log   []int64 // the counted tries of a window, the oldest first; nil for a pace
}

// take counts a try at now and returns 0; or it counts nothing and returns how long to
// wait.
func (e *entry) take(now int64, l Limit) int64 {
	if l.Every > 0 {
		return e.pace(now, l.Every.Microseconds(), l.N)
	}
	return e.window(now, l.Window.Microseconds(), l.N)
}

// pace is take for a pace, by the generic cell rate algorithm (GCRA). Each try fills a step
// of time, and until is the end of what is filled. A try fits while that is at most n-1
// steps ahead of now.
func (e *entry) pace(now, every int64, n int) int64 {
	start := max(e.until, now)
	if wait := start - now - int64(n-1)*every; wait > 0 {
		return wait
	}
	e.until, e.every = start+every, every
	return 0
}

// window is take for a window. A try is counted if fewer than n lie behind now-window.
// Tries with a later time than now count as well: requests overtake each other.
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

// tries returns how many tries still count at now.
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
