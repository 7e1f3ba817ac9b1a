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

// maxListed is how many registrations one mail lists: those of the client that
// asks first. Strangers can open any number for an address.
const maxListed = 10

// knownFor is how long a client that somebody logged in from counts as theirs.
const knownFor = 30 * 24 * time.Hour

// finding is what a row turned out to be.
type finding struct {
	kind          store.MailKind
	to            string // the stored address, never one that was submitted
	registrations []store.Registration
	changes       []store.User // who wait for the confirmation of an address
	user          *store.User  // whose account the recipient has, if any
}

// find finds out what m has to say now. store.ErrNotFound: nothing (any more).
func (w *Worker) find(ctx context.Context, m *store.Mail, now time.Time) (*finding, error) {
	switch m.Kind {
	case store.MailConfirmRegistration:
		r, err := w.c.Store.Registration(ctx, m.RegistrationID, now)
		if err != nil {
			return nil, err
		}
		if r.Closed {
			return w.findOwner(ctx, r.EmailKey, now)
		}
		return w.findOpen(ctx, r.EmailKey, []store.Registration{*r})
	case store.MailResendConfirmation:
		list, err := w.c.Store.RegistrationsByEmail(ctx, m.RecipientKey, m.Client, now, maxListed)
		if err != nil {
			return nil, err
		}
		return w.findOpen(ctx, m.RecipientKey, list)
	case store.MailAlreadyRegistered:
		return w.findOwner(ctx, m.RecipientKey, now)
	case store.MailConfirmNewEmail:
		return w.findChange(ctx, m, now)
	case store.MailPasswordReset:
		return w.findReset(ctx, m)
	}
	if _, known := subjects[m.Kind]; !known || m.Details.To == "" {
		return nil, errUnknownKind
	}
	return &finding{kind: m.Kind, to: m.Details.To}, nil // a notice says what was, whatever became of it
}

// findOwner is about an address that has an account, or had one until lately
// and may come back to it.
func (w *Worker) findOwner(ctx context.Context, emailKey string, now time.Time) (*finding, error) {
	u, err := w.c.Store.UserByEmail(ctx, emailKey)
	if !errors.Is(err, store.ErrNotFound) {
		if err != nil {
			return nil, err
		}
		return &finding{kind: store.MailAlreadyRegistered, to: u.Email, user: u}, nil
	}
	id, err := w.c.Store.HeldFor(ctx, emailKey, now)
	if err != nil {
		return nil, err
	}
	if u, err = w.c.Store.UserByID(ctx, id); err != nil {
		return nil, err
	}
	return &finding{kind: store.MailAlreadyRegistered, to: emailKey, user: u}, nil
}

// findOpen is about what can be confirmed. Nothing can once the address has an
// account.
func (w *Worker) findOpen(ctx context.Context, emailKey string, list []store.Registration) (*finding, error) {
	switch _, err := w.c.Store.UserByEmail(ctx, emailKey); {
	case err == nil, len(list) == 0:
		return nil, store.ErrNotFound
	case !errors.Is(err, store.ErrNotFound):
		return nil, err
	}
	return &finding{kind: store.MailConfirmRegistration, to: list[0].Email, registrations: list}, nil
}

// findChange is about an account, or all of them, that an address is to become
// the address of. If it has one already its owner is told.
func (w *Worker) findChange(ctx context.Context, m *store.Mail, now time.Time) (*finding, error) {
	all, err := w.c.Store.UsersByPendingEmail(ctx, m.RecipientKey, now, maxListed)
	if err != nil {
		return nil, err
	}
	owner, err := w.findOwner(ctx, m.RecipientKey, now)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	f := &finding{kind: m.Kind}
	for i := range all {
		// Who has the address, or may come back to it, may write it in another way.
		if (m.UserID == "" || m.UserID == all[i].ID) && (owner == nil || owner.user.ID == all[i].ID) {
			f.changes = append(f.changes, all[i])
		}
	}
	switch {
	case len(f.changes) > 0:
		f.to = *f.changes[0].PendingEmail
		return f, nil
	case len(all) > 0 && owner != nil:
		return owner, nil
	}
	return nil, store.ErrNotFound
}

// findReset is about an account whose password is to be set anew. What was asked
// for before the account was last secured is no longer wanted.
func (w *Worker) findReset(ctx context.Context, m *store.Mail) (u *finding, err error) {
	var user *store.User
	if m.UserID != "" {
		user, err = w.c.Store.UserByID(ctx, m.UserID)
	} else {
		user, err = w.c.Store.UserByEmail(ctx, m.RecipientKey)
	}
	if err != nil {
		return nil, err
	}
	if user.DisabledAt != nil || user.SecuredAt != nil && user.SecuredAt.After(m.CreatedAt) {
		return nil, store.ErrNotFound
	}
	return &finding{kind: m.Kind, to: user.Email, user: user}, nil
}

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
