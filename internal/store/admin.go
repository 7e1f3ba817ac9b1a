package store

import (
	"context"
	"errors"
	"time"
)

// ErrLastAdmin says that a change would leave the service without an administrator (E6), and
// ErrHasAdmin that there is one already.
var (
	ErrLastAdmin = errors.New("the last administrator")
	ErrHasAdmin  = errors.New("there is an administrator")
)

// inOffice is the condition that a user with the role is an administrator who can act: not
// disabled, and not somebody who was invited and may never come.
const inOffice = `role = 'ADMIN' AND disabled_at IS NULL AND invited_until IS NULL`

// guardAdministrators has transactions wait for each other that take an administrator away
// or make the first: each sees what those before it left. A condition on other rows alone
// would be no lock.
func (s *Store) guardAdministrators(ctx context.Context) error {
	_, err := s.conn.Exec(ctx, `/* keepAdministrator, the guard */ UPDATE guards SET count = count + 1 WHERE name = 'administrators'`)
	return err
}

// keepAdministrator returns ErrLastAdmin if the user with this id is the only
// administrator in office. Call it first in each transaction that may take an
// administrator away.
func (s *Store) keepAdministrator(ctx context.Context, id string) error {
	if err := s.guardAdministrators(ctx); err != nil {
		return err
	}
	var last bool
	err := s.conn.QueryRow(ctx, `/* keepAdministrator */
		SELECT EXISTS (SELECT 1 FROM users WHERE id = $1 AND `+inOffice+`)
			AND NOT EXISTS (SELECT 1 FROM users WHERE id <> $1 AND `+inOffice+`)`, id).Scan(&last)
	if err == nil && last {
		return ErrLastAdmin
	}
	return err
}

// NoAdministrator returns ErrHasAdmin if there is an administrator in office. Call it first
// in the transaction that makes the first one: of several that do so at once, one does.
func (s *Store) NoAdministrator(ctx context.Context) error {
	if err := s.guardAdministrators(ctx); err != nil {
		return err
	}
	has, err := s.HasAdmin(ctx)
	if err == nil && has {
		err = ErrHasAdmin
	}
	return err
}

// SetRole changes what a user may do, which counts on their next request. The errors are
// ErrLastAdmin, and ErrNotFound, also if they have the role already. Call it in a
// transaction.
func (s *Store) SetRole(ctx context.Context, id string, role Role, now time.Time) error {
	if role != RoleAdmin {
		if err := s.keepAdministrator(ctx, id); err != nil {
			return err
		}
	}
	return one(s.conn.Exec(ctx, `/* SetRole */ UPDATE users SET role = $2, updated_at = $3 WHERE id = $1 AND role <> $2`, id, role, now))
}

// Disable disables u, ends all their sessions and makes every older link dead. The errors
// are ErrLastAdmin, and ErrNotFound, also if they are disabled already: see asRead. Call
// it in a transaction.
func (s *Store) Disable(ctx context.Context, u *User, now time.Time) error {
	if err := s.keepAdministrator(ctx, u.ID); err != nil {
		return err
	}
	err := one(s.conn.Exec(ctx, `/* Disable */
		UPDATE users SET disabled_at = $3, `+secured("$3")+asRead, u.ID, u.SecurityVersion, now))
	if err != nil {
		return err
	}
	return s.EndSessions(ctx, u.ID, "")
}

// Enable lets a disabled user log in again. The error is ErrNotFound also if they are
// not disabled.
func (s *Store) Enable(ctx context.Context, id string) error {
	return one(s.conn.Exec(ctx, `/* Enable */ UPDATE users SET disabled_at = NULL WHERE id = $1 AND disabled_at IS NOT NULL`, id))
}

// Administrators returns at most n administrators in office, but the user with
// the id except: the one with the id first, if that is one, and then the oldest.
func (s *Store) Administrators(ctx context.Context, except, first string, n int) ([]User, error) {
	return query(ctx, s.conn, scanUser, `/* Administrators */
		SELECT `+userColumns+` FROM users u WHERE u.role = 'ADMIN' AND u.disabled_at IS NULL AND u.invited_until IS NULL AND u.id <> $1
		ORDER BY CASE WHEN u.id = $2 THEN 0 ELSE 1 END, u.created_at, u.id LIMIT $3`, except, first, n)
}

// HasAdmin reports whether there is an administrator in office.
func (s *Store) HasAdmin(ctx context.Context) (has bool, err error) {
	err = s.conn.QueryRow(ctx, `/* HasAdmin */ SELECT EXISTS (SELECT 1 FROM users WHERE `+inOffice+`)`).Scan(&has)
	return has, err
}
