package store

import (
	"context"
	"time"

	"latchkey/internal/db"
)

// How long a client, and a kind of device and a network, stay familiar to a user who
// does not come back with them. They are new again after that.
const (
	clientFamiliar = 30 * 24 * time.Hour
	deviceFamiliar = 180 * 24 * time.Hour
)

// Whence says where a login comes from, by what may be familiar to its user.
type Whence struct {
	Client  string // the client's key
	Device  string // the kind of device
	Network string // the wide network that the client is in
	Token   []byte // the SHA-256 of the id of the device's token; nil if it brings none that counts
}

// ClientFamiliar reports whether a client is familiar to a user at now: they logged
// in from there in the last 30 days.
func (s *Store) ClientFamiliar(ctx context.Context, userID, client string, now time.Time) (familiar bool, err error) {
	err = s.conn.QueryRow(ctx, `/* ClientFamiliar */
		SELECT EXISTS (SELECT 1 FROM familiar WHERE user_id = $1 AND kind = 'client' AND value = $2 AND last_seen_at > $3)`,
		userID, client, now.Add(-clientFamiliar)).Scan(&familiar)
	return familiar, err
}

// MarkFamiliar makes where a user comes from familiar to them, as a login does. Call it
// in a transaction that has already written the user's own row.
func (s *Store) MarkFamiliar(ctx context.Context, userID string, from Whence, now time.Time) error {
	m := from.mark(userID, now, "")
	_, err := s.conn.Exec(ctx, m.SQL, m.Args...)
	return err
}

// mark returns the statement that makes all of w familiar to a user, if the user is as
// the condition says, whose parameters begin with $6.
func (w Whence) mark(userID string, now time.Time, condition string, args ...any) db.Stmt {
	return db.Stmt{
		SQL: `/* MarkFamiliar */
			INSERT INTO familiar (user_id, kind, value, last_seen_at)
			SELECT u.id, k.kind, CASE k.kind WHEN 'device' THEN $2 WHEN 'client' THEN $3 ELSE $4 END, $5
			FROM users u JOIN (SELECT 'device' AS kind UNION ALL SELECT 'client' UNION ALL SELECT 'network') k ON TRUE
			WHERE u.id = $1` + condition + `
			ON CONFLICT (user_id, kind, value) DO UPDATE SET last_seen_at = excluded.last_seen_at`,
		Args: append([]any{userID, w.Device, w.Client, w.Network, now}, args...),
	}
}
