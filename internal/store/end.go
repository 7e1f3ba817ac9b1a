package store

import (
	"context"
	"fmt"
	"time"

	"latchkey/internal/db"
)

// EndSession ends a session of a user and writes the event that tells of it, in one
// round trip. The error is ErrNotFound if it had ended before: then nothing is written.
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

// EndSessions ends all sessions of a user but the one with the id keep, which may be "".
func (s *Store) EndSessions(ctx context.Context, userID, keep string) error {
	_, err := s.conn.Exec(ctx, `/* EndSessions */ DELETE FROM sessions WHERE user_id = $1 AND id <> $2`, userID, keep)
	return err
}

// EndOtherSessions ends the live sessions of a user but the one with the id keep, which
// may be "", and returns how many those were.
func (s *Store) EndOtherSessions(ctx context.Context, userID, keep string, now time.Time) (int64, error) {
	return s.conn.Exec(ctx, `/* EndOtherSessions */
		DELETE FROM sessions WHERE user_id = $1 AND id <> $2 AND expires_at > $3`, userID, keep, now)
}

// endedAtOnce is how many sessions one statement ends at most, so that others who write wait
// for a moment only.
const endedAtOnce = 2_000

// EndAllSessions ends sessions of everybody that began before a time, some of them: it
// returns how many, and 0 when there are none left.
func (s *Store) EndAllSessions(ctx context.Context, before time.Time) (int64, error) {
	return s.conn.Exec(ctx, `/* EndAllSessions */
		DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE id < $1 LIMIT $2)`, firstID(before), endedAtOnce)
}

// firstID returns what all ids made from a time on are behind: ids are UUIDs of version 7
// (RFC 9562 section 5.7), which begin with the milliseconds since 1970.
func firstID(from time.Time) string {
	hex := fmt.Sprintf("%012x", from.UnixMilli())
	return hex[:8] + "-" + hex[8:]
}
