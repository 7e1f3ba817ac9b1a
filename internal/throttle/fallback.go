package throttle

import (
	"context"
	"errors"
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

// errLate is why Redis is left that answers too late, or not at all.
var errLate = errors.New("its answers are late")

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

// A call asks Redis.
type call func(ctx context.Context) error

// look returns a call that asks the servers that know the counts, and changes nothing.
func (f *Fallback) look(now time.Time, counts []Count) call {
	looks := slices.Clone(counts)
	for i := range looks {
		looks[i].Look = true
	}
	return func(ctx context.Context) error {
		_, _, err := f.shared.Take(ctx, now, looks...)
		return err
	}
}

// ask waits until a call has ended, or Redis is left, or ctx has ended. In the last two
// cases the call goes on, and its end is told to later. Redis is left at once if it
// answers with an error. If the answer is late, look is to find out whether all are.
func (f *Fallback) ask(ctx context.Context, left <-chan struct{}, look, do call, later func(context.Context, error)) error {
	answer, gone := make(chan error), make(chan struct{})
	go func() {
		whole := context.WithoutCancel(ctx) // what is broken off may have been counted, and nobody would know
		limited, cancel := context.WithTimeout(whole, patience)
		defer cancel()
		err := do(limited)
		select {
		case answer <- err:
		case <-gone:
			later(whole, err)
		}
	}()
	overdue := time.NewTimer(late)
	defer overdue.Stop()
	for {
		select {
		case err := <-answer:
			if err != nil && !isLate(err) {
				f.leave(err)
			}
			return err
		case <-overdue.C:
			f.doubt(look)
		case <-left:
			close(gone)
			return errLate
		case <-ctx.Done():
			close(gone)
			return ctx.Err()
		}
	}
}

// isLate reports whether err says no more than that no answer came in time.
func isLate(err error) bool {
	t, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	return errors.Is(err, errLate) || ok && t.Timeout()
}

// doubt leaves Redis if several looks in a row are late. One at a time finds that out.
func (f *Fallback) doubt(look call) {
	if !f.doubting.CompareAndSwap(false, true) {
		return
	}
	go func() {
		defer f.doubting.Store(false)
		for range rounds {
			end := time.After(round)
			if !isSlow(look) {
				return
			}
			<-end
		}
		f.leave(errLate)
	}()
}

// isSlow reports whether a look is late, or fails. This process has to wake up for each
// step of it, so how late it did for anything is granted for each.
func isSlow(look call) bool {
	const tick, steps = 5 * time.Millisecond, 4
	answer := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		answer <- look(ctx)
	}()
	began, overslept := time.Now(), time.Duration(0)
	for time.Since(began) <= min(late+steps*overslept, patience) {
		asleep := time.Now()
		select {
		case err := <-answer:
			return err != nil
		case <-time.After(tick):
			overslept = max(overslept, time.Since(asleep)-tick)
		}
	}
	return true
}

// leave has memory count alone from now on.
func (f *Fallback) leave(why error) {
	f.side.Lock()
	defer f.side.Unlock()
	if f.away {
		return
	}
	f.away, f.since, f.lookAt = true, time.Now(), time.Now().Add(pause)
	f.times++
	close(f.left)
	f.log.Warn().Err(why).Int("times", f.times).Msg("redis does not answer, tries are counted in this process")
}

// lookAgain finds out, once each pause, whether Redis is back. Its caller holds side.
func (f *Fallback) lookAgain(now time.Time, about []Count) {
	if time.Now().Before(f.lookAt) || !f.looking.CompareAndSwap(false, true) {
		return
	}
	look := f.look(now, about)
	go func() {
		defer f.looking.Store(false)
		slow := isSlow(look)
		f.side.Lock()
		defer f.side.Unlock()
		f.lookAt = time.Now().Add(pause)
		if !slow {
			f.comeBack(now)
		}
	}()
}

// comeBack brings Redis what it lacks, and has it asked from now on. Its caller holds
// side, so that nobody counts meanwhile.
func (f *Fallback) comeBack(now time.Time) {
	ctx, cancel := context.WithTimeout(context.Background(), bringTime)
	defer cancel()
	if err := f.owed.settle(func(debts []Debt) error { return f.shared.Bring(ctx, now, debts) }); err != nil {
		return // it is looked at again
	}
	outage := time.Since(f.since)
	f.away, f.left, f.gone = false, make(chan struct{}), f.gone+outage
	f.log.Info().Dur("outage", outage).Int("times", f.times).Dur("outages", f.gone).Msg("redis answers again, tries are counted there")
}
