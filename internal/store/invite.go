package store

import (
	"context"
	"time"
)

// Invite has the invitation of u last until the time given. The error is ErrNotFound if they
// have taken it, or are no longer as they were read: see asRead.
func (s *Store) Invite(ctx context.Context, u *User, until time.Time) error {
	return one(s.conn.Exec(ctx, `/* Invite */
		UPDATE users SET invited_until = $3`+asRead+` AND last_login_at IS NULL`, u.ID, u.SecurityVersion, until))
}
