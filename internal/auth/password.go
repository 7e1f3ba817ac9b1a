package auth

import (
	"context"
	"fmt"
	"strings"

	"latchkey/internal/password"
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
	hash, err := s.hasher.Hash(ctx, a.Client.caller(true), in.NewPassword)
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

// policyErrors returns what is wrong with a new password, in words, for input.<field>.
// own are the user's names, which are no secret and so no passwords (A3).
func (s *Service) policyErrors(field, typed string, own ...string) UserErrors {
	var errs UserErrors
	for _, p := range s.policy.Check(typed, own...) {
		e := UserError{Field: []string{"input", field}}
		if p.Limit > 0 {
			e.Limit = &p.Limit
		}
		switch p.Code {
		case password.TooShort:
			e.Code, e.Message = PasswordTooShort, fmt.Sprintf("At least %d characters.", p.Limit)
		case password.TooLong:
			e.Code, e.Message = PasswordTooLong, fmt.Sprintf("At most %d characters.", p.Limit)
			if p.Limit < password.MaxLength { // bcrypt counts bytes
				e.Message = fmt.Sprintf("At most %d bytes: fewer characters, or plainer ones.", p.Limit)
			}
		case password.TooCommon:
			e.Code, e.Message = PasswordTooCommon, "This is one of the passwords that people guess first. Choose another."
		default:
			e.Code, e.Message = PasswordInvalid, "Leave out control characters such as tabs and line breaks."
		}
		errs = append(errs, e)
	}
	return errs
}

// own returns the names that belong to a user: they are no secret, so they are no
// password either.
func own(u *store.User) []string {
	local, _, _ := strings.Cut(u.Email, "@")
	return []string{u.Username, u.Email, local}
}
