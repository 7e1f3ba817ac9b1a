package store

import (
	"context"
	"time"
)

// ListMail returns up to n rows of the outbox, the oldest first: those behind a place.
// Begin with the zero place. With failed, only rows that were given up.
func (s *Store) ListMail(ctx context.Context, failed bool, after Place, n int) ([]Mail, error) {
	if failed {
		return query(ctx, s.conn, scanMail, `/* ListMail that failed */
			SELECT `+mailColumns+` FROM outbox `+mailBehind+` AND failed_at IS NOT NULL `+mailOrder, after.At, after.ID, n)
	}
	// Those that wait and those that were given up, each by an index.
	return query(ctx, s.conn, scanMail, `/* ListMail */
		SELECT `+mailColumns+` FROM (
			SELECT * FROM (SELECT * FROM outbox `+mailBehind+` AND failed_at IS NULL `+mailOrder+`) AS waiting
			UNION ALL SELECT * FROM (SELECT * FROM outbox `+mailBehind+` AND failed_at IS NOT NULL `+mailOrder+`) AS failed) AS mails `+mailOrder,
		after.At, after.ID, n)
}

// mailBehind and mailOrder are parts of the statements of ListMail: which rows, behind the
// place of $1 and $2, and the first $3 of them.
const (
	mailBehind = `WHERE (created_at, id) > ($1, $2)`
	mailOrder  = `ORDER BY created_at, id LIMIT $3`
)

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

// CancelAllMail deletes the rows that were given up, or all rows, some of them: it returns
// how many, and 0 when there are none left. What a worker has is deleted too, and may arrive.
func (s *Store) CancelAllMail(ctx context.Context, failed bool) (int64, error) {
	if failed {
		return s.conn.Exec(ctx, `/* CancelAllMail that failed */
			DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE failed_at IS NOT NULL LIMIT $1)`, sweepBatch)
	}
	return s.conn.Exec(ctx, `/* CancelAllMail */ DELETE FROM outbox WHERE id IN (SELECT id FROM outbox LIMIT $1)`, sweepBatch)
}

// CancelMail deletes the row with this id and returns it, or ErrNotFound.
func (s *Store) CancelMail(ctx context.Context, id string) (*Mail, error) {
	return scanMail(s.conn.QueryRow(ctx, `/* CancelMail */ DELETE FROM outbox WHERE id = $1 RETURNING `+mailColumns, id))
}

// ResumeAllMail makes every row due, as resumeMail says, and returns how many those are.
func (s *Store) ResumeAllMail(ctx context.Context, now time.Time) (int64, error) {
	return s.conn.Exec(ctx, `/* ResumeAllMail */ UPDATE `+resumeMail, now)
}
