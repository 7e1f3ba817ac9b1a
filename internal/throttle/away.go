package throttle

import (
	"context"
	"errors"
	"slices"
	"time"
)

// errLate is why Redis is left that answers too late, or not at all.
var errLate = errors.New("its answers are late")

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
