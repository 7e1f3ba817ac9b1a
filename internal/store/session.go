package store

import (
	"context"
	"time"

	"latchkey/internal/db"
)

// Session is one signed-in device. Its row is deleted when it is logged out,
// revoked or replayed, so what has a row and is not expired is live.
type Session struct {
	ID         string
	UserID     string
	ClientID   string // the OAuth client
	DeviceName string
	UserAgent  *string
	IPAddress  *string // at the last login or refresh
	RefreshKey []byte  // makes its refresh tokens, together with the server's key
	Generation int64   // of the current refresh token
	Rotations  []byte  // when the last generations were rotated away; see auth
	CreatedAt  time.Time
	LastUsedAt time.Time // of the last login or refresh
	ExpiresAt  time.Time // unless it is refreshed before; never after EndsAt
	EndsAt     time.Time
}

// IsNode binds Session to the schema's Node.
func (Session) IsNode() {}

const sessionColumns = `s.id, s.user_id, s.client_id, s.device_name, s.user_agent, s.ip_address, s.refresh_key,
	s.generation, s.rotations, s.created_at, s.last_used_at, s.expires_at, s.ends_at`

// dest is where the columns of sessionColumns go.
func (v *Session) dest() []any {
	return []any{&v.ID, &v.UserID, &v.ClientID, &v.DeviceName, &v.UserAgent, &v.IPAddress, &v.RefreshKey,
		&v.Generation, &v.Rotations, &v.CreatedAt, &v.LastUsedAt, &v.ExpiresAt, &v.EndsAt}
}

func (v *Session) scanned() *Session {
	v.CreatedAt, v.LastUsedAt = v.CreatedAt.UTC(), v.LastUsedAt.UTC()
	v.ExpiresAt, v.EndsAt = v.ExpiresAt.UTC(), v.EndsAt.UTC()
	return v
}

// SessionWithUser returns a live session and its user in one query, or
// ErrNotFound: also when the user is disabled.
func (s *Store) SessionWithUser(ctx context.Context, id string, now time.Time) (*Session, *User, error) {
	var (
		v Session
		u User
	)
	err := s.conn.QueryRow(ctx, `/* SessionWithUser */
		SELECT `+sessionColumns+`, `+userColumns+`
		FROM sessions s JOIN users u ON u.id = s.user_id
		WHERE s.id = $1 AND s.expires_at > $2 AND u.disabled_at IS NULL`,
		id, now).Scan(append(v.dest(), u.dest()...)...)
	if err != nil {
		return nil, nil, err
	}
	return v.scanned(), u.scanned(), nil
}

// Sessions returns the live sessions of a user, the most recently used first.
func (s *Store) Sessions(ctx context.Context, userID string, now time.Time) ([]Session, error) {
	rows, err := s.conn.Query(ctx, `/* Sessions */
		SELECT `+sessionColumns+` FROM sessions s WHERE s.user_id = $1 AND s.expires_at > $2
		ORDER BY s.last_used_at DESC, s.id DESC`, userID, now)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	list := []Session{}
	for rows.Next() {
		var v Session
		if err := rows.Scan(v.dest()...); err != nil {
			return nil, err
		}
		list = append(list, *v.scanned())
	}
	return list, rows.Err()
}

// Opening is what a login writes.
type Opening struct {
	Session         *Session
	SecurityVersion int64  // of the user when the password was compared
	PasswordHash    string // the same as before, or a better one
	Client          string // the client's key
	Device          string // the kind of device
	MaxSessions     int    // the least recently used beyond are ended
	Event           *SecurityEvent
	Undo            *Undo // of a new device, or nil
	Notice          *Mail // that tells of it, or nil
}

