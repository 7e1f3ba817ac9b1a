package auth

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"latchkey/internal/link"
	"latchkey/internal/store"
)

// SetUserRoleInput is the argument of SetUserRole.
type SetUserRoleInput struct {
	UserID string
	Role   store.Role
}

// SetUserRole changes what a user may do, which counts on their next request. They and
// all administrators are told by mail. The mistakes are NOT_FOUND and LAST_ADMIN.
func (s *Service) SetUserRole(ctx context.Context, a Actor, in SetUserRoleInput) (*store.User, error) {
	u, err := s.act(ctx, a, store.EventRoleChanged, s.other(in.UserID), func(d *deed) error {
		if d.user.Role == in.Role {
			return errUnchanged
		}
		d.event.Details = store.EventDetails{From: string(d.user.Role), To: string(in.Role)}
		return d.tx.SetRole(ctx, d.user.ID, in.Role, d.now)
	})
	if err != nil {
		return nil, fmt.Errorf("set role: %w", err)
	}
	return u, nil
}

// DisableUserInput is the argument of DisableUser.
type DisableUserInput struct {
	UserID string
	Reason *AccountReason
}

// AccountReason is why an administrator disables or enables an account.
type AccountReason string

// The reasons there are.
const (
	ReasonRequested AccountReason = "REQUESTED"
	ReasonAbuse     AccountReason = "ABUSE"
	ReasonStolen    AccountReason = "STOLEN"
	ReasonLeft      AccountReason = "LEFT"
	ReasonOther     AccountReason = "OTHER"
)

// word is a reason as history has it, or "".
func (r *AccountReason) word() string {
	if r == nil {
		return ""
	}
	return strings.ToLower(string(*r))
}

// DisableUser logs a user out everywhere, keeps them from logging in, makes
// their older links dead and tells them by mail. One who is disabled already
// stays as they are. The mistakes are NOT_FOUND and LAST_ADMIN.
func (s *Service) DisableUser(ctx context.Context, a Actor, in DisableUserInput) (*store.User, error) {
	u, err := s.act(ctx, a, store.EventAccountDisabled, s.other(in.UserID), func(d *deed) error {
		if d.user.DisabledAt != nil {
			return errUnchanged
		}
		d.event.Details.Reason = in.Reason.word()
		return d.tx.Disable(ctx, d.user, d.now)
	})
	if err != nil {
		return nil, fmt.Errorf("disable user: %w", err)
	}
	return u, nil
}

// EnableUserInput is the argument of EnableUser.
type EnableUserInput struct {
	UserID string
	Reason *AccountReason
}

// EnableUser lets a disabled user log in again. The mistake is NOT_FOUND.
func (s *Service) EnableUser(ctx context.Context, a Actor, in EnableUserInput) (*store.User, error) {
	u, err := s.act(ctx, a, store.EventAccountEnabled, s.other(in.UserID), func(d *deed) error {
		if d.user.DisabledAt == nil {
			return errUnchanged
		}
		d.event.Details.Reason = in.Reason.word()
		return d.tx.Enable(ctx, d.user.ID)
	})
	if err != nil {
		return nil, fmt.Errorf("enable user: %w", err)
	}
	return u, nil
}

// RevokeUserSessionsInput is the argument of RevokeUserSessions.
type RevokeUserSessionsInput struct{ UserID string }

// RevokeUserSessions logs a user out everywhere and returns how many sessions
// there were. The mistake is NOT_FOUND.
func (s *Service) RevokeUserSessions(ctx context.Context, a Actor, in RevokeUserSessionsInput) (int, *store.User, error) {
	n, u, err := s.endSessions(ctx, a, s.other(in.UserID), "")
	if err != nil {
		return 0, nil, fmt.Errorf("revoke sessions: %w", err)
	}
	return n, u, nil
}

// RevokeUserSessionInput is the argument of RevokeUserSession.
type RevokeUserSessionInput struct{ UserID, SessionID string }

// RevokeUserSession logs a user out on one device, and returns the user. The mistake is
// NOT_FOUND.
func (s *Service) RevokeUserSession(ctx context.Context, a Actor, in RevokeUserSessionInput) (*store.User, error) {
	u, err := s.userToAdminister(ctx, in.UserID)
	if err != nil {
		return nil, err
	}
	switch err := s.endSession(ctx, a, store.EventSessionRevoked, u.ID, in.SessionID); {
	case errors.Is(err, store.ErrNotFound):
		return nil, userError(NotFound, "sessionId", "This user has no device with this id logged in.")
	case err != nil:
		return nil, fmt.Errorf("revoke session: %w", err)
	}
	return u, nil
}

// SendPasswordResetInput is the argument of SendPasswordReset and
// PasswordResetLink.
type SendPasswordResetInput struct{ UserID string }

// SendPasswordReset has a link mailed to a user that sets a new password, so that
// nobody but they know it. Somebody who was invited and has not come is invited again. It is
// not counted: no stranger can cause it. The mistakes are NOT_FOUND and, since the link would
// be dead, ACCOUNT_DISABLED.
func (s *Service) SendPasswordReset(ctx context.Context, a Actor, in SendPasswordResetInput) (*store.User, error) {
	u, err := s.act(ctx, a, store.EventPasswordResetSent, s.other(in.UserID), func(d *deed) error {
		if d.user.DisabledAt != nil {
			return errDisabled()
		}
		if d.user.InvitedUntil != nil {
			d.event.Kind = store.EventInvited
			d.mails = append(d.mails, invitation(d.user, d.now))
			return d.tx.Invite(ctx, d.user, d.now.Add(invitedFor))
		}
		d.mails = append(d.mails, passwordReset(d.user, d.now))
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("send reset: %w", err)
	}
	return u, nil
}

// passwordReset returns a mail with a link that sets a user's password. Nobody but
// the user and administrators can cause one, so it is admitted without being counted.
func passwordReset(u *store.User, now time.Time) *store.Mail {
	return &store.Mail{
		ID: newID(), Kind: store.MailPasswordReset, RecipientKey: u.EmailKey, UserID: u.ID, Admitted: true, CreatedAt: now,
	}
}

// PasswordResetLink makes the link that SendPasswordReset would mail. Whoever has
// it can take the account over, so it is for the shell alone.
func (s *Service) PasswordResetLink(ctx context.Context, a Actor, in SendPasswordResetInput) (made link.Link, err error) {
	u, err := s.act(ctx, a, store.EventPasswordResetLinkMade, s.other(in.UserID), func(d *deed) error {
		if d.user.DisabledAt != nil {
			return errDisabled()
		}
		return nil
	})
	if err != nil {
		return made, fmt.Errorf("reset link: %w", err)
	}
	if made, err = s.links.Make(ctx, link.Target{Purpose: link.ResetPassword, User: u}); err != nil {
		return made, fmt.Errorf("reset link: %w", err)
	}
	return made, nil
}

func errDisabled() error {
	return userError(AccountDisabled, "userId", "This account is disabled. Enable it first.")
}
