package store

import (
	"context"

	"latchkey/internal/db"
)

// Opening is what a login writes.
type Opening struct {
	Session         *Session
	SecurityVersion int64  // the user's when the password was compared
	PasswordHash    string // the same as before, or a better one
	From            Whence // all of which becomes familiar
	MaxSessions     int    // how many a user may have; the least recently used beyond that end
	Event           *SecurityEvent
	Undo            *Undo // takes back a login that is told; else nil
	Notice          *Mail // tells of the login; else nil
}

// OpenSession writes o.Session and what goes with it, in one transaction; without a
// notice that is one round trip. The error is ErrNotFound if the user was deleted or
// disabled, or their security_version was raised, since the password was compared: then
// nothing is written.
func (s *Store) OpenSession(ctx context.Context, o *Opening) error {
	if o.Notice == nil {
		return s.openSession(ctx, o)
	}
	return s.InTx(ctx, func(tx *Store) error {
		if err := tx.openSession(ctx, o); err != nil {
			return err
		}
		if err := tx.AddUndo(ctx, o.Undo); err != nil {
			return err
		}
		return tx.EnqueueMail(ctx, o.Notice)
	})
}

func (s *Store) openSession(ctx context.Context, o *Opening) error {
	v := o.Session
	counts, err := s.batch(ctx,
		// The guard: logins of one user wait for each other here, so that the
		// cap below counts all of them.
		db.Stmt{SQL: `/* OpenSession, the guard */
			UPDATE users SET last_login_at = $3, password_hash = $4
			WHERE id = $1 AND security_version = $2 AND disabled_at IS NULL`,
			Args: []any{v.UserID, o.SecurityVersion, v.CreatedAt, o.PasswordHash}},
		db.Stmt{SQL: `/* OpenSession */
			INSERT INTO sessions (id, user_id, client_id, device_name, user_agent, ip_address, refresh_key,
				generation, rotations, created_at, last_used_at, expires_at, ends_at)
			SELECT $1, u.id, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14
			FROM users u WHERE u.id = $2 AND u.security_version = $3 AND u.disabled_at IS NULL`,
			Args: []any{v.ID, v.UserID, o.SecurityVersion, v.ClientID, v.DeviceName, v.UserAgent, v.IPAddress, v.RefreshKey,
				v.Generation, v.Rotations, v.CreatedAt, v.LastUsedAt, v.ExpiresAt, v.EndsAt}},
		// The new one stays, although another replica's clock may be ahead.
		db.Stmt{SQL: `/* OpenSession, the cap */
			DELETE FROM sessions WHERE user_id = $1 AND id <> $4 AND id NOT IN (
				SELECT id FROM sessions WHERE user_id = $1 AND expires_at > $2 AND id <> $4
				ORDER BY last_used_at DESC, id DESC LIMIT $3)`,
			Args: []any{v.UserID, v.CreatedAt, o.MaxSessions - 1, v.ID}},
		o.From.mark(v.UserID, v.CreatedAt, ` AND u.security_version = $6 AND u.disabled_at IS NULL`, o.SecurityVersion),
		o.Event.insertOfSession(),
	)
	if err == nil && counts[0] == 0 {
		return ErrNotFound
	}
	return err
}
