package mail

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"latchkey/internal/names"
	"latchkey/internal/outbox"
	"latchkey/internal/store"
	"latchkey/internal/throttle"
)

// How many mails go of those that strangers can cause: enough for somebody who mistyped,
// too few to be a nuisance. A recipient is a mailbox, see recipient.
var (
	// ownLimit and ownDay bind one line at one recipient, for mails of one kind.
	ownLimit = throttle.Limit{N: 3, Window: time.Hour}
	ownDay   = throttle.Limit{N: 10, Window: 24 * time.Hour}
	// allLimit and allPace bind all lines together there. Who goes on leaves one mail
	// an hour, so that nobody who asks has to wait for longer.
	allLimit = throttle.Limit{N: 10, Window: time.Hour}
	allPace  = throttle.Limit{N: 20, Every: time.Hour}
	// domainLimit and domainDay bind one line at one domain, for mails of all kinds: all
	// of a domain may end in one mailbox. A school class that registers behind one
	// address is fewer.
	domainLimit = throttle.Limit{N: 100, Window: time.Hour}
	domainDay   = throttle.Limit{N: 300, Window: 24 * time.Hour}
	// refusedPace binds all lines at a recipient who refuses mails, for those that are sent
	// none the less.
	refusedPace = throttle.Limit{N: 1, Window: time.Hour}
)

// admit returns nil if m may go now, after counting it. If it may not, the error says to
// outbox what becomes of m instead.
//
// A recipient gets only so many mails of a kind that strangers can cause (C6). One more
// is dropped if those who caused it had their share. Else it is held: one row of the
// recipient waits until the next mail may go, and that one then says all that is open. A
// code of a login is dropped, too: it would arrive dead.
//
// A recipient who refused such mails gets none, but for what opens their account, links that
// set a password and codes of logins: one an hour, and those that are asked for where the
// recipient logs in. Else who was kept from mails would be kept from the account.
func (p *postman) admit(ctx context.Context, m *store.Mail, f *finding, now time.Time) (instead error) {
	if m.Admitted {
		return nil
	}
	var err error
	if f.refused, err = p.c.Store.MailRefused(ctx, p.c.Links.RefusalHashes(m.RecipientKey), now); err != nil {
		return err
	}
	if f.refused && f.kind != store.MailPasswordReset && f.kind != store.MailLoginCode {
		return outbox.Drop("not wanted")
	}
	c := counts{by: p.c.Counters, now: now}
	free, slot, err := p.slot(ctx, m, f, &c)
	switch {
	case err != nil:
	case free:
		err = p.c.Store.AdmitMail(ctx, m.ID)
	case f.kind == store.MailLoginCode:
		err = errOverLimit
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

// errOverLimit drops a row whose recipient, or those who caused it, had their share.
var errOverLimit = outbox.Drop("over the limit")

// slot counts m in c, and reports whether it may go now or, if not, at what time the next
// mail to its recipient may. The error drops m if who caused it had their share.
func (p *postman) slot(ctx context.Context, m *store.Mail, f *finding, c *counts) (free bool, at time.Time, err error) {
	if m.Held() {
		return c.take(ctx, all(m, f)...)
	}
	known, behind, err := p.standing(ctx, m, f, c.now)
	if err == nil {
		free, _, err = c.take(ctx, own(m, f, known)...)
	}
	if err == nil && !free {
		err = errOverLimit
	}
	if err != nil || behind {
		return false, c.now, err
	}
	free, at, err = c.take(ctx, all(m, f)...)
	return free || known, at, err
}

// own returns what m is counted on of those who caused it: the client, if its recipient
// uses it, else all who share its line.
func own(m *store.Mail, f *finding, known bool) []throttle.Count {
	to := "mail to " + recipient(m, f) + " from "
	if known || !bound(m) {
		return []throttle.Count{{Key: to + m.Client, Limit: ownLimit}}
	}
	list := []throttle.Count{{Key: to + m.Line, Limit: ownLimit}, {Key: to + m.Line + " in a day", Limit: ownDay}}
	if domain := names.Domain(m.RecipientKey); domain != "" {
		at := "mail to domain " + domain + " from " + m.Line
		list = append(list, throttle.Count{Key: at, Limit: domainLimit}, throttle.Count{Key: at + " in a day", Limit: domainDay})
	}
	return list
}

// all returns what m is counted on of its recipient.
func all(m *store.Mail, f *finding) []throttle.Count {
	to := "mail to " + recipient(m, f)
	list := []throttle.Count{{Key: to, Limit: allLimit}}
	if bound(m) {
		list = append(list, throttle.Count{Key: to + " at its pace", Limit: allPace})
	}
	if f.refused {
		list = append(list, throttle.Count{Key: to + " although refused", Limit: refusedPace})
	}
	return list
}

// recipient is whom m is counted for, with the kind of mail. That is a mailbox, by the
// forms of its address. An address that has an account is counted by itself: no stranger
// can make such addresses, so it shares its mails with no other.
func recipient(m *store.Mail, f *finding) string {
	if f.user != nil || !bound(m) {
		return string(f.kind) + " " + m.RecipientKey
	}
	return string(f.kind) + " " + names.Mailbox(m.RecipientKey)
}

// bound reports whether all limits bind m. Some do not bind a mail without a line, which
// the developer's own machine caused: test suites write to one domain, and to one mailbox
// with many tags.
func bound(m *store.Mail) bool { return m.Held() || m.Line != "" }

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

// take counts the row on keys, and reports whether all of their limits allowed it or, if
// not, at what time they will.
func (c *counts) take(ctx context.Context, on ...throttle.Count) (free bool, at time.Time, err error) {
	waits, giver, err := c.by.Take(ctx, c.now, on...)
	if err != nil {
		return false, c.now, err
	}
	for i, wait := range waits {
		if wait == 0 {
			c.taken = append(c.taken, func(ctx context.Context) error { return giver.GiveBack(ctx, c.now, on[i]) })
		}
	}
	longest := slices.Max(waits)
	return longest == 0, c.now.Add(longest), nil
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
