package mail

import (
	"context"
	"errors"
	"time"

	"latchkey/internal/link"
	"latchkey/internal/store"
)

// maxWaited is how many registrations, or accounts that are to have an address, one mail
// is about at most: strangers can make any number of them.
const maxWaited = 50

// finding is what a row has to say, and to whom.
type finding struct {
	kind          store.MailKind
	to            string               // the address as it is stored, never as somebody typed it just now
	registrations []store.Registration // for confirm_registration
	changes       []store.User         // for confirm_new_email: for whom the address waits
	held          bool                 // for already_registered: the account left the address, which is kept for it
	user          *store.User          // the user who has the address; or nil
	refused       bool                 // the reader wants no mails that strangers cause; admit.go finds that out
	back          time.Time            // for password_reset: until when an earlier address can take the account back; zero if none can
}

// find returns what m has to say now, or errNothing.
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
	case store.MailInvited:
		f, err = p.findInvited(ctx, m, now)
	case store.MailLoginCode:
		f, err = p.findLogin(ctx, m, now)
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

// findRegistration returns what to say about one registration. If its address has an
// account, the account's owner is told instead.
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

// findRegistrations returns what to say about all registrations of an address.
func (p *postman) findRegistrations(ctx context.Context, m *store.Mail, now time.Time) (*finding, error) {
	list, err := p.c.Store.RegistrationsByEmail(ctx, m.RecipientKey, m.Client, now, maxWaited)
	if err != nil {
		return nil, err
	}
	return p.findOpen(ctx, m.RecipientKey, list, now)
}

// findOwner returns what to say to the owner of an account: that somebody registered the
// account's address, or one that the account had until lately. store.ErrNotFound if there
// is no such account.
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

// findOpen returns a mail by which the registrations of list can be confirmed.
// store.ErrNotFound if none can.
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

// findChange returns what to say about a change of address: by the mail the account of
// m.UserID, or any account for which the address waits, can have it confirmed. If the
// address has an account already, the account's owner is told instead.
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

// findReset returns a mail by which a user can set a new password. Where the address has
// only registrations, it returns one by which those can be confirmed: else somebody who
// registered and forgot it would wait for a mail that never comes. store.ErrNotFound if
// there is neither, the user is disabled, or they have secured the account since the mail
// was asked for.
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
	f := &finding{kind: m.Kind, to: user.Email, user: user}
	f.back, err = p.c.Store.BackUntil(ctx, user, now)
	return f, err
}

// findInvited returns a mail by which somebody who was invited can set the first password.
// store.ErrNotFound if they have, or there is nothing to be had by it any more.
func (p *postman) findInvited(ctx context.Context, m *store.Mail, now time.Time) (*finding, error) {
	f, err := p.findReset(ctx, m, now)
	if err == nil && (f.user.InvitedUntil == nil || !now.Before(*f.user.InvitedUntil)) {
		return nil, store.ErrNotFound
	}
	return f, err
}

// findLogin returns a mail with the code by which the user who has the address logs in.
// store.ErrNotFound if there is none, the user is disabled, they have secured the account
// since the code was asked for, or it is dead by now.
func (p *postman) findLogin(ctx context.Context, m *store.Mail, now time.Time) (*finding, error) {
	user, err := p.c.Store.UserByEmail(ctx, m.RecipientKey)
	if err != nil {
		return nil, err
	}
	asked := m.Details.At
	if user.DisabledAt != nil || user.SecuredAt != nil && user.SecuredAt.After(asked) || !now.Before(asked.Add(link.CodeTTL)) {
		return nil, store.ErrNotFound
	}
	return &finding{kind: m.Kind, to: user.Email, user: user}, nil
}
