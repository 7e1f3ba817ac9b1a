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
	UserAgent  *string
	IPAddress  *string
	ToldBefore string // the session's Told as it was read
	Told       string // and as it is to be
	UsedAt     time.Time
	ExpiresAt  time.Time
	UserID     string
	Device     string // the kind of device that is familiar from now on again, or ""
	Network    string // with it, the network, if it was familiar
}

// RotateSession moves a session from one generation to the next. The error is
// ErrNotFound if the session is no longer as it was read, at the generation from: another
// refresh was faster, or the session has ended.
func (s *Store) RotateSession(ctx context.Context, id string, from int64, r Rotation) error {
	rotate := db.Stmt{SQL: `/* RotateSession */
		UPDATE sessions SET generation = $3, rotations = $4, ip_address = $5, last_used_at = $6, expires_at = $7, refreshed_agent = $8, told_kinds = $9
		WHERE id = $1 AND generation = $2 AND expires_at > $6 AND told_kinds = $10`,
		Args: []any{id, from, r.Generation, r.Rotations, r.IPAddress, r.UsedAt, r.ExpiresAt, r.UserAgent, r.Told, r.ToldBefore}}
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

// MoveSession does what RotateSession does where the user is told of it, because another
// kind of device refreshes the session. Call it in a transaction.
func (s *Store) MoveSession(ctx context.Context, id string, from int64, r Rotation) error {
	// The user's row first, as everywhere: so what can be taken back is in order.
	err := one(s.conn.Exec(ctx, `/* MoveSession, the guard */
		UPDATE users SET security_version = security_version WHERE id = $1 AND disabled_at IS NULL`, r.UserID))
	if err != nil {
		return err
	}
	return s.RotateSession(ctx, id, from, r)
}

// ProlongSession has a session last until the time given, and leaves its token as it is. The
// error is ErrNotFound if it has ended.
func (s *Store) ProlongSession(ctx context.Context, id string, until, now time.Time) error {
	return one(s.conn.Exec(ctx, `/* ProlongSession */ UPDATE sessions SET expires_at = $2 WHERE id = $1 AND expires_at > $3`, id, until, now))
}
