package outbox

import (
	"context"
	"slices"
	"time"

	"github.com/rs/zerolog"
)

const probeEvery = 30 * time.Second // while a destination cannot be reached

// destination is what this worker knows of one, by the last try.
type destination struct {
	busy    int       // jobs under way
	away    bool      // it was out of reach
	probing bool      // one of the jobs finds out whether it still is
	probeAt time.Time // when the next one may; zero unless it is away
}

// at returns what is known of a destination. The caller has the lock.
func (w *Worker) at(to string) *destination {
	d := w.destinations[to]
	if d == nil {
		d = &destination{}
		w.destinations[to] = d
	}
	return d
}

// order puts destinations that are away behind the others, that which was not
// probed for longest first: so each has its turn.
func (w *Worker) order(due []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	slices.SortStableFunc(due, func(a, b string) int { return w.at(a).probeAt.Compare(w.at(b).probeAt) })
}

// plan says which rows to a destination to claim now. While it is away that is
// one row every 30 s, to see whether it is back, and those with which something
// is to be done meanwhile. However many are away, half of the hands are for
// those that are not.
func (w *Worker) plan(to string, now time.Time) Claim {
	w.mu.Lock()
	defer w.mu.Unlock()
	d := w.at(to)
	c := Claim{To: to, Now: now, Until: now.Add(lease), Max: min(w.c.Hands-w.busy, w.c.HandsEach-d.busy), Away: d.away}
	due := !now.Before(d.probeAt) || d.probeAt.Sub(now) > probeEvery // more: the clock was set back
	if c.Max > 0 && d.away && due && !d.probing && w.probes < (w.c.Hands+1)/2 {
		d.probing, d.probeAt = true, now.Add(probeEvery)
		w.probes++
		c.Max, c.Away, c.probe = 1, false, true
	}
	return c
}

// began notes that n jobs of a claim are under way.
func (w *Worker) began(c *Claim, n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	d := w.at(c.To)
	w.busy += n
	d.busy += n
	if c.probe && n == 0 {
		w.probes--
		d.probing = false
	}
}

// ended notes that one of them is done.
func (w *Worker) ended(c *Claim) {
	w.mu.Lock()
	defer w.mu.Unlock()
	d := w.at(c.To)
	w.busy--
	d.busy--
	if c.probe {
		w.probes--
		d.probing = false
	}
}

// away reports whether a destination was out of reach at the last try.
func (w *Worker) away(to string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at(to).away
}

// note remembers what a try told of its destination, if anything. When it is
// back, everything that waits for another try is due.
func (w *Worker) note(ctx context.Context, to string, o *outcome) {
	if o.is > refused {
		return
	}
	now, away := w.now(), o.is == unreachable
	w.mu.Lock()
	d := w.at(to)
	was := d.away
	switch d.away = away; {
	case !away:
		d.probeAt = time.Time{}
	case !was:
		d.probeAt = now.Add(probeEvery)
	}
	w.mu.Unlock()
	switch {
	case away:
		if !was {
			w.event(zerolog.WarnLevel, to).Str("reason", o.text).Msg(w.c.Destination + " away, the outbox waits")
		}
		if n, err := w.c.Rows.FailOld(ctx, to, now.Add(-giveUpAfter), now, o.text); n > 0 || err != nil {
			w.event(zerolog.ErrorLevel, to).Err(err).Int64(w.c.Name+"s", n).Msg(w.c.Name + "s given up, too old")
		}
	case was:
		w.event(zerolog.InfoLevel, to).Msg(w.c.Destination + " back")
		if err := w.c.Rows.Resume(ctx, to, now); err != nil {
			w.event(zerolog.ErrorLevel, to).Err(err).Msg("waiting " + w.c.Name + "s not made due")
		}
	}
}

// event starts a log event about a destination.
func (w *Worker) event(level zerolog.Level, to string) *zerolog.Event {
	e := w.c.Log.WithLevel(level)
	if to != "" {
		e.Str("destination", to)
	}
	return e
}
