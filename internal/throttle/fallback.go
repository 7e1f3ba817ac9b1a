package throttle

import (
	"context"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

const (
	// primaryTime is how long a call waits for Redis. A login makes three calls, and
	// together they must add less than 100 ms to it (R2: people log in without Redis).
	// This leaves a tenth for the scheduler.
	primaryTime = 30 * time.Millisecond

	// pause is for how long Redis is left alone after it failed.
	pause = time.Second
)

// Fallback counts in Primary, which is Redis, and in Memory while Primary fails. Set the
// three exported fields, and use one Fallback for all.
//
// There is a limit at every moment, also when Redis goes away or comes back. Each side
// keeps its counts while the other one works, so within one span of a limit at most N
// tries are let through on each side: by Redis for all replicas together, and by each
// replica's memory. It is more only if Redis comes back without its data. While Redis
// works nothing is counted in memory, and a try whose answer came too late counts on
// both sides. A try is given back to the side that counted it.
type Fallback struct {
	Primary Counters
	Memory  *Memory
	Log     zerolog.Logger

	mu      sync.Mutex
	down    bool
	since   time.Time // when it went down
	retryAt time.Time // when Primary is tried again
}

// Take counts like Primary, or like Memory if Primary does not answer in time.
// It fails only if ctx has ended.
func (f *Fallback) Take(ctx context.Context, now time.Time, counts ...Count) ([]time.Duration, Giver, error) {
	try, probe := f.enter(now)
	if !try {
		return f.Memory.Take(ctx, now, counts...)
	}
	limited, cancel := context.WithTimeout(ctx, primaryTime)
	defer cancel()
	waits, by, err := f.Primary.Take(limited, now, counts...)
	if err != nil && ctx.Err() != nil { // the caller left, which says nothing about Redis
		return nil, nil, ctx.Err()
	}
	f.leave(now, probe, err)
	if err != nil {
		return f.Memory.Take(ctx, now, counts...)
	}
	return waits, soon{by}, nil
}

// soon is a Giver that gives back within primaryTime or not at all; then the try counts
// until it expires.
type soon struct{ by Giver }

func (s soon) GiveBack(ctx context.Context, now time.Time, counts ...Count) error {
	limited, cancel := context.WithTimeout(ctx, primaryTime)
	defer cancel()
	return s.by.GiveBack(limited, now, counts...)
}

// enter reports whether a call may try Primary, and whether it is a probe. While Primary
// is down, one call each pause tries it: the probe.
func (f *Fallback) enter(now time.Time) (try, probe bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.down {
		return true, false
	}
	if left := f.retryAt.Sub(now); left > 0 && left <= pause { // more: the clock was set back
		return false, false
	}
	f.retryAt = now.Add(pause)
	return true, true
}

// leave notes how a call to Primary ended. Only a probe ends an outage: other calls that
// end well then were begun before it.
func (f *Fallback) leave(now time.Time, probe bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case err != nil && !f.down:
		f.down, f.since, f.retryAt = true, now, now.Add(pause)
		f.Log.Warn().Err(err).Msg("redis does not answer, tries are counted in this process")
	case err == nil && f.down && probe:
		f.down = false
		f.Log.Info().Dur("outage", now.Sub(f.since)).Msg("redis answers again, tries are counted there")
	}
}
