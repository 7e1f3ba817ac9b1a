package auth

import (
	"context"
	"errors"
	"fmt"

	"latchkey/internal/link"
	"latchkey/internal/store"
)

// ErrDisabled says that an account is disabled. Only an operator is told.
var ErrDisabled = errors.New("this account is disabled: enable it first")

// An operator has a new password set by a link, so that nobody but the user
// knows it. ErrDisabled: a disabled user's link would be dead.

// SendReset has a reset link mailed to u. It is not counted: no stranger can
// cause it.
func (s *Service) SendReset(ctx context.Context, by string, u *store.User) error {
	if u.DisabledAt != nil {
		return ErrDisabled
	}
	err := s.Store.EnqueueMail(ctx, &store.Mail{
		ID: newID(), Kind: store.MailPasswordReset, RecipientKey: u.EmailKey, UserID: u.ID, Admitted: true, CreatedAt: s.now(),
	})
	if err != nil {
		return fmt.Errorf("send reset: %w", err)
	}
	s.MailQueued()
	s.Log.Info().Str("user_id", u.ID).Str("by", by).Msg("password reset sent")
	return nil
}

// ResetLink makes the link that SendReset would mail. Whoever has it can take the
// account over.
func (s *Service) ResetLink(ctx context.Context, by string, u *store.User) (link.Link, error) {
	if u.DisabledAt != nil {
		return link.Link{}, ErrDisabled
	}
	made, err := s.Links.Make(ctx, link.Target{Purpose: link.ResetPassword, User: u})
	if err != nil {
		return link.Link{}, fmt.Errorf("reset link: %w", err)
	}
	s.Log.Info().Str("user_id", u.ID).Str("by", by).Msg("password reset link made")
	return made, nil
}
