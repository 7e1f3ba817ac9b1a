package store

import (
	"context"
	"time"

	"latchkey/internal/db"
)

// Rotation is what a refresh writes: the next state of a session.
type Rotation struct {
	Generation int64
	Rotations  []byte
	IPAddress  *string
	UsedAt     time.Time
	ExpiresAt  time.Time
	UserID     string
	Device     string // the kind of device that is familiar from now on again, or ""
	Network    string // with it, the network, if it was familiar
}

// RotateSession moves a session from one generation to the next. The error is
// ErrNotFound if the session is no longer at the generation from: another refresh was
// faster, or the session has ended.
func (s *Store) RotateSession(ctx context.Context, id string, from int64, r Rotation) error {
	rotate := db.Stmt{SQL: `/* RotateSession */
		UPDATE sessions SET generation = $3, rotations = $4, ip_address = $5, last_used_at = $6, expires_at = $7
		WHERE id = $1 AND generation = $2 AND expires_at > $6`,
		Args: []any{id, from, r.Generation, r.Rotations, r.IPAddress, r.UsedAt, r.ExpiresAt}}
	if r.Device == "" {
		return one(s.conn.Exec(ctx, rotate.SQL, rotate.Args...))
	}
	counts, err := s.batch(ctx, rotate, db.Stmt{
		SQL: `/* RotateSession, what is familiar */
			UPDATE familiar SET last_seen_at = $3 WHERE user_id = $1 AND last_seen_at < $3
			AND (kind = 'device' AND value = $2 OR kind = 'network' AND value = $4)`,
		Args: []any{r.UserID, r.Device, r.UsedAt, r.Network},
	})
	if err != nil {
		return err
	}
	return one(counts[0], nil)
}
