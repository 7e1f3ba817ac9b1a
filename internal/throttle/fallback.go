package throttle

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
)

const (
	// late is when an answer of Redis is late. A login asks three times, and a Redis
	// that is there and slow is to add less than 100 ms to it (R2).
	late = 30 * time.Millisecond

	// rounds is how many looks in a row have to be late before Redis is left, and
	// round how long each of them takes at least: Redis may be silent for half a second.
	rounds = 5
	round  = 100 * time.Millisecond

	// patience bounds how long a call waits for a Redis that is not left.
	patience = 2 * time.Second

	// pause is how long it takes until a Redis that was left is looked at again.
	pause = time.Second

	// bringTime bounds how long all calls wait while it is told what it lacks.
	bringTime = time.Second
)

// Shared counts for all replicas together, which is what Redis does.
type Shared interface {
	Counters
	Giver

	// Bring counts what was let through without it, also beyond the limits. It fails
	// where nothing can be written, also if there are no debts.
	Bring(ctx context.Context, now time.Time, debts []Debt) error
}

// Fallback counts in Redis for all replicas together, and in the memory of this process
// while Redis is away. Make one with [NewFallback], and use it for all.
//
// Both sides count always. A try is let through if it is within its limit in memory,
// which has what this process let through, and in Redis, which has what all did. While
// Redis is there that is what Redis says: the limit holds exactly over all replicas.
// When it is left, memory goes on from what this process let through. What memory lets
// through alone is kept in a journal. When Redis is back, it is brought the journal
// before it is asked again, so that it goes on from there. So within one span of a limit
// each replica lets at most N tries through, whatever happens to Redis and its data.
//
// A slow answer is not an absent Redis. A call that gets none in time has Redis looked
// at, and waits on. Redis is left after several late looks in a row, or as soon as it
// refuses. What made a look late is not held against Redis if it is this process that
// got no time to run. Once it is left no call waits: one each pause has it looked at,
// and does not wait for that either.
type Fallback struct {
	shared Shared
	memory *Memory
	log    zerolog.Logger

	owed     journal
	doubting atomic.Bool // somebody finds out whether Redis is to be left
	looking  atomic.Bool // somebody finds out whether it is back

	side   sync.RWMutex // held while the side changes, and by who counts by the side they read
	away   bool
	left   chan struct{} // closed when Redis is left; a new one when it is back
	since  time.Time     // when it was left
	lookAt time.Time     // when it is to be looked at next
	times  int           // how often it was left
	gone   time.Duration // for how long, in all
}

// NewFallback returns a Fallback that counts in shared, which is thought to be there.
func NewFallback(shared Shared, log zerolog.Logger) *Fallback {
	return &Fallback{shared: shared, memory: NewMemory(), log: log, left: make(chan struct{})}
}

// Alone reports whether Redis is away, so that this process counts for itself.
func (f *Fallback) Alone() bool {
	f.side.RLock()
	defer f.side.RUnlock()
	return f.away
}

// Take counts in memory and, while it is there, in Redis. It fails only if ctx has
// ended; then nothing is counted.
func (f *Fallback) Take(ctx context.Context, now time.Time, counts ...Count) ([]time.Duration, Giver, error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	waits, left := f.takeHere(ctx, now, counts)
	if left == nil {
		return waits, f, nil
	}
	asked := slices.Clone(counts)
	for i := range asked {
		asked[i].Look = asked[i].Look || waits[i] > 0 // beyond the limit here: only to know how long
	}
	var there []time.Duration
	err := f.ask(ctx, left, f.look(now, asked), func(ctx context.Context) (err error) {
		there, _, err = f.shared.Take(ctx, now, asked...)
		return err
	}, func(ctx context.Context, err error) { // it counted what the caller left, or memory has counted by then
		if err == nil {
			_ = f.shared.GiveBack(ctx, now, pick(asked, there, counted)...)
		}
	})
	switch {
	case err == nil:
		_ = f.memory.GiveBack(ctx, now, pick(asked, there, refused)...)
		for i := range waits {
			waits[i] = max(waits[i], there[i])
		}
	case ctx.Err() != nil:
		_ = f.memory.GiveBack(ctx, now, pick(counts, waits, counted)...)
		return nil, nil, ctx.Err()
	default:
		f.owed.add(now, pick(counts, waits, counted))
	}
	return waits, f, nil
}

// takeHere counts in memory. If Redis is away that is all, and goes into the journal.
// Else left is what is closed when Redis is left.
func (f *Fallback) takeHere(ctx context.Context, now time.Time, counts []Count) (waits []time.Duration, left <-chan struct{}) {
	f.side.RLock()
	defer f.side.RUnlock()
	waits, _, _ = f.memory.Take(ctx, now, counts...)
	if !f.away {
		return waits, f.left
	}
	f.owed.add(now, pick(counts, waits, counted))
	f.lookAgain(now, counts)
	return waits, nil
}

// GiveBack undoes tries on both sides. While Redis is away that goes into the journal.
// The error is always nil.
func (f *Fallback) GiveBack(ctx context.Context, now time.Time, counts ...Count) error {
	ctx = context.WithoutCancel(ctx)
	left := f.giveBackHere(ctx, now, counts)
	if left == nil {
		return nil
	}
	later := func(_ context.Context, err error) {
		if err != nil && !isLate(err) { // one that is late may have been done
			f.owed.giveBack(now, counts)
		}
	}
	err := f.ask(ctx, left, f.look(now, counts), func(ctx context.Context) error { return f.shared.GiveBack(ctx, now, counts...) }, later)
	later(ctx, err)
	return nil
}

func (f *Fallback) giveBackHere(ctx context.Context, now time.Time, counts []Count) (left <-chan struct{}) {
	f.side.RLock()
	defer f.side.RUnlock()
	_ = f.memory.GiveBack(ctx, now, counts...)
	if !f.away {
		return f.left
	}
	f.owed.giveBack(now, counts)
	return nil
}

// What became of a count that was no look.
const (
	counted = true
	refused = false
)

// pick returns those of counts that were no looks, and were counted, or refused, by what
// their waits say.
func pick(counts []Count, waits []time.Duration, how bool) (which []Count) {
	for i, c := range counts {
		if !c.Look && (waits[i] == 0) == how {
			which = append(which, c)
		}
	}
	return which
}
