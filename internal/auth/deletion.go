package auth

import (
	"context"
	"fmt"

	"latchkey/internal/store"
)

// DeleteAccountInput is the argument of DeleteAccount.
type DeleteAccountInput struct {
	Password *string // nil only for an account without one
}

// DeleteAccount deletes the viewer's account with its sessions and links. The
// mistakes are WRONG_PASSWORD and LAST_ADMIN; RateLimited.
func (s *Service) DeleteAccount(ctx context.Context, a Actor, in DeleteAccountInput) error {
	wrong := errWrongPassword("password")
	if err := s.prove(ctx, a, in.Password, wrong); err != nil {
		return fmt.Errorf("delete account: %w", err)
	}
	if err := s.delete(ctx, a, s.self(a, wrong)); err != nil {
		return fmt.Errorf("delete account: %w", err)
	}
	return nil
}

// DeleteUserInput is the argument of DeleteUser.
type DeleteUserInput struct{ UserID string }

// DeleteUser deletes an account with its sessions and links, and tells its user
// by mail. The mistakes are NOT_FOUND and LAST_ADMIN.
func (s *Service) DeleteUser(ctx context.Context, a Actor, in DeleteUserInput) error {
	if err := s.delete(ctx, a, s.other(in.UserID)); err != nil {
		return fmt.Errorf("delete user: %w", err)
	}
	return nil
}

// delete deletes an account and tells its user, also at the addresses that they had
// until lately: a thief may have changed the address before.
func (s *Service) delete(ctx context.Context, a Actor, who subject) error {
	_, err := s.act(ctx, a, store.EventAccountDeleted, who, func(d *deed) error {
		former, err := d.tx.FormerAddresses(ctx, d.user, d.now)
		if err != nil {
			return err
		}
		for _, f := range former {
			m := notice(a, store.MailAccountDeleted, d.user, d.now)
			m.RecipientKey, m.Details.To, m.Details.Kept = f.EmailKey, f.EmailKey, f.HeldUntil
			d.mails = append(d.mails, m)
		}
		d.gone = true
		return d.tx.DeleteUser(ctx, d.user, d.now, d.now.Add(undoFor))
	})
	return err
}
