package store

import (
	"context"
	"errors"
	"time"
)

// SetPendingEmail makes an address wait for its confirmation, until the time given. It
// replaces one that waits already, whose links are dead then. ErrNotFound: see asRead.
func (s *Store) SetPendingEmail(ctx context.Context, u *User, address, key string, until time.Time) error {
	return one(s.conn.Exec(ctx, `/* SetPendingEmail */
		UPDATE users SET pending_email = $3, pending_email_key = $4, pending_until = $5`+asRead,
		u.ID, u.SecurityVersion, address, key, until))
}

// DropPendingEmail forgets the address that waits, if it is the one with this key.
// ErrNotFound if it is not: see asRead.
func (s *Store) DropPendingEmail(ctx context.Context, u *User, key string) error {
	return one(s.conn.Exec(ctx, `/* DropPendingEmail */
		UPDATE users SET pending_email = NULL, pending_email_key = NULL, pending_until = NULL`+asRead+` AND pending_email_key = $3`,
		u.ID, u.SecurityVersion, key))
}

// ConfirmPendingEmail gives u the address that waits, if it is the one with this key,
// and makes every older link dead. The old address stays held for the user until
// heldUntil. The error is ErrConflict if the new one is taken, and ErrNotFound if it no
// longer waits: see asRead.
//
// back reports whether the user came back to an address that was held for them. That
// takes back the change away from it, so nothing that came later can be taken back to
// the address that they leave now.
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

// UsersByPendingEmail returns up to n users for whom the address with this key waits for
// its confirmation at now: the user with this id first, then those who wait longest.
func (s *Store) UsersByPendingEmail(ctx context.Context, key, id string, now time.Time, n int) ([]User, error) {
	return query(ctx, s.conn, scanUser, `/* UsersByPendingEmail */
		SELECT `+userColumns+` FROM users u WHERE u.pending_email_key = $1 AND u.pending_until > $3 AND u.disabled_at IS NULL
		ORDER BY CASE WHEN u.id = $2 THEN 0 ELSE 1 END, u.pending_until, u.id LIMIT $4`, key, id, now, n)
}

// EmailTaken reports whether an address has an account, or is held for one at now.
func (s *Store) EmailTaken(ctx context.Context, key string, now time.Time) (taken bool, err error) {
	args := []any{key, now}
	err = s.conn.QueryRow(ctx, `/* EmailTaken */
		SELECT EXISTS (SELECT 1 FROM users WHERE email_key = $1)
			OR EXISTS (SELECT 1 FROM held_addresses WHERE email_key = $1 AND held_until > $2)
			OR `+s.addressReserved(&args, key, "$2"), args...).Scan(&taken)
	return taken, err
}

// addressFree returns ErrConflict if an address is held for another user. Call it after
// the statement that takes the address: whoever gave the address up at the same time has
// written their hold by then.
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

// HeldFor returns the id of the user whom an address is held for at now, or ErrNotFound. The
// id is "" of one who is gone.
func (s *Store) HeldFor(ctx context.Context, key string, now time.Time) (userID string, err error) {
	args := []any{key, now}
	err = s.conn.QueryRow(ctx, `/* HeldFor */
		SELECT user_id FROM held_addresses WHERE email_key = $1 AND held_until > $2
		UNION ALL SELECT '' WHERE `+s.addressReserved(&args, key, "$2")+` LIMIT 1`, args...).Scan(&userID)
	return userID, err
}

// holdAddress keeps an address that a user gave up from everybody else.
func (s *Store) holdAddress(ctx context.Context, key, userID string, until time.Time) error {
	_, err := s.conn.Exec(ctx, `/* holdAddress */
		INSERT INTO held_addresses (email_key, user_id, held_until) VALUES ($1, $2, $3)
		ON CONFLICT (email_key) DO UPDATE SET user_id = excluded.user_id, held_until = excluded.held_until`,
		key, userID, until)
	return err
}

// dropHold ends the hold on an address that its user came back to. So the address is
// free if they delete their account later.
func (s *Store) dropHold(ctx context.Context, key, userID string) error {
	_, err := s.conn.Exec(ctx, `/* dropHold */ DELETE FROM held_addresses WHERE email_key = $1 AND user_id = $2`, key, userID)
	return err
}
