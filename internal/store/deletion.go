package store

import (
	"context"
	"slices"
	"time"

	"latchkey/internal/db"
)

// DeleteUser deletes u with all that is theirs: what is left are history, notices that wait,
// and what others registered with their address. Names and addresses that are held stay held,
// and the name that they have now is held for their address until heldUntil, so that they
// alone may come back to it; but nobody can read them any more. The errors are ErrLastAdmin,
// and ErrNotFound if u is no longer at the security_version that was read. Call it in a
// transaction.
func (s *Store) DeleteUser(ctx context.Context, u *User, now, heldUntil time.Time) error {
	if err := s.keepAdministrator(ctx, u.ID); err != nil {
		return err
	}
	// Those who claim one of the names wait at its look, as they do for each other, and find
	// it reserved then. The user's row comes before: they may be claiming one themselves.
	err := one(s.conn.Exec(ctx, `/* DeleteUser, the guard */
		UPDATE users SET updated_at = $3 WHERE id = $1 AND security_version = $2`, u.ID, u.SecurityVersion, now))
	if err != nil {
		return err
	}
	left, err := s.leavesOf(ctx, u, now, heldUntil)
	if err != nil {
		return err
	}
	stmts, err := s.reserve(left)
	if err != nil {
		return err
	}
	looks := looksOf(left)
	for i, look := range looks {
		stmts = slices.Insert(stmts, i, guardLook(look, now))
		stmts = append(stmts, db.Stmt{SQL: `/* DeleteUser, the look */ DELETE FROM looks WHERE look = $1`, Args: []any{look}})
	}
	_, err = s.batch(ctx, append(stmts,
		db.Stmt{SQL: `/* DeleteUser, held usernames */ DELETE FROM usernames WHERE holder = $1`, Args: []any{u.ID}},
		db.Stmt{SQL: `/* DeleteUser, held addresses */ DELETE FROM held_addresses WHERE user_id = $1`, Args: []any{u.ID}},
		db.Stmt{SQL: `/* DeleteUser, mails */ DELETE FROM outbox WHERE user_id = $1 AND (failed_at IS NOT NULL OR kind IN ` + asked + `)`, Args: []any{u.ID}},
		db.Stmt{SQL: `/* DeleteUser, mails to the address */ DELETE FROM outbox WHERE recipient_key = $1 AND kind IN ` + asked, Args: []any{u.EmailKey}},
		db.Stmt{SQL: `/* DeleteUser */ DELETE FROM users WHERE id = $1`, Args: []any{u.ID}})...)
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
