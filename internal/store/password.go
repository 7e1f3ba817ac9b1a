package store

import (
	"context"
	"time"
)

// SetPassword gives u another hash, which makes every older link dead, does their duty to
// change the password, and makes the account theirs if they were invited. ErrNotFound: see asRead.
func (s *Store) SetPassword(ctx context.Context, u *User, hash string, now time.Time) error {
	return one(s.conn.Exec(ctx, `/* SetPassword */ UPDATE users SET password_hash = $3, must_change_password = FALSE, invited_until = NULL, `+secured("$4")+asRead, u.ID, u.SecurityVersion, hash, now))
}

// RenewHash puts another hash of the same password in the place of one, if that is still
// there.
func (s *Store) RenewHash(ctx context.Context, userID, was, better string) error {
	_, err := s.conn.Exec(ctx, `/* RenewHash */ UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2`, userID, was, better)
	return err
}
