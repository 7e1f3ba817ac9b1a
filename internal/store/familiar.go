package store

import (
	"context"
	"time"
)

// Familiar says whether a user logged in with this kind of device or from this
// client (kind is "device" or "client") after since.
func (s *Store) Familiar(ctx context.Context, userID, kind, value string, since time.Time) (known bool, err error) {
	err = s.conn.QueryRow(ctx, `/* Familiar */
		SELECT EXISTS (SELECT 1 FROM familiar WHERE user_id = $1 AND kind = $2 AND value = $3 AND last_seen_at > $4)`,
		userID, kind, value, since).Scan(&known)
	return known, err
}

// MarkFamiliar has a client be familiar to a user.
func (s *Store) MarkFamiliar(ctx context.Context, userID, client string, now time.Time) error {
	_, err := s.conn.Exec(ctx, `/* MarkFamiliar */
		INSERT INTO familiar (user_id, kind, value, last_seen_at) VALUES ($1, 'client', $2, $3)
		ON CONFLICT (user_id, kind, value) DO UPDATE SET last_seen_at = excluded.last_seen_at`, userID, client, now)
	return err
}
