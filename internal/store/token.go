package store

import (
	"context"
	"time"
)

// PutToken keeps payload under the SHA-256 of a one-time token for ttl. Only the caller
// knows what the payload means.
func (s *Store) PutToken(ctx context.Context, hash, payload []byte, now time.Time, ttl time.Duration) error {
	_, err := s.conn.Exec(ctx, `/* PutToken */
		INSERT INTO tokens (hash, payload, expires_at) VALUES ($1, $2, $3)
		ON CONFLICT (hash) DO UPDATE SET payload = excluded.payload, expires_at = excluded.expires_at`,
		hash, payload, now.Add(ttl))
	return err
}

// Token returns the payload kept under hash, or ErrNotFound if there is none or
// it expired. Looking does not use the token up; TakeToken does.
func (s *Store) Token(ctx context.Context, hash []byte, now time.Time) (payload []byte, err error) {
	err = s.conn.QueryRow(ctx, `/* Token */
		SELECT payload FROM tokens WHERE hash = $1 AND expires_at > $2`,
		hash, now).Scan(&payload)
	return payload, err
}

// TakeToken returns what Token does, and deletes the token. Of many who take one at
// once, one gets the payload and the others ErrNotFound.
func (s *Store) TakeToken(ctx context.Context, hash []byte, now time.Time) (payload []byte, err error) {
	err = s.conn.QueryRow(ctx, `/* TakeToken */
		DELETE FROM tokens WHERE hash = $1 AND expires_at > $2 RETURNING payload`,
		hash, now).Scan(&payload)
	return payload, err
}
