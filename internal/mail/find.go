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

// find finds out what m has to say now, or returns errNothing.
func (p *postman) find(ctx context.Context, m *store.Mail, now time.Time) (f *finding, err error) {
	switch m.Kind {
	case store.MailConfirmRegistration:
		f, err = p.findRegistration(ctx, m.RegistrationID, now)
	case store.MailResendConfirmation:
		f, err = p.findRegistrations(ctx, m, now)
	case store.MailAlreadyRegistered:
		f, err = p.findOwner(ctx, m.RecipientKey, now)
	case store.MailConfirmNewEmail:
		f, err = p.findChange(ctx, m, now)
	case store.MailPasswordReset:
		f, err = p.findReset(ctx, m, now)
	default: // a notice says what was, whatever became of it
		f = &finding{kind: m.Kind, to: m.Details.To}
		if _, known := subjects[m.Kind]; !known || f.to == "" {
			err = errUnknownKind
		}
	}
	if errors.Is(err, store.ErrNotFound) {
		err = errNothing
	}
	return f, err
}

// findRegistration is about one registration. If its address has an account by
// now, its owner is told.
func (p *postman) findRegistration(ctx context.Context, id string, now time.Time) (*finding, error) {
	r, err := p.c.Store.Registration(ctx, id, now)
	if err != nil {
		return nil, err
	}
	if r.Closed {
		return p.findOwner(ctx, r.EmailKey, now)
	}
	return p.findOpen(ctx, r.EmailKey, []store.Registration{*r}, now)
}

// findRegistrations is about all registrations of an address.
func (p *postman) findRegistrations(ctx context.Context, m *store.Mail, now time.Time) (*finding, error) {
	most := maxListed
	if m.Held() {
		most = maxWaited
	}
	list, err := p.c.Store.RegistrationsByEmail(ctx, m.RecipientKey, m.Client, now, most)
	if err != nil {
		return nil, err
	}
	return p.findOpen(ctx, m.RecipientKey, list, now)
}

// findOwner is about an address that has an account, or had one until lately
// that may come back to it.
func (p *postman) findOwner(ctx context.Context, emailKey string, now time.Time) (*finding, error) {
	u, err := p.c.Store.UserByEmail(ctx, emailKey)
	if !errors.Is(err, store.ErrNotFound) {
		if err != nil {
			return nil, err
		}
		return &finding{kind: store.MailAlreadyRegistered, to: u.Email, user: u}, nil
	}
	id, err := p.c.Store.HeldFor(ctx, emailKey, now)
	if err != nil {
		return nil, err
	}
	if u, err = p.c.Store.UserByID(ctx, id); err != nil {
		return nil, err
	}
	return &finding{kind: store.MailAlreadyRegistered, to: emailKey, user: u, held: true}, nil
}

// findOpen is about what can be confirmed.
func (p *postman) findOpen(ctx context.Context, emailKey string, list []store.Registration, now time.Time) (*finding, error) {
	if err := p.unclaimed(ctx, emailKey, now); err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, store.ErrNotFound
	}
	return &finding{kind: store.MailConfirmRegistration, to: list[0].Email, registrations: list}, nil
}

// unclaimed returns store.ErrNotFound for an address that has an account or is
// kept for one: nothing can be confirmed then.
func (p *postman) unclaimed(ctx context.Context, emailKey string, now time.Time) error {
	taken, err := p.c.Store.EmailTaken(ctx, emailKey, now)
	if err == nil && taken {
		err = store.ErrNotFound
	}
	return err
}

// findChange is about an account, or all of them, that an address is to become
// the address of. If it has one already its owner is told.
func (p *postman) findChange(ctx context.Context, m *store.Mail, now time.Time) (*finding, error) {
	all, err := p.c.Store.UsersByPendingEmail(ctx, m.RecipientKey, m.UserID, now, maxWaited)
	if err != nil {
		return nil, err
	}
	owner, err := p.findOwner(ctx, m.RecipientKey, now)
	if errors.Is(err, store.ErrNotFound) { // it may be kept for an account that is gone: nobody gets it, and nobody is there to be told
		err = p.unclaimed(ctx, m.RecipientKey, now)
	}
	if err != nil {
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
	case len(all) > 0 && owner != nil:
		f = owner
	default:
		err = store.ErrNotFound
	}
	return f, err
}

// findReset is about an account whose password is to be set anew; where its
// address is still to be confirmed, about that: else who registered and forgot it
// would wait for a mail that never comes. What was asked for before the account
// was last secured is no longer wanted.
func (p *postman) findReset(ctx context.Context, m *store.Mail, now time.Time) (_ *finding, err error) {
	var user *store.User
	if m.UserID != "" {
		user, err = p.c.Store.UserByID(ctx, m.UserID)
	} else {
		user, err = p.c.Store.UserByEmail(ctx, m.RecipientKey)
		if errors.Is(err, store.ErrNotFound) {
			return p.findRegistrations(ctx, m, now)
		}
	}
	if err != nil {
		return nil, err
	}
	if user.DisabledAt != nil || user.SecuredAt != nil && user.SecuredAt.After(m.CreatedAt) {
		return nil, store.ErrNotFound
	}
	return &finding{kind: m.Kind, to: user.Email, user: user}, nil
}
