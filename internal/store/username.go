package store

import (
	"context"
	"time"

	"latchkey/internal/db"
	"latchkey/internal/names"
)

// Every username that is not free has one row in the table usernames. The row belongs to
// the user who has the name; or to a holder, for whom the name is kept for a while: the
// key of the address that registered it, or the id of the user who gave it up. So the
// primary key excludes that two have one name.

// UsernameTaken reports whether a username is taken at now for the user with userID
// (or "") and for the address with emailKey: it is another user's, or held for somebody
// else.
func (s *Store) UsernameTaken(ctx context.Context, key, userID, emailKey string, now time.Time) (taken bool, err error) {
	err = s.conn.QueryRow(ctx, `/* UsernameTaken */
		SELECT EXISTS (SELECT 1 FROM usernames
			WHERE key = $1 AND (user_id <> $2 OR (holder <> $2 AND holder <> $3 AND held_until > $4)))`,
		key, userID, emailKey, now).Scan(&taken)
	return taken, err
}

// holdUsername returns the statement that holds a username for an address until the time
// given. A hold that the address has already is not prolonged, so nobody can keep a name
// for ever without confirming. The statement touches no row if the name is another's.
func holdUsername(key, emailKey string, until, now time.Time) db.Stmt {
	return db.Stmt{SQL: `/* holdUsername */
		INSERT INTO usernames (key, holder, held_until) VALUES ($1, $2, $3)
		ON CONFLICT (key) DO UPDATE SET
			held_until = CASE WHEN usernames.held_until > $4 THEN usernames.held_until ELSE excluded.held_until END,
			holder = excluded.holder
		WHERE usernames.user_id IS NULL AND (usernames.holder = excluded.holder OR usernames.held_until <= $4)`,
		Args: []any{key, emailKey, until, now}}
}

// ownUsername gives a username to a user who has none. It may be held for them or their
// address. The error is ErrConflict if it is another's.
func (s *Store) ownUsername(ctx context.Context, key, userID, emailKey string, now time.Time) error {
	n, err := s.conn.Exec(ctx, `/* ownUsername */
		INSERT INTO usernames (key, user_id) VALUES ($1, $2)
		ON CONFLICT (key) DO UPDATE SET user_id = excluded.user_id, holder = NULL, held_until = NULL
		WHERE usernames.user_id IS NULL
			AND (usernames.holder = $2 OR usernames.holder = $3 OR usernames.held_until <= $4)`,
		key, userID, emailKey, now)
	if err == nil && n == 0 {
		return ErrConflict
	}
	return err
}

// releaseUsername takes the username from a user, and holds it for them until the time
// given.
func (s *Store) releaseUsername(ctx context.Context, userID string, until time.Time) error {
	_, err := s.conn.Exec(ctx, `/* releaseUsername */
		UPDATE usernames SET user_id = NULL, holder = $1, held_until = $2 WHERE user_id = $1`, userID, until)
	return err
}

// SetUsername gives u another username. The old one stays held for the user until
// heldUntil. The error is ErrConflict if the new one is taken, or ErrNotFound: see
// asRead, also if another change of it came between.
func (s *Store) SetUsername(ctx context.Context, u *User, username string, now, heldUntil time.Time) error {
	err := one(s.conn.Exec(ctx, `/* SetUsername */
		UPDATE users SET updated_at = $3, username_made = FALSE`+asRead+` AND username = $4`, u.ID, u.SecurityVersion, now, u.Username))
	if err != nil {
		return err
	}
	return s.rename(ctx, u, username, heldUntil, now)
}

// rename gives u another username, in a transaction that has written u's row before.
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
