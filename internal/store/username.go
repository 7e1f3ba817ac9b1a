package store

import (
	"context"
	"time"

	"latchkey/internal/db"
	"latchkey/internal/names"
)

// Every username that somebody has, or may have soon, has one row in the table usernames.
// The row belongs to the user who has the name; or to a holder, for whom the name is kept for
// a while: the key of the address that registered it, or the id of the user who gave it up. So
// the primary key excludes that two have one name. What a deleted account leaves is kept
// apart, where nobody can read it: see reservation.go.

// A name that looks like another's is taken as well (names.Look), so each row has its
// look. Names that looked alike before that was so go on side by side, and so do those of
// an import: looks exclude no rows, only who claims a name asks for them. Two who claim
// names that look alike at once wait for each other at the row of the look, in looks.

// Conditions on a claim of the username $1 with the look $5, by the user $2 (or "") and the
// address $3, at $4: whether another has a name that looks so, and whether the name itself
// is theirs already, which then counts more.
const (
	lookalike = `EXISTS (SELECT 1 FROM usernames o WHERE o.look = $5 AND o.key <> $1
				AND (o.user_id <> $2 OR (o.holder <> $2 AND o.holder <> $3 AND o.held_until > $4)))`
	theirs = `EXISTS (SELECT 1 FROM usernames t WHERE t.key = $1
				AND (t.user_id = $2 OR ((t.holder = $2 OR t.holder = $3) AND t.held_until > $4)))`
)

// UsernameTaken reports whether a username is taken at now for the user with userID
// (or "") and for the address with emailKey: it, or one that looks like it, is another
// user's, or held for somebody else.
func (s *Store) UsernameTaken(ctx context.Context, key, userID, emailKey string, now time.Time) (taken bool, err error) {
	args := []any{key, userID, emailKey, now, names.Look(key)}
	err = s.conn.QueryRow(ctx, `/* UsernameTaken */
		SELECT EXISTS (SELECT 1 FROM usernames
			WHERE key = $1 AND (user_id <> $2 OR (holder <> $2 AND holder <> $3 AND held_until > $4)))
			OR ((`+lookalike+` OR `+s.reserved(&args, key, emailKey, "$4")+`) AND NOT `+theirs+`)`, args...).Scan(&taken)
	return taken, err
}

// free is the condition that such a claim of a name may be made. It adds to args what it needs
// beside these parameters.
func (s *Store) free(args *[]any, key, emailKey string) string {
	return `(` + theirs + ` OR NOT (` + lookalike + ` OR ` + s.reserved(args, key, emailKey, "$4") + `))`
}

// guardLook returns the statement that makes those wait for each other who claim names
// that look alike. It comes before the claim.
func guardLook(key string, now time.Time) db.Stmt {
	return db.Stmt{SQL: `/* guardLook */
		INSERT INTO looks (look, last_at) VALUES ($1, $2)
		ON CONFLICT (look) DO UPDATE SET last_at = excluded.last_at`,
		Args: []any{names.Look(key), now}}
}

// holdUsername returns the statement that holds a username for an address until the time
// given. A hold that the address has already is not prolonged, so nobody can keep a name
// for ever without confirming. The statement touches no row if the name, or one that
// looks like it, is another's.
func (s *Store) holdUsername(key, emailKey string, until, now time.Time) db.Stmt {
	args := []any{key, "", emailKey, now, names.Look(key), until}
	return db.Stmt{SQL: `/* holdUsername */
		INSERT INTO usernames (key, holder, held_until, look) SELECT $1, $3, $6, $5 WHERE ` + s.free(&args, key, emailKey) + `
		ON CONFLICT (key) DO UPDATE SET
			held_until = CASE WHEN usernames.held_until > $4 THEN usernames.held_until ELSE excluded.held_until END,
			holder = excluded.holder, look = excluded.look
		WHERE usernames.user_id IS NULL AND (usernames.holder = excluded.holder OR usernames.held_until <= $4)`,
		Args: args}
}

// ownUsername returns the statement that gives a username to a user who has none. It may
// be held for them or their address. The statement touches no row if the name, or one
// that looks like it, is another's.
func (s *Store) ownUsername(key, userID, emailKey string, now time.Time) db.Stmt {
	args := []any{key, userID, emailKey, now, names.Look(key)}
	return db.Stmt{SQL: `/* ownUsername */
		INSERT INTO usernames (key, user_id, look) SELECT $1, $2, $5 WHERE ` + s.free(&args, key, emailKey) + `
		ON CONFLICT (key) DO UPDATE SET user_id = excluded.user_id, holder = NULL, held_until = NULL, look = excluded.look
		WHERE usernames.user_id IS NULL
			AND (usernames.holder = $2 OR usernames.holder = $3 OR usernames.held_until <= $4)`,
		Args: args}
}

// releaseUsername returns the statement that takes the username from a user, and holds it
// for them until the time given.
func releaseUsername(userID string, until time.Time) db.Stmt {
	return db.Stmt{SQL: `/* releaseUsername */
		UPDATE usernames SET user_id = NULL, holder = $1, held_until = $2 WHERE user_id = $1`, Args: []any{userID, until}}
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
	counts, err := s.batch(ctx, guardLook(key, now), releaseUsername(u.ID, heldUntil), s.ownUsername(key, u.ID, u.EmailKey, now))
	if err == nil && counts[2] == 0 {
		return ErrConflict
	}
	return err
}
