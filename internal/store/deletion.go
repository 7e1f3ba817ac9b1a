package store

import (
	"context"
	"time"

	"latchkey/internal/db"
	"latchkey/internal/names"
)

// DeleteUser deletes u, who is still at the security_version that was read, with
// all that is theirs. Held names and addresses stay held, their present name is
// for their address until the time given, so that they alone may come back to it,
// and history stays. ErrNotFound, ErrLastAdmin. Call it in a transaction.
func (s *Store) DeleteUser(ctx context.Context, u *User, now, heldUntil time.Time) error {
	if err := s.keepAdministrator(ctx, u.ID); err != nil {
		return err
	}
	err := one(s.conn.Exec(ctx, `/* DeleteUser */
		DELETE FROM users WHERE id = $1 AND security_version = $2`, u.ID, u.SecurityVersion))
	if err != nil {
		return err
	}
	// The row of the name went with the user's. Whoever waits for it finds this one.
	_, err = s.batch(ctx, holdUsername(names.Lower(u.Username), u.EmailKey, heldUntil, now))
	return err
}

// FormerAddress is one that a user left and that is held for them.
type FormerAddress struct {
	EmailKey  string
	HeldUntil time.Time
}

func scanFormerAddress(row db.Row) (*FormerAddress, error) {
	var f FormerAddress
	err := row.Scan(&f.EmailKey, &f.HeldUntil)
	f.HeldUntil = f.HeldUntil.UTC()
	return &f, err
}

// FormerAddresses returns those of u, at now, but for the one that they came back to.
func (s *Store) FormerAddresses(ctx context.Context, u *User, now time.Time) ([]FormerAddress, error) {
	return query(ctx, s.conn, scanFormerAddress, `/* FormerAddresses */
		SELECT email_key, held_until FROM held_addresses
		WHERE email_key IN (SELECT email_key FROM undo WHERE user_id = $1) AND user_id = $1 AND email_key <> $2 AND held_until > $3`,
		u.ID, u.EmailKey, now)
}
