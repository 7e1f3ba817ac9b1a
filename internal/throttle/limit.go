// Package throttle counts tries against limits. limit.go says what a limit is and what
// [Counters] promise. [Memory] counts in the process: memory.go divides the keys among
// shards, shard.go keeps a bounded number of them, entry.go counts one. [Fallback]
// counts in Redis, by a [Shared] that another package has, and in a Memory, on both sides
// always: away.go says when Redis is left and how it is come back to, journal.go keeps
// what it lacks meanwhile.
package throttle

import (
	"context"
	"time"
)

// A Limit says how many tries are let through. There are two kinds: with a Window, at most
// N tries in any span of that length; with Every, N tries at once, and then one more each
// time that Every has passed. Exactly one of the two is set, N is at least 1, and times
// count in whole microseconds.
type Limit struct {
	N      int
	Window time.Duration // a sliding window, exact to the microsecond
	Every  time.Duration // a pace, for which one time a key is kept (GCRA)
}

// Span returns how long a try can matter at most: a key that was unused for that long is
// as good as new. It panics on a Limit that limits nothing, which is a mistake in the
// program and must not pass as "unlimited".
func (l Limit) Span() time.Duration {
	switch {
	case l.N >= 1 && l.Window >= time.Microsecond && l.Every == 0:
		return l.Window
	case l.N >= 1 && l.Every >= time.Microsecond && l.Window == 0:
		return time.Duration(l.N) * l.Every
	}
	panic("throttle: a limit needs N and either Window or Every")
}

// A Count is one key to count a try on, with its limit. Key says who tries what, such as
// "client:192.0.2.1". One key always comes with one Limit.
type Count struct {
	Key   string
	Limit Limit
	Look  bool // only to know the wait: nothing is counted, and a key that is new is not made
}

// Counters count tries.
type Counters interface {
	// Take counts one try on each of counts that is within its limit; each is decided
	// for itself. waits[i] is 0 if counts[i] was counted. Otherwise nothing was counted
	// there, and waits[i] is how long it takes until a try would be. by can give back
	// what was counted.
	Take(ctx context.Context, now time.Time, counts ...Count) (waits []time.Duration, by Giver, err error)
}

// A Giver undoes tries that it counted.
type Giver interface {
	// GiveBack undoes the latest counted try of each of counts. One that holds none
	// stays as it is.
	GiveBack(ctx context.Context, now time.Time, counts ...Count) error
}
