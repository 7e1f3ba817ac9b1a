package mail

import (
	"context"
	"errors"
	"time"

	"latchkey/internal/store"
)

// How many registrations one mail lists: strangers can open any number for an
// address.
const (
	maxListed = 10 // those of the client that asks first
	maxWaited = 50 // where all who ask had to wait, and nobody knows who the owner is
)

// finding is what a row turned out to be.
type finding struct {
	kind          store.MailKind
	to            string // the stored address, never one that was submitted
	registrations []store.Registration
	changes       []store.User // who wait for the confirmation of an address
	held          bool         // of already_registered: the address is the account's no longer, but kept for it
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
		return w.findOpen(ctx, r.EmailKey, []store.Registration{*r}, now)
	case store.MailResendConfirmation:
		most := maxListed
		if m.Held() {
			most = maxWaited
		}
		list, err := w.c.Store.RegistrationsByEmail(ctx, m.RecipientKey, m.Client, now, most)
		if err != nil {
			return nil, err
		}
		return w.findOpen(ctx, m.RecipientKey, list, now)
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
// that may come back to it.
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
	return &finding{kind: store.MailAlreadyRegistered, to: emailKey, user: u, held: true}, nil
}

// findOpen is about what can be confirmed. Nothing can once the address has an
// account or is kept for one.
func (w *Worker) findOpen(ctx context.Context, emailKey string, list []store.Registration, now time.Time) (*finding, error) {
	taken, err := w.c.Store.EmailTaken(ctx, emailKey, now)
	if err != nil {
		return nil, err
	}
	if taken || len(list) == 0 {
		return nil, store.ErrNotFound
	}
	return &finding{kind: store.MailConfirmRegistration, to: list[0].Email, registrations: list}, nil
}

// findChange is about an account, or all of them, that an address is to become
// the address of. If it has one already its owner is told.
func (w *Worker) findChange(ctx context.Context, m *store.Mail, now time.Time) (*finding, error) {
	all, err := w.c.Store.UsersByPendingEmail(ctx, m.RecipientKey, m.UserID, now, maxWaited)
	if err != nil {
		return nil, err
	}
	owner, err := w.findOwner(ctx, m.RecipientKey, now)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	if owner == nil { // kept for an account that is gone: nobody gets it, and nobody is there to be told
		if taken, err := w.c.Store.EmailTaken(ctx, m.RecipientKey, now); err != nil {
			return nil, err
		} else if taken {
			return nil, store.ErrNotFound
		}
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
func (w *Worker) findReset(ctx context.Context, m *store.Mail) (_ *finding, err error) {
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
