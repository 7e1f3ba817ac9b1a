package auth

import (
	"context"
	"fmt"

	"latchkey/internal/store"
)

// ChangePasswordInput is the argument of ChangePassword.
type ChangePasswordInput struct {
	CurrentPassword *string // nil only for an account without one
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

// RemovePassword leaves the viewer's account to its passkeys. Like a new password it ends all
// their other sessions and makes every older link dead. The mistake is LAST_WAY_IN.
// RateLimited.
func (s *Service) RemovePassword(ctx context.Context, a Actor) (*store.User, error) {
	v := a.Viewer
	if err := s.countChange(ctx, "password", v.User.ID, repasswordLimit); err != nil {
		return nil, fmt.Errorf("remove password: %w", err)
	}
	u, err := s.act(ctx, a, store.EventPasswordRemoved, s.self(a, nil), func(d *deed) error {
		if d.user.PasswordHash == "" {
			return errUnchanged
		}
		if err := d.tx.SetPassword(ctx, d.user, "", d.now); err != nil {
			return err
		}
		opens, err := s.opens(ctx, d.tx, d.user.ID)
		if err == nil && !opens {
			err = userError(LastWayIn, "", "Without it nobody could log in to this account any more. Add a passkey first.")
		}
		if err != nil {
			return err
		}
		return d.tx.EndSessions(ctx, d.user.ID, v.Session.ID)
	})
	if err != nil {
		return nil, fmt.Errorf("remove password: %w", err)
	}
	return u, nil
}
