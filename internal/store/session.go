package store

import (
	"context"
	"strings"
	"time"

	"latchkey/internal/db"
)

// Session is one device that is logged in. Its row is deleted when it is logged out or
// revoked, or when a used refresh token of it comes again. So a session that has a row
// and is not expired is live.
type Session struct {
	ID         string
	UserID     string
	ClientID   string // the OAuth client
	DeviceName string
	UserAgent  *string // at the login
	IPAddress  *string // of the client, at the login or the last refresh
	Refreshed  *string // the user agent at the last refresh; nil before the first
	Told       string  // the other kinds of device that refreshed it, of which its user was told: a line each
	RefreshKey []byte  // makes the refresh tokens, together with the server's key
	Generation int64   // of the current refresh token; the first is 1
	Rotations  []byte  // when the last generations were rotated away: see auth/refreshtoken.go
	CreatedAt  time.Time
	LastUsedAt time.Time  // when it was refreshed last, or opened
	ExpiresAt  time.Time  // when it ends unless it is refreshed before; never after EndsAt
	EndsAt     time.Time  // when it ends at the latest
	Proofs     string     // what was shown in it: see auth/proof.go
	ProvenAt   time.Time  // when somebody last showed in it who they are
	proven     *time.Time // the same as it is kept: nil if an older version opened it
}

// IsNode binds Session to the schema's Node.
func (Session) IsNode() {}

const sessionColumns = `s.id, s.user_id, s.client_id, s.device_name, s.user_agent, s.ip_address, s.refreshed_agent, s.told_kinds, s.refresh_key,
	s.generation, s.rotations, s.created_at, s.last_used_at, s.expires_at, s.ends_at, s.proofs, s.authenticated_at`

// dest returns where Scan puts the columns of sessionColumns.
func (v *Session) dest() []any {
	return []any{&v.ID, &v.UserID, &v.ClientID, &v.DeviceName, &v.UserAgent, &v.IPAddress, &v.Refreshed, &v.Told, &v.RefreshKey,
		&v.Generation, &v.Rotations, &v.CreatedAt, &v.LastUsedAt, &v.ExpiresAt, &v.EndsAt, &v.Proofs, &v.proven}
}

// scanned returns v with its times in UTC, after a Scan.
func (v *Session) scanned() *Session {
	v.CreatedAt, v.LastUsedAt = v.CreatedAt.UTC(), v.LastUsedAt.UTC()
	v.ExpiresAt, v.EndsAt = v.ExpiresAt.UTC(), v.EndsAt.UTC()
	if v.ProvenAt = v.CreatedAt; v.proven != nil {
		v.ProvenAt = v.proven.UTC()
	}
	return v
}

func scanSession(row db.Row) (*Session, error) {
	var v Session
	if err := row.Scan(v.dest()...); err != nil {
		return nil, err
	}
	return v.scanned(), nil
}

// Sessions returns the live sessions of a user, the most recently used first.
func (s *Store) Sessions(ctx context.Context, userID string, now time.Time) ([]Session, error) {
	return query(ctx, s.conn, scanSession, `/* Sessions */
		SELECT `+sessionColumns+` FROM sessions s WHERE s.user_id = $1 AND s.expires_at > $2
		ORDER BY s.last_used_at DESC, s.id DESC`, userID, now)
}

// SessionsOf returns the live sessions of several users by the users' ids, each user's
// most recently used first. Users without sessions are not in the map.
func (s *Store) SessionsOf(ctx context.Context, userIDs []string, now time.Time) (map[string][]Session, error) {
	all := make(map[string][]Session, len(userIDs))
	if len(userIDs) == 0 {
		return all, nil
	}
	in, args := inList(userIDs, now)
	list, err := query(ctx, s.conn, scanSession, `/* SessionsOf */
		SELECT `+sessionColumns+` FROM sessions s WHERE s.expires_at > $1 AND s.user_id IN `+in+`
		ORDER BY s.last_used_at DESC, s.id DESC`, args...)
	for i := range list {
		all[list[i].UserID] = append(all[list[i].UserID], list[i])
	}
	return all, err
}

// inList returns the right side of IN for ids, and the parameters of the statement: first
// are $1 and on, and the ids follow.
func inList(ids []string, first ...any) (sql string, args []any) {
	args = first
	params := make([]string, len(ids))
	for i, id := range ids {
		args = append(args, id)
		params[i] = param(len(args))
	}
	return `(` + strings.Join(params, `, `) + `)`, args
}
