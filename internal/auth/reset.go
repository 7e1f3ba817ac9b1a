package auth

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"latchkey/internal/link"
	"latchkey/internal/store"
)

// RequestPasswordResetInput is the argument of RequestPasswordReset.
type RequestPasswordResetInput struct{ Email string }

// RequestPasswordReset mails a link that sets a new password, if the address has an
// account. The mail worker finds that out, so answer and work are the same for every
// address (C3). The mistake is EMAIL_INVALID; RateLimited.
func (s *Service) RequestPasswordReset(ctx context.Context, a Actor, in RequestPasswordResetInput) error {
	return s.requestMail(ctx, a, store.MailPasswordReset, "reset", in.Email)
}

// Reset is what the page behind a link shows before anything happens.
type Reset struct {
	User      *store.User // whose password it sets
	BackUntil time.Time   // until then an address that they had before can take the account back; zero if none can
}

// LookAtReset returns what a link would do, and changes nothing. The mistake is
// TOKEN_INVALID.
func (s *Service) LookAtReset(ctx context.Context, token, email string) (*Reset, error) {
	u, err := s.userOfReset(ctx, Actor{}, token, email)
	if err != nil {
		return nil, err
	}
	until, err := s.store.BackUntil(ctx, u, s.now())
	if err != nil {
		return nil, fmt.Errorf("reset: %w", err)
	}
	return &Reset{u, until}, nil
}

// userOfReset returns whose password a link would set. The mistake is TOKEN_INVALID.
func (s *Service) userOfReset(ctx context.Context, a Actor, token, email string) (*store.User, error) {
	l, err := s.openLink(ctx, a, token, email, link.ResetPassword)
	if err != nil {
		return nil, err
	}
	u, err := s.store.UserByID(ctx, l.User)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, errToken()
	case err != nil:
		return nil, fmt.Errorf("reset: %w", err)
	case u.SecurityVersion != l.Version || u.EmailKey != l.EmailKey || u.DisabledAt != nil || uninvited(u, s.now()):
		return nil, errToken()
	}
	return u, nil
}

// ResetPasswordInput is the argument of ResetPassword.
type ResetPasswordInput struct {
	Token       string
	Email       string // as the link's address has it, compared with the token's; may be ""
	NewPassword string
}

// ResetPassword sets a new password by the token of a reset link, ends all sessions
// and makes every older link dead; by that of an invitation it makes the account its user's. The mistakes are TOKEN_INVALID and those of a new
// password, which leave the link as good as it was; RateLimited.
func (s *Service) ResetPassword(ctx context.Context, a Actor, in ResetPasswordInput) (*store.User, error) {
	u, err := s.userOfReset(ctx, a, in.Token, in.Email)
	if err != nil {
		return nil, err
	}
	if errs := s.policyErrors("newPassword", in.NewPassword, own(u)...); errs != nil {
		return nil, errs
	}
	if s.breaches != nil { // each try may ask a service
		if err := s.countChange(ctx, "reset", u.ID, resetLimit); err != nil {
			return nil, fmt.Errorf("reset: %w", err)
		}
	}
	hash, err := s.hashNew(ctx, a.Client.caller(true), "newPassword", in.NewPassword)
	if err != nil {
		return nil, fmt.Errorf("reset: %w", err)
	}
	kind := store.EventPasswordReset
	if u.InvitedUntil != nil {
		kind = store.EventInvitationTaken
	}
	// Of several that use the link, one finds the user as they were read.
	u, err = s.act(ctx, a, kind, linked(u), func(d *deed) error {
		if err := d.tx.SetPassword(ctx, d.user, hash, d.now); err != nil {
			return err
		}
		if err := d.tx.EndSessions(ctx, d.user.ID, ""); err != nil {
			return err
		}
		return d.tx.MarkFamiliar(ctx, d.user.ID, a.Client.whence(), d.now)
	})
	if err != nil {
		return nil, fmt.Errorf("reset: %w", err)
	}
	s.dropLink(ctx, in.Token)
	return u, nil
}

// StrongPassword makes a password of 130 random bits, in five groups of letters
// and digits that are told apart in any typeface.
func StrongPassword() string {
	text := strings.ToLower(rand.Text()) // base32: no 0, 1, 8, 9
	return strings.Join([]string{text[:5], text[5:10], text[10:15], text[15:20], text[20:26]}, "-")
}
