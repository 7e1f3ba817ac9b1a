package mail

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"latchkey/internal/outbox"
	"latchkey/internal/store"
	"latchkey/internal/throttle"
)

// How many mails one recipient gets of one kind, of those that strangers can
// cause: enough for somebody who mistyped, too few to be a nuisance.
var (
	ownLimit = throttle.Limit{N: 3, Window: time.Hour}  // from one client
	allLimit = throttle.Limit{N: 10, Window: time.Hour} // from all clients
)

// admit returns nil if m may go now, after counting it. If it may not, the error says to
// outbox what becomes of m instead.
//
// A recipient gets only so many mails of a kind that strangers can cause (C6). One more
// is dropped if the client that caused it had its share. Else it is held: one row of the
// recipient waits until the next mail may go, and that one then says all that is open.
func (p *postman) admit(ctx context.Context, m *store.Mail, f *finding, now time.Time) (instead error) {
	if m.Admitted {
		return nil
	}
	c := counts{by: p.c.Counters, now: now}
	free, slot, err := p.slot(ctx, m, f, &c)
	switch {
	case err != nil:
	case free:
		err = p.c.Store.AdmitMail(ctx, m.ID)
	case m.Held():
		instead = outbox.Wait(slot)
	default:
		err, instead = p.hold(ctx, m, f.kind, now, slot), outbox.Settled("held")
	}
	if err != nil {
		instead = errors.Join(err, c.undo(ctx))
	}
	return instead
}

// slot counts m in c, and reports whether it may go now or, if not, at what time the next
// mail to its recipient may. The error drops m if the client that caused it had its share.
func (p *postman) slot(ctx context.Context, m *store.Mail, f *finding, c *counts) (free bool, at time.Time, err error) {
	purpose := string(f.kind) + " " + m.RecipientKey
	own := throttle.Count{Key: "mail to " + purpose + " from " + m.Client, Limit: ownLimit}
	all := throttle.Count{Key: "mail to " + purpose, Limit: allLimit}
	if m.Held() {
		return c.take(ctx, all)
	}
	known, behind, err := p.standing(ctx, m, f, c.now)
	if err == nil {
		free, _, err = c.take(ctx, own)
	}
	if err == nil && !free {
		err = outbox.Drop("over the limit")
	}
	if err != nil || behind {
		return false, c.now, err
	}
	free, at, err = c.take(ctx, all)
	return free || known, at, err
}

// standing reports whether m comes from a client that its recipient uses; and if not,
// whether a mail to the recipient is held already, behind which m has to wait. Else the
// mails that come just when one may go would keep the held one waiting for ever.
func (p *postman) standing(ctx context.Context, m *store.Mail, f *finding, now time.Time) (known, behind bool, err error) {
	if f.user != nil && m.Client != "" {
		known, err = p.c.Store.ClientFamiliar(ctx, f.user.ID, m.Client, now)
	}
	if err == nil && !known {
		behind, err = p.c.Store.MailWaits(ctx, store.HeldDedupe(f.kind, m.RecipientKey))
	}
	return known, behind, err
}

// counts remembers what one row was counted on, to give it back if the row does not go
// after all: a row that is looked at again must not use its recipient's mails up.
type counts struct {
	by    throttle.Counters
	now   time.Time
	taken []func(ctx context.Context) error // each gives one back
}

// take counts the row on a key, and reports whether the limit allowed it or, if not, at
// what time it will.
func (c *counts) take(ctx context.Context, on throttle.Count) (free bool, at time.Time, err error) {
	waits, giver, err := c.by.Take(ctx, c.now, on)
	if err != nil {
		return false, c.now, err
	}
	if waits[0] == 0 {
		c.taken = append(c.taken, func(ctx context.Context) error { return giver.GiveBack(ctx, c.now, on) })
	}
	return waits[0] == 0, c.now.Add(waits[0]), nil
}

// undo gives back all that was counted, also when ctx has ended.
func (c *counts) undo(ctx context.Context) (err error) {
	for _, giveBack := range c.taken {
		err = errors.Join(err, giveBack(context.WithoutCancel(ctx)))
	}
	return err
}

// hold replaces m by the held row of its recipient, which is due at slot and will say all
// that is open then.
func (p *postman) hold(ctx context.Context, m *store.Mail, kind store.MailKind, now, slot time.Time) error {
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	held := store.Mail{ID: id.String(), Kind: kind, Dedupe: store.HeldDedupe(kind, m.RecipientKey),
		RecipientKey: m.RecipientKey, CreatedAt: now, DueAt: slot}
	if kind == store.MailConfirmRegistration {
		held.Kind = store.MailResendConfirmation // all that is open, not one registration
	}
	return p.c.Store.HoldMail(ctx, m.ID, &held)
}
