package store

import (
	"context"
	"errors"
	"time"

	"latchkey/internal/names"
)

// The statements of this file change a user who is still as they were read: at
// the same security_version, and not disabled. If something came between they
// change nothing and answer ErrNotFound. They are for transactions, in which they
// come before all that goes with them.

// secured is the part of an UPDATE of users that makes every older link dead, a
// pending change of address included. at is the parameter that holds the time.
func secured(at string) string {
	return `security_version = security_version + 1, secured_at = ` + at + `, updated_at = ` + at + `,
			pending_email = NULL, pending_email_key = NULL, pending_until = NULL`
}

const asRead = ` WHERE id = $1 AND security_version = $2 AND disabled_at IS NULL`

// SetPassword replaces u's hash, which makes every older link dead.
func (s *Store) SetPassword(ctx context.Context, u *User, hash string, now time.Time) error {
	return one(s.conn.Exec(ctx, `/* SetPassword */ UPDATE users SET password_hash = $3, `+secured("$4")+asRead, u.ID, u.SecurityVersion, hash, now))
}

// SetPendingEmail has an address wait for its confirmation until the time given.
// It replaces another that waits, whose links are dead then.
func (s *Store) SetPendingEmail(ctx context.Context, u *User, address, key string, until time.Time) error {
	return one(s.conn.Exec(ctx, `/* SetPendingEmail */
		UPDATE users SET pending_email = $3, pending_email_key = $4, pending_until = $5`+asRead,
		u.ID, u.SecurityVersion, address, key, until))
}

// DropPendingEmail forgets the address that waits, if it is this one.
func (s *Store) DropPendingEmail(ctx context.Context, u *User, key string) error {
	return one(s.conn.Exec(ctx, `/* DropPendingEmail */
		UPDATE users SET pending_email = NULL, pending_email_key = NULL, pending_until = NULL`+asRead+` AND pending_email_key = $3`,
		u.ID, u.SecurityVersion, key))
}

// ConfirmPendingEmail makes the address that waits, if it is the one with key,
// the account's, and every older link dead. The old address stays held for the
// user until the time given. ErrConflict if the new one is taken.
//
// back says that the user came back to an address that was held for them. That
// takes back what led away from it, so that no later event can lead there again.
func (s *Store) ConfirmPendingEmail(ctx context.Context, u *User, key string, now, heldUntil time.Time) (back bool, err error) {
	err = one(s.conn.Exec(ctx, `/* ConfirmPendingEmail */
		UPDATE users SET email = pending_email, email_key = pending_email_key, `+secured("$4")+asRead+`
			AND pending_email_key = $3 AND pending_until > $4`,
		u.ID, u.SecurityVersion, key, now))
	if err != nil {
		return false, err
	}
	holder, err := s.HeldFor(ctx, key, now)
	switch back = err == nil && holder == u.ID; {
	case err != nil && !errors.Is(err, ErrNotFound):
		return false, err
	case err == nil && !back:
		return false, ErrConflict
	case key == u.EmailKey:
		return false, nil
	}
	if back {
		if err := s.forgetLater(ctx, u.ID, key, now); err != nil {
			return false, err
		}
	}
	if err := s.dropHold(ctx, key, u.ID); err != nil {
		return false, err
	}
	return back, s.holdAddress(ctx, u.EmailKey, u.ID, heldUntil)
}

// SetUsername gives u another username. The old one stays held for the user
// until the time given. ErrConflict if the new one is taken.
func (s *Store) SetUsername(ctx context.Context, u *User, username string, now, heldUntil time.Time) error {
	err := one(s.conn.Exec(ctx, `/* SetUsername */ UPDATE users SET updated_at = $3`+asRead, u.ID, u.SecurityVersion, now))
	if err != nil {
		return err
	}
	return s.rename(ctx, u, username, heldUntil, now)
}

// rename moves u, whose row this transaction has written, to another username.
func (s *Store) rename(ctx context.Context, u *User, username string, heldUntil, now time.Time) error {
	_, err := s.conn.Exec(ctx, `/* rename */ UPDATE users SET username = $2 WHERE id = $1`, u.ID, username)
	key := names.Lower(username)
	if err != nil || key == names.Lower(u.Username) {
		return err
	}
	if err := s.releaseUsername(ctx, u.ID, heldUntil); err != nil {
		return err
	}
	return s.ownUsername(ctx, key, u.ID, u.EmailKey, now)
}

