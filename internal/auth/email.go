package auth

import (
	"context"
	"errors"
	"fmt"

	"latchkey/internal/link"
	"latchkey/internal/names"
	"latchkey/internal/store"
)

// ChangeEmailInput is the argument of ChangeEmail.
type ChangeEmailInput struct {
	Email    string
	Password *string // nil only for an account without one
}

// ChangeEmail asks for a new address. It mails a link there, and a notice to the
// present address, which stays in force until the link is confirmed (D4). Whether the
// new address has an account changes only what is mailed there, so the caller cannot
// tell (C3). The mistakes are EMAIL_INVALID and WRONG_PASSWORD; RateLimited.
func (s *Service) ChangeEmail(ctx context.Context, a Actor, in ChangeEmailInput) (*store.User, error) {
	email, ok := names.ParseEmail(in.Email)
	if !ok {
		return nil, errEmailInvalid()
	}
	wrong := errWrongPassword("password")
	if err := s.prove(ctx, a, in.Password, wrong); err != nil {
		return nil, fmt.Errorf("change email: %w", err)
	}
	if err := s.countChange(ctx, "email", a.Viewer.User.ID, readdressLimit); err != nil {
		return nil, fmt.Errorf("change email: %w", err)
	}
	u, err := s.act(ctx, a, store.EventEmailChangeRequested, s.self(a, wrong), func(d *deed) error {
		d.became = email.Address
		d.mails = append(d.mails, &store.Mail{
			ID: newID(), Kind: store.MailConfirmNewEmail, Dedupe: store.ResendDedupe(store.MailConfirmNewEmail, email.Key, d.user.ID),
			RecipientKey: email.Key, Client: a.Client.Key(), Line: s.line(a), UserID: d.user.ID, CreatedAt: d.now,
		})
		return d.tx.SetPendingEmail(ctx, d.user, email.Address, email.Key, d.now.Add(s.cfg.ConfirmTTL))
	})
	if err != nil {
		return nil, fmt.Errorf("change email: %w", err)
	}
	return u, nil
}

// pendingChange returns the user whose change of address a link confirms. The mistake
// is TOKEN_INVALID if that change no longer waits as it did when the link was made.
func (s *Service) pendingChange(ctx context.Context, l link.Claim) (*store.User, error) {
	u, err := s.store.UserByID(ctx, l.User)
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

// confirmChange gives an account the address that waits for its confirmation. The
// database decides whether it is free. A user who comes back to an address that they
// had before has thereby taken back the change away from it: then the notice to the
// address that they leave has no link "this was not me".
func (s *Service) confirmChange(ctx context.Context, a Actor, l link.Claim, token string) (*store.User, error) {
	u, err := s.pendingChange(ctx, l)
	if err != nil {
		return nil, err
	}
	u, err = s.act(ctx, a, store.EventEmailChanged, linked(u), func(d *deed) error {
		d.became = *d.user.PendingEmail
		back, err := d.tx.ConfirmPendingEmail(ctx, d.user, l.EmailKey, d.now, d.now.Add(undoFor))
		if err == nil {
			err = s.wantsMail(ctx, d.tx, l.EmailKey)
		}
		if back {
			d.quiet = true
			m := notice(a, store.MailEmailChanged, d.user, d.now)
			m.Details.New = d.became
			d.mails = append(d.mails, m)
		}
		return err
	})
	if errors.Is(err, store.ErrConflict) { // the address went to somebody
		return nil, errToken()
	} else if err != nil {
		return nil, fmt.Errorf("confirm: %w", err)
	}
	s.dropLink(ctx, token)
	return u, nil
}

// declineChange drops the change of address that a link would confirm.
func (s *Service) declineChange(ctx context.Context, a Actor, l link.Claim) error {
	u, err := s.pendingChange(ctx, l)
	if err != nil {
		return err
	}
	_, err = s.act(ctx, a, store.EventEmailChangeDeclined, linked(u), func(d *deed) error {
		return d.tx.DropPendingEmail(ctx, d.user, l.EmailKey)
	})
	return err
}
