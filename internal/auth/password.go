package auth

import (
	"context"
	"fmt"

	"latchkey/internal/store"
)

// ChangePasswordInput is the argument of ChangePassword.
type ChangePasswordInput struct {
	CurrentPassword string
	NewPassword     string
}

// ChangePassword replaces the viewer's password, ends all their other sessions
// and makes every older link dead. The mistakes are WRONG_PASSWORD and those of
// a new password; RateLimited.
func (s *Service) ChangePassword(ctx context.Context, a Actor, in ChangePasswordInput) (*store.User, error) {
	v := a.Viewer
	if errs := s.policyErrors("newPassword", in.NewPassword, own(v.User)...); errs != nil {
		return nil, errs
	}
	wrong := errWrongPassword("currentPassword")
	if err := s.prove(ctx, a, in.CurrentPassword, wrong); err != nil {
		return nil, fmt.Errorf("change password: %w", err)
	}
	if err := s.countChange(ctx, "password", v.User.ID, repasswordLimit); err != nil {
		return nil, fmt.Errorf("change password: %w", err)
	}
	hash, err := s.hashNew(ctx, a.Client.caller(true), "newPassword", in.NewPassword)
	if err != nil {
		return nil, fmt.Errorf("change password: %w", err)
	}
	u, err := s.act(ctx, a, store.EventPasswordChanged, s.self(a, wrong), func(d *deed) error {
		if err := d.tx.SetPassword(ctx, d.user, hash, d.now); err != nil {
			return err
		}
		return d.tx.EndSessions(ctx, d.user.ID, v.Session.ID)
	})
	if err != nil {
		return nil, fmt.Errorf("change password: %w", err)
	}
	return u, nil
}
