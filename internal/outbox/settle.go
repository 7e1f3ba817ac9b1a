package outbox

import (
	"context"
	"errors"
	"time"

	"github.com/rs/zerolog"

	"latchkey/internal/store"
	"latchkey/internal/trace"
)

const (
	firstBackoff = 5 * time.Second  // doubled with each try
	maxBackoff   = time.Hour        // the longest wait of a row that the destination wants later
	maxCut       = 30 * time.Second // the longest wait of a row that was cut, so that it follows soon when the destination is well again
	giveUpAfter  = 24 * time.Hour   // how long after it was written a row is given up
	inTrouble    = 15 * time.Second // the wait of a row after trouble of our own
)

// do makes one try at a job and settles it.
func (w *Worker) do(ctx context.Context, j *Job, c *Claim) {
	ctx, span := w.c.Trace.Begin(ctx, trace.Consumer, "delivery", trace.Caller{})
	span.Str("latchkey.id", j.ID).Str("latchkey.kind", j.Kind).Int("latchkey.attempts", j.Attempts).Name(w.c.Name, j.Kind)
	defer span.End()
	err := j.Deliver(ctx, Try{Now: w.now(), Away: func() bool { return !c.probe && w.away(c.To) }})
	if err != nil && ctx.Err() != nil {
		err = Wait(w.now()) // we broke it off: that says nothing about the destination
	}
	ctx = context.WithoutCancel(ctx) // what came of it counts, also while the process ends
	if o := outcomeOf(err); o != nil {
		w.note(ctx, c.To, o)
		err = w.settle(ctx, j, c.To, o)
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) { // else another worker took it over when the lease had ended
		w.repeat(ctx, j, c.To, err)
	}
}

// settle deletes a row, makes it due again or gives it up, as the outcome of its try says.
func (w *Worker) settle(ctx context.Context, j *Job, to string, o *outcome) (err error) {
	now := w.now()
	switch {
	case o.is == delivered:
		w.count(ctx, j, EndSent)
		w.row(zerolog.InfoLevel, j, to).Msg(w.c.Name + " sent")
		err = w.c.Rows.Delete(ctx, j.ID)
	case o.is == dropped:
		w.count(ctx, j, EndDropped)
		w.row(zerolog.InfoLevel, j, to).Str("reason", o.text).Msg(w.c.Name + " dropped")
		err = w.c.Rows.Delete(ctx, j.ID)
	case o.is == settled:
		w.count(ctx, j, EndDropped)
		w.row(zerolog.InfoLevel, j, to).Msg(w.c.Name + " " + o.text)
	case o.is == waits:
		err = w.c.Rows.Release(ctx, j.ID, o.until, "")
	case o.is == refused, tooOld(j, now):
		w.count(ctx, j, EndGivenUp)
		w.row(zerolog.ErrorLevel, j, to).Str("reason", o.text).Msg(w.c.Name + " given up")
		err = w.c.Rows.Fail(ctx, j.ID, now, o.text)
	case o.is == unreachable:
		w.count(ctx, j, EndUnreachable)
		err = w.c.Rows.Release(ctx, j.ID, now, o.text)
	default:
		w.count(ctx, j, EndDelayed)
		due := now.Add(backoff(j.Attempts, o.is == cut))
		w.row(zerolog.WarnLevel, j, to).Str("reason", o.text).Time("due_at", due).Msg(w.c.Name + " delayed")
		err = w.c.Rows.Retry(ctx, j.ID, due, o.text)
	}
	return err
}

// count tells how a try at a job ended.
func (w *Worker) count(ctx context.Context, j *Job, how End) {
	span := trace.Of(ctx).Str("latchkey.outcome", string(how))
	if how != EndSent && how != EndDropped {
		span.Fail(string(how))
	}
	if w.c.Ended != nil {
		w.c.Ended(j.Kind, how)
	}
}

// repeat makes a row due again after trouble of our own, or gives it up. If even
// that fails, the lease brings it back.
func (w *Worker) repeat(ctx context.Context, j *Job, to string, trouble error) {
	const reason = "failed before it was sent"
	now, log := w.now(), w.row(zerolog.ErrorLevel, j, to).Err(trouble)
	var err error
	if tooOld(j, now) {
		w.count(ctx, j, EndGivenUp)
		log.Msg(w.c.Name + " given up")
		err = w.c.Rows.Fail(ctx, j.ID, now, reason)
	} else {
		w.count(ctx, j, EndDelayed)
		log.Msg(w.c.Name + " not handled, will be tried again")
		err = w.c.Rows.Release(ctx, j.ID, now.Add(inTrouble), reason)
	}
	if err != nil {
		w.row(zerolog.ErrorLevel, j, to).Err(err).Msg(w.c.Name + " left to its lease")
	}
}

func tooOld(j *Job, now time.Time) bool { return now.Sub(j.CreatedAt) >= giveUpAfter }

// backoff returns how long a row waits after its try number n, counted from 0.
func backoff(n int, cut bool) time.Duration {
	most := maxBackoff
	if cut {
		most = maxCut
	}
	if n > 10 { // 5 s · 2^10 is more than an hour already
		return most
	}
	return min(firstBackoff<<n, most)
}

// row begins a line of the log about a row. It says neither whom the row is for nor what
// it says (I7).
func (w *Worker) row(level zerolog.Level, j *Job, to string) *zerolog.Event {
	line := w.event(level, to).Str(w.c.Name+"_id", j.ID).Str("kind", j.Kind).Int("attempts", j.Attempts)
	for _, id := range j.Cause {
		line = line.Str(id[0], id[1])
	}
	return line
}
