package store

import (
	"context"
	"errors"
	"time"
)

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

// UsersByPendingEmail returns up to n users who wait for the confirmation of an
// address at now: the one with id first, then those who have waited longest.
func (s *Store) UsersByPendingEmail(ctx context.Context, key, id string, now time.Time, n int) ([]User, error) {
	return query(ctx, s.conn, scanUser, `/* UsersByPendingEmail */
		SELECT `+userColumns+` FROM users u WHERE u.pending_email_key = $1 AND u.pending_until > $3 AND u.disabled_at IS NULL
		ORDER BY CASE WHEN u.id = $2 THEN 0 ELSE 1 END, u.pending_until, u.id LIMIT $4`, key, id, now, n)
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

// HeldFor returns the user whom an address is held for, or ErrNotFound.
func (s *Store) HeldFor(ctx context.Context, key string, now time.Time) (userID string, err error) {
	err = s.conn.QueryRow(ctx, `/* HeldFor */
		SELECT user_id FROM held_addresses WHERE email_key = $1 AND held_until > $2`, key, now).Scan(&userID)
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

// dropHold ends the hold on an address that its user came back to: whoever
// deletes their account then finds the address free.
func (s *Store) dropHold(ctx context.Context, key, userID string) error {
	_, err := s.conn.Exec(ctx, `/* dropHold */ DELETE FROM held_addresses WHERE email_key = $1 AND user_id = $2`, key, userID)
	return err
}