// MarkFamiliar has a client be familiar to a user.
func (s *Store) MarkFamiliar(ctx context.Context, userID, client string, now time.Time) error {
	_, err := s.conn.Exec(ctx, `/* MarkFamiliar */
		INSERT INTO familiar (user_id, kind, value, last_seen_at) VALUES ($1, 'client', $2, $3)
		ON CONFLICT (user_id, kind, value) DO UPDATE SET last_seen_at = excluded.last_seen_at`, userID, client, now)
	return err
}

// UsersByPendingEmail returns up to n users who wait for the confirmation of an
// address at now: the one with id first, then those who have waited longest.
func (s *Store) UsersByPendingEmail(ctx context.Context, key, id string, now time.Time, n int) ([]User, error) {
	return s.users(ctx, `/* UsersByPendingEmail */
		SELECT `+userColumns+` FROM users u WHERE u.pending_email_key = $1 AND u.pending_until > $3 AND u.disabled_at IS NULL
		ORDER BY CASE WHEN u.id = $2 THEN 0 ELSE 1 END, u.pending_until, u.id LIMIT $4`, key, id, now, n)
}

// holdAddress keeps an address that a user gave up from everybody else.
func (s *Store) holdAddress(ctx context.Context, key, userID string, until time.Time) error {
	_, err := s.conn.Exec(ctx, `/* holdAddress */
		INSERT INTO held_addresses (email_key, user_id, held_until) VALUES ($1, $2, $3)
		ON CONFLICT (email_key) DO UPDATE SET user_id = excluded.user_id, held_until = excluded.held_until`,
		key, userID, until)
	return err
}

// dropHold ends the hold on an address that its user came back to: whoever
// deletes their account then finds the address free.
func (s *Store) dropHold(ctx context.Context, key, userID string) error {
	_, err := s.conn.Exec(ctx, `/* dropHold */ DELETE FROM held_addresses WHERE email_key = $1 AND user_id = $2`, key, userID)
	return err
}

// HeldFor returns the user whom an address is held for, or ErrNotFound.
func (s *Store) HeldFor(ctx context.Context, key string, now time.Time) (userID string, err error) {
	err = s.conn.QueryRow(ctx, `/* HeldFor */
		SELECT user_id FROM held_addresses WHERE email_key = $1 AND held_until > $2`, key, now).Scan(&userID)
	return userID, err
}

// FormerAddress is one that a user left and that is held for them.
type FormerAddress struct {
	EmailKey  string
	HeldUntil time.Time
}

// FormerAddresses returns those of u.
func (s *Store) FormerAddresses(ctx context.Context, u *User, now time.Time) ([]FormerAddress, error) {
	rows, err := s.conn.Query(ctx, `/* FormerAddresses */
		SELECT email_key, held_until FROM held_addresses
		WHERE email_key IN (SELECT email_key FROM undo WHERE user_id = $1) AND user_id = $1 AND email_key <> $2 AND held_until > $3`,
		u.ID, u.EmailKey, now)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	list := []FormerAddress{}
	for rows.Next() {
		var f FormerAddress
		if err := rows.Scan(&f.EmailKey, &f.HeldUntil); err != nil {
			return nil, err
		}
		f.HeldUntil = f.HeldUntil.UTC()
		list = append(list, f)
	}
	return list, rows.Err()
}

// EmailTaken says whether an address has an account or is held for one.
func (s *Store) EmailTaken(ctx context.Context, key string, now time.Time) (taken bool, err error) {
	err = s.conn.QueryRow(ctx, `/* EmailTaken */
		SELECT EXISTS (SELECT 1 FROM users WHERE email_key = $1)
			OR EXISTS (SELECT 1 FROM held_addresses WHERE email_key = $1 AND held_until > $2)`, key, now).Scan(&taken)
	return taken, err
}

// addressFree answers ErrConflict if an address is held for another user. It
// comes after the statement that takes the address: who gives it up meanwhile has
// then written the hold.
func (s *Store) addressFree(ctx context.Context, key, userID string, now time.Time) error {
	holder, err := s.HeldFor(ctx, key, now)
	if errors.Is(err, ErrNotFound) || err == nil && holder == userID {
		return nil
	}
	if err == nil {
		err = ErrConflict
	}
	return err
}

// EndSessions ends the sessions of a user but keep, or all if that is "".
func (s *Store) EndSessions(ctx context.Context, userID, keep string) error {
	_, err := s.conn.Exec(ctx, `/* EndSessions */ DELETE FROM sessions WHERE user_id = $1 AND id <> $2`, userID, keep)
	return err
}
