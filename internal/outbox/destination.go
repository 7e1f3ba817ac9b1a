package outbox

import (
	"context"
	"slices"
	"time"

	"github.com/rs/zerolog"
)

// probeEvery is how often one row is tried at a destination that is away.
const probeEvery = 30 * time.Second

// destination is what this worker knows of a destination.
type destination struct {
	busy    int       // jobs under way to it
	away    bool      // it was out of reach at the last try
	probing bool      // one of the jobs is a probe: it finds out whether the destination is back
	probeAt time.Time // when the next probe may begin; zero unless it is away
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

// order sorts due so that destinations that are away come last, and among those the one
// first whose last probe is longest ago. So each has its turn.
func (w *Worker) order(due []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	slices.SortStableFunc(due, func(a, b string) int { return w.at(a).probeAt.Compare(w.at(b).probeAt) })
}

// plan returns which rows of a destination to claim now. While the destination is away
// that is one row every 30 s, a probe, and besides only rows with which something is to
// be done meanwhile. However many destinations are away, half of the hands are left for
// the others.
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

// ended notes that one job of a claim is done.
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

// note remembers what the outcome of a try says about its destination, if it says
// anything. When the destination is back, all that waits for another try there is due.
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
