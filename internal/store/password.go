package store

import (
	"context"
	"time"
)

// SetPassword gives u another hash, which makes every older link dead. ErrNotFound: see
// asRead.
func (s *Store) SetPassword(ctx context.Context, u *User, hash string, now time.Time) error {
	return one(s.conn.Exec(ctx, `/* SetPassword */ UPDATE users SET password_hash = $3, `+secured("$4")+asRead, u.ID, u.SecurityVersion, hash, now))
}
