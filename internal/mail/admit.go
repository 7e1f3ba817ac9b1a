package mail

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"latchkey/internal/store"
	"latchkey/internal/throttle"
)

// How many mails one recipient gets of one kind, of those that strangers can
// cause: enough for somebody who mistyped, too few to be a nuisance.
var (
	ownLimit = throttle.Limit{N: 3, Window: time.Hour}  // from one client
	allLimit = throttle.Limit{N: 10, Window: time.Hour} // from all clients
)

// knownFor is how long a client that somebody logged in from counts as theirs.
const knownFor = 30 * 24 * time.Hour

// verdict is what becomes of a row that was counted.
type verdict int

const (
	goes  verdict = iota
	waits         // until a time
	folds         // into the held row, at a time
	goner         // its client had its mails
)

// admit counts m in c, and says what becomes of it and, where it has to wait, when
// the next slot is.
func (w *Worker) admit(ctx context.Context, m *store.Mail, f *finding, c *counts, now time.Time) (verdict, time.Time, error) {
	known, err := w.known(ctx, m, f, now)
	if err != nil {
		return goner, now, err
	}
	purpose := string(f.kind) + " " + m.RecipientKey
	own := throttle.Count{Key: "mail to " + purpose + " from " + m.Client, Limit: ownLimit}
	all := throttle.Count{Key: "mail to " + purpose, Limit: allLimit}
	if m.Held() {
		switch wait, err := c.take(ctx, now, all); {
		case err != nil:
			return goner, now, err
		case wait > 0:
			return waits, now.Add(wait), nil
		}
		return goes, now, nil
	}
	// Whoever comes while a mail is held stands behind it: else those who come
	// just when a slot is free would keep it waiting.
	held := false
	if !known {
		if held, err = w.c.Store.MailWaits(ctx, store.HeldDedupe(f.kind, m.RecipientKey)); err != nil {
			return goner, now, err
		}
	}
	if wait, err := c.take(ctx, now, own); err != nil || wait > 0 {
		return goner, now, err
	}
	if held {
		return folds, now, nil
	}
	switch wait, err := c.take(ctx, now, all); {
	case err != nil:
		return goner, now, err
	case wait == 0 || known:
		return goes, now, nil
	default:
		return folds, now.Add(wait), nil
	}
}

// counts is what one row was counted on, to be undone if it comes to nothing: a
// row that is looked at again must not use its recipient's mails up.
type counts struct {
	by      throttle.Counters
	counted []func(ctx context.Context, now time.Time) error
}

func (c *counts) take(ctx context.Context, now time.Time, on throttle.Count) (time.Duration, error) {
	waits, giver, err := c.by.Take(ctx, now, on)
	if err != nil {
		return 0, err
	}
	if waits[0] == 0 {
		c.counted = append(c.counted, func(ctx context.Context, now time.Time) error { return giver.GiveBack(ctx, now, on) })
	}
	return waits[0], nil
}

func (c *counts) undo(ctx context.Context, now time.Time) (err error) {
	for _, giveBack := range c.counted {
		err = errors.Join(err, giveBack(ctx, now))
	}
	return err
}

// known says whether m comes from a client that its recipient uses.
func (w *Worker) known(ctx context.Context, m *store.Mail, f *finding, now time.Time) (bool, error) {
	if f.user == nil || m.Client == "" {
		return false, nil
	}
	return w.c.Store.Familiar(ctx, f.user.ID, "client", m.Client, now.Add(-knownFor))
}

// hold folds m into the row that waits for the next slot and will say all that
// is open then.
func (w *Worker) hold(ctx context.Context, m *store.Mail, kind store.MailKind, now, slot time.Time) error {
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	held := store.Mail{ID: id.String(), Kind: kind, Dedupe: store.HeldDedupe(kind, m.RecipientKey),
		RecipientKey: m.RecipientKey, CreatedAt: now, DueAt: slot}
	if kind == store.MailConfirmRegistration {
		held.Kind = store.MailResendConfirmation // all that is open, not one registration
	}
	return w.c.Store.HoldMail(ctx, m.ID, &held)
}