// OpenSession writes o.Session and what goes with it, in one transaction, and
// without a notice in one round trip. ErrNotFound if the user was deleted,
// disabled or went through a security event since the password was compared:
// then nothing is written.
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
		db.Stmt{SQL: `/* OpenSession, what is familiar */
			INSERT INTO familiar (user_id, kind, value, last_seen_at)
			SELECT u.id, k.kind, CASE k.kind WHEN 'device' THEN $3 ELSE $4 END, $5
			FROM users u JOIN (SELECT 'device' AS kind UNION ALL SELECT 'client') k ON TRUE
			WHERE u.id = $1 AND u.security_version = $2 AND u.disabled_at IS NULL
			ON CONFLICT (user_id, kind, value) DO UPDATE SET last_seen_at = excluded.last_seen_at`,
			Args: []any{v.UserID, o.SecurityVersion, o.Device, o.Client, v.CreatedAt}},
		o.Event.insertOfSession(),
	)
	if err == nil && counts[0] == 0 {
		return ErrNotFound
	}
	return err
}

// Rotation is the next state of a session that was refreshed.
type Rotation struct {
	Generation int64
	Rotations  []byte
	IPAddress  *string
	UsedAt     time.Time
	ExpiresAt  time.Time
	UserID     string
	Device     string // the kind of device that stays familiar by this, or ""
}

// RotateSession moves a session from one generation to the next. ErrNotFound
// if it is no longer at the generation from: somebody was faster, or it ended.
func (s *Store) RotateSession(ctx context.Context, id string, from int64, r Rotation) error {
	rotate := db.Stmt{SQL: `/* RotateSession */
		UPDATE sessions SET generation = $3, rotations = $4, ip_address = $5, last_used_at = $6, expires_at = $7
		WHERE id = $1 AND generation = $2 AND expires_at > $6`,
		Args: []any{id, from, r.Generation, r.Rotations, r.IPAddress, r.UsedAt, r.ExpiresAt}}
	if r.Device == "" {
		return one(s.conn.Exec(ctx, rotate.SQL, rotate.Args...))
	}
	counts, err := s.batch(ctx, rotate, db.Stmt{
		SQL:  `/* RotateSession, what is familiar */ UPDATE familiar SET last_seen_at = $3 WHERE user_id = $1 AND kind = 'device' AND value = $2 AND last_seen_at < $3`,
		Args: []any{r.UserID, r.Device, r.UsedAt},
	})
	if err != nil {
		return err
	}
	return one(counts[0], nil)
}

// EndSession ends a session of a user and writes the event that tells of it, in one
// round trip. ErrNotFound if it had ended: then nothing is written.
func (s *Store) EndSession(ctx context.Context, userID, id string, e *SecurityEvent) error {
	counts, err := s.batch(ctx,
		// Of those who end it at once, the others wait here and then find no row.
		db.Stmt{SQL: `/* EndSession, the guard */
			UPDATE sessions SET last_used_at = last_used_at WHERE id = $1 AND user_id = $2`, Args: []any{id, userID}},
		e.insertOfSession(),
		db.Stmt{SQL: `/* EndSession */
			DELETE FROM sessions WHERE id = $1 AND user_id = $2`, Args: []any{id, userID}},
	)
	if err != nil {
		return err
	}
	return one(counts[len(counts)-1], nil)
}

// EndOtherSessions ends the user's sessions but keep, and returns how many of
// them were live.
func (s *Store) EndOtherSessions(ctx context.Context, userID, keep string, now time.Time) (int64, error) {
	return s.conn.Exec(ctx, `/* EndOtherSessions */
		DELETE FROM sessions WHERE user_id = $1 AND id <> $2 AND expires_at > $3`, userID, keep, now)
}

// Familiar says whether a user logged in with this kind of device or from this
// client (kind is "device" or "client") after since.
func (s *Store) Familiar(ctx context.Context, userID, kind, value string, since time.Time) (known bool, err error) {
	err = s.conn.QueryRow(ctx, `/* Familiar */
		SELECT EXISTS (SELECT 1 FROM familiar WHERE user_id = $1 AND kind = $2 AND value = $3 AND last_seen_at > $4)`,
		userID, kind, value, since).Scan(&known)
	return known, err
}
