package store

import (
	"context"
	"time"
)

// Event is something that happened to an account and that "this was not me"
// takes back.
type Event struct {
	ID        string
	UserID    string
	Seq       int64    // order among the user's events; AddEvent decides it
	Kind      MailKind // of the mail that tells of it
	Email     string   // in force before it
	EmailKey  string
	Username  string // in force before it
	Device    string // for people: "Firefox on Linux"
	At        time.Time
	ExpiresAt time.Time // until then it may be taken back
}

// AddEvent writes e and the mail that tells of it. Call it in a transaction that
// has already written the user's own row: that is what puts the events of one
// user in order.
func (s *Store) AddEvent(ctx context.Context, e *Event, m *Mail) error {
	_, err := s.conn.Exec(ctx, `
		INSERT INTO events (id, user_id, seq, kind, email, email_key, username, device, at, expires_at)
		SELECT $1, $2, COALESCE(MAX(seq), 0) + 1, $3, $4, $5, $6, $7, $8, $9 FROM events WHERE user_id = $2`,
		e.ID, e.UserID, e.Kind, e.Email, e.EmailKey, e.Username, e.Device, e.At, e.ExpiresAt)
	if err != nil {
		return err
	}
	return s.EnqueueMail(ctx, m)
}

// Event returns an event that may still be taken back, or ErrNotFound.
func (s *Store) Event(ctx context.Context, id string, now time.Time) (*Event, error) {
	var e Event
	err := s.conn.QueryRow(ctx, `
		SELECT id, user_id, seq, kind, email, email_key, username, device, at, expires_at
		FROM events WHERE id = $1 AND expires_at > $2`, id, now).
		Scan(&e.ID, &e.UserID, &e.Seq, &e.Kind, &e.Email, &e.EmailKey, &e.Username, &e.Device, &e.At, &e.ExpiresAt)
	if err != nil {
		return nil, err
	}
	e.At, e.ExpiresAt = e.At.UTC(), e.ExpiresAt.UTC()
	return &e, nil
}

// forgetLater deletes a user's events that lead to other addresses than this one
// and came after the first in force that leads to it.
func (s *Store) forgetLater(ctx context.Context, userID, emailKey string, now time.Time) error {
	_, err := s.conn.Exec(ctx, `
		DELETE FROM events WHERE user_id = $1 AND email_key <> $2
			AND seq > (SELECT MIN(seq) FROM events WHERE user_id = $1 AND email_key = $2 AND expires_at > $3)`,
		userID, emailKey, now)
	return err
}

// TakeBack puts the account of e back to the address of before it, and to the
// username if e was its change, whatever happened since. It ends all sessions,
// makes the password unusable and every older link dead, also those that would
// take later events back, and no device or client is familiar any more.
// ErrNotFound if e was taken back already or is too old. It returns the user as
// they are then. Call it in a transaction.
func (s *Store) TakeBack(ctx context.Context, e *Event, now time.Time) (*User, error) {
	// The user's row first, as everywhere: who goes on changing things waits
	// here, and finds another security_version then.
	err := one(s.conn.Exec(ctx, `
		UPDATE users SET email = $2, email_key = $3, password_hash = '', `+secured("$4")+` WHERE id = $1`,
		e.UserID, e.Email, e.EmailKey, now))
	if err != nil {
		return nil, err
	}
	if err := one(s.conn.Exec(ctx, `DELETE FROM events WHERE id = $1 AND expires_at > $2`, e.ID, now)); err != nil {
		return nil, err
	}
	if _, err := s.conn.Exec(ctx, `DELETE FROM events WHERE user_id = $1 AND seq > $2`, e.UserID, e.Seq); err != nil {
		return nil, err
	}
	if _, err := s.conn.Exec(ctx, `DELETE FROM familiar WHERE user_id = $1`, e.UserID); err != nil {
		return nil, err
	}
	if err := s.EndSessions(ctx, e.UserID, ""); err != nil {
		return nil, err
	}
	if err := s.dropHold(ctx, e.EmailKey, e.UserID); err != nil {
		return nil, err
	}
	u, err := s.UserByID(ctx, e.UserID)
	if err != nil || e.Kind != MailUsernameChanged {
		return u, err
	}
	if err := s.rename(ctx, u, e.Username, e.ExpiresAt, now); err != nil {
		return nil, err
	}
	u.Username = e.Username
	return u, nil
}
