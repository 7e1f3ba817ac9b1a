package store

import (
	"context"
	"strings"
	"time"
)

// Undo is what "this was not me" puts an account back to: what was in force
// before an event. Each has a row until it may no longer be taken back.
type Undo struct {
	ID        string
	UserID    string
	Seq       int64     // order among the user's; AddUndo decides it
	Kind      EventKind // what happened
	Email     string    // in force before it
	EmailKey  string
	Username  string // in force before it
	Device    string // what it came from, for people: "Firefox on Linux"
	At        time.Time
	ExpiresAt time.Time // until then it may be taken back
}

// AddUndo writes u. Call it in a transaction that has already written the user's
// own row: that is what puts the rows of one user in order.
func (s *Store) AddUndo(ctx context.Context, u *Undo) error {
	_, err := s.conn.Exec(ctx, `/* AddUndo */
		INSERT INTO undo (id, user_id, seq, kind, email, email_key, username, device, at, expires_at)
		SELECT $1, $2, COALESCE(MAX(seq), 0) + 1, $3, $4, $5, $6, $7, $8, $9 FROM undo WHERE user_id = $2`,
		u.ID, u.UserID, strings.ToLower(string(u.Kind)), u.Email, u.EmailKey, u.Username, u.Device, u.At, u.ExpiresAt)
	return err
}

// Undo returns what may still be taken back, or ErrNotFound.
func (s *Store) Undo(ctx context.Context, id string, now time.Time) (*Undo, error) {
	var u Undo
	var kind string // in small letters here
	err := s.conn.QueryRow(ctx, `/* Undo */
		SELECT id, user_id, seq, kind, email, email_key, username, device, at, expires_at
		FROM undo WHERE id = $1 AND expires_at > $2`, id, now).
		Scan(&u.ID, &u.UserID, &u.Seq, &kind, &u.Email, &u.EmailKey, &u.Username, &u.Device, &u.At, &u.ExpiresAt)
	if err != nil {
		return nil, err
	}
	u.Kind, u.At, u.ExpiresAt = EventKind(strings.ToUpper(kind)), u.At.UTC(), u.ExpiresAt.UTC()
	return &u, nil
}

// forgetLater deletes what would put a user back to other addresses than this one,
// as far as it came after the first row in force that leads to it.
func (s *Store) forgetLater(ctx context.Context, userID, emailKey string, now time.Time) error {
	_, err := s.conn.Exec(ctx, `/* forgetLater */
		DELETE FROM undo WHERE user_id = $1 AND email_key <> $2
			AND seq > (SELECT MIN(seq) FROM undo WHERE user_id = $1 AND email_key = $2 AND expires_at > $3)`,
		userID, emailKey, now)
	return err
}

// TakeBack puts the account of b back to the address of before it, and to the
// username if b is of a change of that, whatever happened since. It ends all
// sessions, makes the password unusable and every older link dead, also those that
// would take later events back, and no device or client is familiar any more.
// ErrNotFound if b was taken back already or is too old. It returns the user as
// they are then. Call it in a transaction.
func (s *Store) TakeBack(ctx context.Context, b *Undo, now time.Time) (*User, error) {
	// The user's row first, as everywhere: who goes on changing things waits
	// here, and finds another security_version then.
	err := one(s.conn.Exec(ctx, `/* TakeBack */
		UPDATE users SET email = $2, email_key = $3, password_hash = '', `+secured("$4")+` WHERE id = $1`,
		b.UserID, b.Email, b.EmailKey, now))
	if err != nil {
		return nil, err
	}
	if err := one(s.conn.Exec(ctx, `/* TakeBack, its use */
		DELETE FROM undo WHERE id = $1 AND expires_at > $2`, b.ID, now)); err != nil {
		return nil, err
	}
	if _, err := s.conn.Exec(ctx, `/* TakeBack, what came later */
		DELETE FROM undo WHERE user_id = $1 AND seq > $2`, b.UserID, b.Seq); err != nil {
		return nil, err
	}
	if _, err := s.conn.Exec(ctx, `/* TakeBack, who was familiar */
		DELETE FROM familiar WHERE user_id = $1`, b.UserID); err != nil {
		return nil, err
	}
	if err := s.EndSessions(ctx, b.UserID, ""); err != nil {
		return nil, err
	}
	if err := s.dropHold(ctx, b.EmailKey, b.UserID); err != nil {
		return nil, err
	}
	u, err := s.UserByID(ctx, b.UserID)
	if err != nil || b.Kind != EventUsernameChanged {
		return u, err
	}
	if err := s.rename(ctx, u, b.Username, b.ExpiresAt, now); err != nil {
		return nil, err
	}
	u.Username = b.Username
	return u, nil
}
