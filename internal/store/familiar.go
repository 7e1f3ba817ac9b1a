package store

import (
	"context"
	"time"
)

// How long a client and a kind of device stay familiar to a user who does not come
// back with them. A device is new again after that.
const (
	clientFamiliar = 30 * 24 * time.Hour
	deviceFamiliar = 180 * 24 * time.Hour
)

// ClientFamiliar reports whether a client is familiar to a user at now: they logged
// in from there in the last 30 days.
func (s *Store) ClientFamiliar(ctx context.Context, userID, client string, now time.Time) (familiar bool, err error) {
	err = s.conn.QueryRow(ctx, `/* ClientFamiliar */
		SELECT EXISTS (SELECT 1 FROM familiar WHERE user_id = $1 AND kind = 'client' AND value = $2 AND last_seen_at > $3)`,
		userID, client, now.Add(-clientFamiliar)).Scan(&familiar)
	return familiar, err
}

// MarkFamiliar makes a client familiar to a user.
func (s *Store) MarkFamiliar(ctx context.Context, userID, client string, now time.Time) error {
	_, err := s.conn.Exec(ctx, `/* MarkFamiliar */
		INSERT INTO familiar (user_id, kind, value, last_seen_at) VALUES ($1, 'client', $2, $3)
		ON CONFLICT (user_id, kind, value) DO UPDATE SET last_seen_at = excluded.last_seen_at`, userID, client, now)
	return err
}
