package store

import (
	"context"
	"errors"
	"time"

	"latchkey/internal/db"
)

// Enrolment says how far a service has come with second factors.
type Enrolment struct {
	With          int        // users whom a login by password asks for one
	Without       int        // all others who are not disabled
	AdminsWithout int        // the administrators among those
	Older         *time.Time // when a replica of an older version, which asks for none, opened the newest session of its; or nil
	LetIn         []string   // ids of users whom one let in without theirs, maxLetIn at most
}

const maxLetIn = 20

// Enrolment looks at all users and sessions. f says whom the service asks for a second
// factor. The sessions of versions that knew of none have no authenticated_at.
func (s *Store) Enrolment(ctx context.Context, f UserFilter) (*Enrolment, error) {
	var e Enrolment
	err := s.conn.QueryRow(ctx, `/* Enrolment */
		SELECT COUNT(CASE WHEN has THEN 1 END), COUNT(CASE WHEN NOT has AND enabled THEN 1 END), COUNT(CASE WHEN NOT has AND enabled AND admin THEN 1 END)
		FROM (SELECT `+f.hasSecond()+` AS has, u.disabled_at IS NULL AS enabled, u.role = 'ADMIN' AS admin FROM users u) AS all_users`).
		Scan(&e.With, &e.Without, &e.AdminsWithout)
	if err != nil {
		return nil, err
	}
	var older time.Time
	err = s.conn.QueryRow(ctx, `/* Enrolment, of older replicas */
		SELECT created_at FROM sessions WHERE authenticated_at IS NULL ORDER BY created_at DESC LIMIT 1`).Scan(&older)
	switch {
	case err == nil:
		e.Older = utc(&older)
	case !errors.Is(err, ErrNotFound):
		return nil, err
	}
	e.LetIn, err = query(ctx, s.conn, func(row db.Row) (*string, error) {
		var id string
		return &id, row.Scan(&id)
	}, `/* Enrolment, whom older replicas let in */
		SELECT DISTINCT s.user_id FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.authenticated_at IS NULL AND (
			EXISTS (SELECT 1 FROM totps WHERE user_id = u.id AND removed_seq IS NULL AND created_at < s.created_at)
			OR u.wants_second_factor AND EXISTS (SELECT 1 FROM passkeys WHERE user_id = u.id AND removed_seq IS NULL AND created_at < s.created_at))
		ORDER BY s.user_id LIMIT $1`, maxLetIn)
	return &e, err
}
