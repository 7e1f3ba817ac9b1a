package store

import (
	"context"
	"time"
)

// ListMail returns up to n rows of the outbox, the oldest first: those behind a place.
// Begin with the zero place. With failed, only rows that were given up.
func (s *Store) ListMail(ctx context.Context, failed bool, after Place, n int) ([]Mail, error) {
	return query(ctx, s.conn, scanMail, `/* ListMail */
		SELECT `+mailColumns+` FROM outbox
		WHERE (created_at, id) > ($1, $2) AND (failed_at IS NOT NULL OR NOT $3)
		ORDER BY created_at, id LIMIT $4`, after.At, after.ID, failed, n)
}

// resumeMail is what follows UPDATE in a statement that makes rows due at $1 as if
// they had never been tried: those that were given up, those that wait after a try
// that failed, and those that are due anyhow. It leaves alone those that a worker
// has, and those that wait for the next slot of their recipient (C6: nobody's
// mailbox is flooded).
const resumeMail = `outbox SET due_at = $1, failed_at = NULL, attempts = 0
	WHERE (failed_at IS NOT NULL OR last_error <> '' OR due_at <= $1)`

// ResumeMail makes the row with this id due, as resumeMail says, and returns it. The
// error is ErrNotFound if there is none, or it is one of those that are left alone.
func (s *Store) ResumeMail(ctx context.Context, id string, now time.Time) (*Mail, error) {
	return scanMail(s.conn.QueryRow(ctx, `/* ResumeMail */ UPDATE `+resumeMail+` AND id = $2 RETURNING `+mailColumns, now, id))
}

// ResumeAllMail makes every row due, as resumeMail says, and returns how many those are.
func (s *Store) ResumeAllMail(ctx context.Context, now time.Time) (int64, error) {
	return s.conn.Exec(ctx, `/* ResumeAllMail */ UPDATE `+resumeMail, now)
}
