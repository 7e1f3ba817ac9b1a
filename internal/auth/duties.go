package auth

import (
	"context"
	"fmt"

	"latchkey/internal/store"
)

// RequireAtNextLoginInput is the argument of RequireAtNextLogin.
type RequireAtNextLoginInput struct {
	UserID       string
	NewPassword  bool
	SecondFactor bool
}

// RequireAtNextLogin sets what a user has to do at the next login, of all ways in: set a new
// password, and add a second factor unless there is one. What is false is asked no longer.
// Sessions go on. The mistake is NOT_FOUND.
func (s *Service) RequireAtNextLogin(ctx context.Context, a Actor, in RequireAtNextLoginInput) (*store.User, error) {
	u, err := s.act(ctx, a, store.EventDutySet, s.other(in.UserID), func(d *deed) error {
		if d.user.MustChangePassword == in.NewPassword && d.user.MustEnrol == in.SecondFactor {
			return errUnchanged
		}
		return d.tx.SetDuties(ctx, d.user, in.NewPassword, in.SecondFactor)
	})
	if err != nil {
		return nil, fmt.Errorf("require at next login: %w", err)
	}
	return u, nil
}

// ResetUserFactorsInput is the argument of ResetUserFactors.
type ResetUserFactorsInput struct{ UserID string }

// ResetUserFactors takes all that opens a user's account but the password off it, logs them
// out everywhere, makes older links dead and tells them by mail (J13). Nothing that they
// take back later brings a factor of before back: it may have been a thief's. To an account
// without a password a link is mailed that sets one, so that there is a way in (M5). The
// mistake is NOT_FOUND.
func (s *Service) ResetUserFactors(ctx context.Context, a Actor, in ResetUserFactorsInput) (*store.User, error) {
	u, err := s.act(ctx, a, store.EventFactorsReset, s.other(in.UserID), func(d *deed) error {
		if d.user.PasswordHash == "" && d.user.DisabledAt == nil { // whose link would be dead
			d.mails = append(d.mails, passwordReset(d.user, d.now))
		}
		return d.tx.ResetFactors(ctx, d.user, d.now)
	})
	if err != nil {
		return nil, fmt.Errorf("reset factors: %w", err)
	}
	return u, nil
}
