package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"latchkey/internal/link"
	"latchkey/internal/names"
	"latchkey/internal/store"
)

// ChangeEmailInput is the argument of ChangeEmail.
type ChangeEmailInput struct {
	Email    string
	Password string
}

// ChangeEmail mails a link to a new address, and a notice to the old one, which
// stays in force until the link is confirmed. Whether the new one has an account
// changes the mail and nothing else. The mistakes are EMAIL_INVALID and
// WRONG_PASSWORD; RateLimited.
func (s *Service) ChangeEmail(ctx context.Context, v *Viewer, in ChangeEmailInput, c Client) (*store.User, error) {
	email, ok := names.ParseEmail(in.Email)
	if !ok {
		return nil, errEmailInvalid()
	}
	wrong := errWrongPassword("password")
	if err := s.prove(ctx, v, in.Password, c, wrong); err != nil {
		return nil, fmt.Errorf("change email: %w", err)
	}
	if err := s.countChange(ctx, "email", v.User.ID, readdressLimit); err != nil {
		return nil, fmt.Errorf("change email: %w", err)
	}
	err := s.change(ctx, v, wrong, func(tx *store.Store, u *store.User, now time.Time) error {
		if err := tx.SetPendingEmail(ctx, u, email.Address, email.Key, now.Add(s.cfg.ConfirmTTL)); err != nil {
			return err
		}
		m := &store.Mail{
			ID: newID(), Kind: store.MailConfirmNewEmail, Dedupe: store.ResendDedupe(store.MailConfirmNewEmail, email.Key, u.ID),
			RecipientKey: email.Key, Client: c.Key(), UserID: u.ID, CreatedAt: now,
		}
		if err := tx.EnqueueMail(ctx, m); err != nil {
			return err
		}
		return s.addEvent(ctx, tx, store.MailEmailChangeRequested, u, c, now, email.Address)
	})
	return s.changed(ctx, v.User.ID, "change of email requested", err)
}

// pendingChange returns the user whose change of address a link confirms, while
// that waits as it did when the link was made.
func (s *Service) pendingChange(ctx context.Context, l link.Claim) (*store.User, error) {
	u, err := s.Store.UserByID(ctx, l.User)
	if errors.Is(err, store.ErrNotFound) {
		return nil, errToken()
	} else if err != nil {
		return nil, fmt.Errorf("confirm: %w", err)
	}
	if _, key := u.Pending(s.now()); key != l.EmailKey || u.SecurityVersion != l.Version || u.DisabledAt != nil {
		return nil, errToken()
	}
	return u, nil
}

// confirmChange makes the address that waits the account's. Whether it is free
// the database decides. Who came back to an address of before has taken back what
// led away from it: then the mail to the other carries no "this was not me".
func (s *Service) confirmChange(ctx context.Context, l link.Claim, token string, c Client) (*store.User, error) {
	u, err := s.pendingChange(ctx, l)
	if err != nil {
		return nil, err
	}
	now := s.now()
	err = s.Store.InTx(ctx, func(tx *store.Store) error {
		back, err := tx.ConfirmPendingEmail(ctx, u, l.EmailKey, now, now.Add(undoFor))
		if err != nil {
			return err
		}
		if back {
			m := s.notice(store.MailEmailChanged, u, c, now)
			m.Details.New = *u.PendingEmail
			return tx.EnqueueMail(ctx, m)
		}
		return s.addEvent(ctx, tx, store.MailEmailChanged, u, c, now, *u.PendingEmail)
	})
	switch {
	case errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrConflict): // used, or the address went to somebody
		return nil, errToken()
	case err != nil:
		return nil, fmt.Errorf("confirm: %w", err)
	}
	s.dropLink(ctx, token)
	return s.changed(ctx, u.ID, "email changed", nil)
}

// declineChange drops the change of address that a link would confirm.
func (s *Service) declineChange(ctx context.Context, l link.Claim) error {
	u, err := s.pendingChange(ctx, l)
	if err != nil {
		return err
	}
	return s.Store.DropPendingEmail(ctx, u, l.EmailKey)
}
