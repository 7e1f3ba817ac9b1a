// Package throttle counts tries against limits. Memory counts in the process;
// Fallback counts in Redis, through another package's code, and in Memory while
// Redis is away.
package throttle

import (
	"context"
	"time"
)

// A Limit says how many tries are let through. Exactly one of Window and Every
// is set, N is at least 1, and times count in whole microseconds.
type Limit struct {
	N      int           // tries at once
	Window time.Duration // at most N in any span of this length: a sliding window, exact to the microsecond
	Every  time.Duration // after N at once one more each Every, kept as one time a key (GCRA)
}

// Span is how long a try can matter at most: after it, an unused key is as good
// as new. It panics on a Limit that limits nothing, which is a mistake in the
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

// A Count is one thing to count a try on. Key says what is counted and for
// which purpose, and always comes with the same Limit.
type Count struct {
	Key   string
	Limit Limit
	Look  bool // only to know the wait: nothing is counted, and a key that is new is not made
}

// Counters count tries.
type Counters interface {
	// Take counts one try on each of counts that is within its limit, each
	// decided for itself. waits[i] is 0 if it was counted; otherwise nothing was
	// counted there, and one would be after waits[i]. by is who counted, and can
	// undo it.
	Take(ctx context.Context, now time.Time, counts ...Count) (waits []time.Duration, by Giver, err error)
}

// A Giver undoes tries that it counted.
type Giver interface {
	// GiveBack undoes one counted try of each: the latest. A count that holds
	// none stays empty.
	GiveBack(ctx context.Context, now time.Time, counts ...Count) error
}
