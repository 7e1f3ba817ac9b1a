package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"latchkey/internal/store"
)

// ByShell stands in the log for whoever runs a command of the shell, where else
// an administrator's id stands.
const ByShell = "shell"

// SetUserRoleInput is the argument of SetUserRole.
type SetUserRoleInput struct {
	UserID string
	Role   store.Role
}

// SetUserRole changes what a user may do, which counts on their next request. by
// is who wants it, for the log. The mistakes are NOT_FOUND and LAST_ADMIN.
func (s *Service) SetUserRole(ctx context.Context, by string, in SetUserRoleInput) (*store.User, error) {
	return s.administer(ctx, by, in.UserID, "role set to "+string(in.Role), func(tx *store.Store, u *store.User, now time.Time) error {
		if u.Role == in.Role {
			return errUnchanged
		}
		return tx.SetRole(ctx, u.ID, in.Role, now)
	})
}

// DisableUserInput is the argument of DisableUser.
type DisableUserInput struct{ UserID string }

// DisableUser logs a user out everywhere, keeps them from logging in, makes
// their older links dead and tells them by mail. One who is disabled already
// stays as they are. The mistakes are NOT_FOUND and LAST_ADMIN.
func (s *Service) DisableUser(ctx context.Context, by string, in DisableUserInput) (*store.User, error) {
	u, err := s.administer(ctx, by, in.UserID, "user disabled", func(tx *store.Store, u *store.User, now time.Time) error {
		if u.DisabledAt != nil {
			return errUnchanged
		}
		return tx.Disable(ctx, u, now, s.notice(store.MailAccountDisabled, u, Client{}, now))
	})
	if err == nil {
		s.MailQueued()
	}
	return u, err
}

// EnableUserInput is the argument of EnableUser.
type EnableUserInput struct{ UserID string }

// EnableUser lets a disabled user log in again. The mistake is NOT_FOUND.
func (s *Service) EnableUser(ctx context.Context, by string, in EnableUserInput) (*store.User, error) {
	return s.administer(ctx, by, in.UserID, "user enabled", func(tx *store.Store, u *store.User, _ time.Time) error {
		if u.DisabledAt == nil {
			return errUnchanged
		}
		return tx.Enable(ctx, u.ID)
	})
}

// RevokeUserSessionsInput is the argument of RevokeUserSessions.
type RevokeUserSessionsInput struct{ UserID string }

// RevokeUserSessions logs a user out everywhere and returns how many sessions
// there were. The mistake is NOT_FOUND.
func (s *Service) RevokeUserSessions(ctx context.Context, by string, in RevokeUserSessionsInput) (int, *store.User, error) {
	u, err := s.userToAdminister(ctx, in.UserID)
	if err != nil {
		return 0, nil, err
	}
	n, err := s.Store.EndOtherSessions(ctx, u.ID, "", s.now())
	if err != nil {
		return 0, nil, fmt.Errorf("revoke sessions: %w", err)
	}
	s.Log.Info().Str("user_id", u.ID).Str("by", by).Int64("count", n).Msg("sessions revoked")
	return int(n), u, nil
}

// DeleteUserInput is the argument of DeleteUser.
type DeleteUserInput struct{ UserID string }

// DeleteUser deletes an account with its sessions and links, and tells its user
// by mail. The mistakes are NOT_FOUND and LAST_ADMIN.
func (s *Service) DeleteUser(ctx context.Context, by string, in DeleteUserInput) error {
	_, err := s.administer(ctx, by, in.UserID, "user deleted", func(tx *store.Store, u *store.User, now time.Time) error {
		return s.deleteUser(ctx, tx, u, Client{}, now)
	})
	if err == nil {
		s.MailQueued()
	}
	return err
}

// errUnchanged says that a user is already as they are to be.
var errUnchanged = errors.New("unchanged")

// administer has f change the user with an id in a transaction, and returns them
// as they are after it; a user whom f deletes, as they were. If something came
// between, so that f answers ErrNotFound, it is tried again with the user as they
// are then. The mistakes are NOT_FOUND and, if f says ErrLastAdmin, LAST_ADMIN.
func (s *Service) administer(ctx context.Context, by, id, what string, f func(tx *store.Store, u *store.User, now time.Time) error) (*store.User, error) {
	for range maxChangeRaces {
		u, err := s.userToAdminister(ctx, id)
		if err != nil {
			return nil, err
		}
		now := s.now()
		err = s.Store.InTx(ctx, func(tx *store.Store) error { return f(tx, u, now) })
		switch {
		case errors.Is(err, store.ErrNotFound):
			continue
		case errors.Is(err, errUnchanged):
			return u, nil
		case errors.Is(err, store.ErrLastAdmin):
			return nil, errLastAdmin("userId")
		case err != nil:
			return nil, fmt.Errorf("%s: %w", what, err)
		}
		s.Log.Info().Str("user_id", id).Str("by", by).Msg(what)
		after, err := s.Store.UserByID(ctx, id)
		if errors.Is(err, store.ErrNotFound) {
			return u, nil
		} else if err != nil {
			return nil, fmt.Errorf("%s: %w", what, err)
		}
		return after, nil
	}
	return nil, errChangeRaces()
}

// userToAdminister returns a user. The mistake is NOT_FOUND.
func (s *Service) userToAdminister(ctx context.Context, id string) (*store.User, error) {
	u, err := s.Store.UserByID(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, userError(NotFound, "userId", "There is no user with this id.")
	} else if err != nil {
		return nil, fmt.Errorf("administer: %w", err)
	}
	return u, nil
}
