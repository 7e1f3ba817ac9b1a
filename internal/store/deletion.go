package store

import (
	"context"
	"time"

	"latchkey/internal/db"
	"latchkey/internal/names"
)

// DeleteUser deletes u with all that is theirs. Names and addresses that are held stay
// held, and the name that they have now is held for their address until heldUntil, so
// that they alone may come back to it; history stays. The errors are ErrLastAdmin, and
// ErrNotFound if u is no longer at the security_version that was read. Call it in a
// transaction.
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

// FormerAddress is an address that a user gave up and that is held for them.
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

// FormerAddresses returns the addresses that u gave up, as far as an event can still be
// taken back to them and they are held at now.
func (s *Store) FormerAddresses(ctx context.Context, u *User, now time.Time) ([]FormerAddress, error) {
	return query(ctx, s.conn, scanFormerAddress, `/* FormerAddresses */
		SELECT email_key, held_until FROM held_addresses
		WHERE email_key IN (SELECT email_key FROM undo WHERE user_id = $1) AND user_id = $1 AND email_key <> $2 AND held_until > $3`,
		u.ID, u.EmailKey, now)
}
