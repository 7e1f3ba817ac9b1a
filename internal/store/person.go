package store

import (
	"context"
	"time"

	"latchkey/internal/db"
)

// Familiar is where a user logged in from: a kind of device, a client or a network.
type Familiar struct {
	Kind       string // device, client, network
	Value      string
	LastSeenAt time.Time
}

// FamiliarOf returns all that is familiar to a user, by kind.
func (s *Store) FamiliarOf(ctx context.Context, userID string) ([]Familiar, error) {
	scan := func(row db.Row) (*Familiar, error) {
		var f Familiar
		err := row.Scan(&f.Kind, &f.Value, &f.LastSeenAt)
		f.LastSeenAt = f.LastSeenAt.UTC()
		return &f, err
	}
	return query(ctx, s.conn, scan, `/* FamiliarOf */
		SELECT kind, value, last_seen_at FROM familiar WHERE user_id = $1 ORDER BY kind, value`, userID)
}

// UndosOf returns what can still be taken back of a user's at now, in the order in which it
// happened.
func (s *Store) UndosOf(ctx context.Context, userID string, now time.Time) ([]Undo, error) {
	return query(ctx, s.conn, scanUndo, `/* UndosOf */
		SELECT `+undoColumns+` FROM undo WHERE user_id = $1 AND expires_at > $2 ORDER BY seq`, userID, now)
}

// MailsOf returns the mails to a user that wait or were given up, and those that wait for
// their address, the oldest first.
func (s *Store) MailsOf(ctx context.Context, u *User) ([]Mail, error) {
	return query(ctx, s.conn, scanMail, `/* MailsOf */
		SELECT `+mailColumns+` FROM outbox WHERE user_id = $1 OR recipient_key = $2 ORDER BY created_at, id`, u.ID, u.EmailKey)
}

// Held is a name that a user gave up and that nobody else gets until then.
type Held struct {
	Name  string // as names are compared
	Until time.Time
}

func scanHeld(row db.Row) (*Held, error) {
	var h Held
	err := row.Scan(&h.Name, &h.Until)
	h.Until = h.Until.UTC()
	return &h, err
}

// Held returns the usernames and the addresses that are held for a user at now.
func (s *Store) Held(ctx context.Context, userID string, now time.Time) (usernames, addresses []Held, err error) {
	usernames, err = query(ctx, s.conn, scanHeld, `/* Held, usernames */
		SELECT key, held_until FROM usernames WHERE holder = $1 AND held_until > $2 ORDER BY key`, userID, now)
	if err != nil {
		return nil, nil, err
	}
	addresses, err = query(ctx, s.conn, scanHeld, `/* Held, addresses */
		SELECT email_key, held_until FROM held_addresses WHERE user_id = $1 AND held_until > $2 ORDER BY email_key`, userID, now)
	return usernames, addresses, err
}
