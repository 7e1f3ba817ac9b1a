package store

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"latchkey/internal/db"
)

// EnqueueMail writes m. If a row with the same Dedupe waits, that counts as m from now
// on, and m is not written.
func (s *Store) EnqueueMail(ctx context.Context, m *Mail) error {
	stmt := m.insert()
	_, err := s.conn.Exec(ctx, stmt.SQL, stmt.Args...)
	return err
}

// EnqueueNotices writes mails that need not be counted, by one statement however many there
// are.
func (s *Store) EnqueueNotices(ctx context.Context, mails []*Mail) error {
	if len(mails) == 0 {
		return nil
	}
	rows, args := make([]string, len(mails)), []any{true}
	for i, m := range mails {
		details, _ := json.Marshal(m.Details) // strings and a time of this age cannot fail
		rows[i] = `(`
		for _, v := range []any{m.ID, m.Kind, m.RecipientKey, m.Client, m.UserID, string(details), m.CreatedAt, m.CreatedAt} {
			args = append(args, v)
			rows[i] += param(len(args)) + `, `
		}
		rows[i] += `$1, 0, '', 0)`
	}
	_, err := s.conn.Exec(ctx, `/* EnqueueNotices */
		INSERT INTO outbox (id, kind, recipient_key, client, user_id, details, created_at, due_at, admitted, attempts, last_error, place)
		VALUES `+strings.Join(rows, `, `), args...)
	return err
}

// These claim up to $3 due rows until $2: all or, if $4 is false, those that are not yet
// admitted. PostgreSQL must skip rows that other workers are about to claim, or workers
// would wait for each other and then find nothing; SQLite has one writer anyhow. The
// CTE is evaluated once; a subselect under IN might be once a row. SQLite would find all
// that is due and put it in order, for each claim; the + has it go by the places instead.
const (
	claimPostgres = `/* ClaimMail */
		WITH due AS MATERIALIZED (
			SELECT id FROM outbox WHERE due_at <= $1 AND failed_at IS NULL AND (NOT admitted OR $4)
			ORDER BY place, due_at, id LIMIT $3 FOR UPDATE SKIP LOCKED)
		UPDATE outbox SET due_at = $2, last_error = '' WHERE id IN (SELECT id FROM due)
		RETURNING ` + mailColumns
	claimSQLite = `/* ClaimMail */
		UPDATE outbox SET due_at = $2, last_error = '' WHERE id IN (
			SELECT id FROM outbox WHERE +due_at <= $1 AND failed_at IS NULL AND (NOT admitted OR $4)
			ORDER BY place, due_at, id LIMIT $3)
		RETURNING ` + mailColumns
)

// ClaimMail leases up to n due rows until the given time, in the order of their places; with
// onlyNew, only rows that were not admitted yet. When the lease ends the rows are due
// again, so those of a worker that died fall to the others.
func (s *Store) ClaimMail(ctx context.Context, now, until time.Time, n int, onlyNew bool) ([]Mail, error) {
	claim := claimSQLite
	if s.pool.Dialect() == db.PostgreSQL {
		claim = claimPostgres
	}
	return query(ctx, s.conn, scanMail, claim, now, until, n, !onlyNew)
}

// AdmitMail notes that a row was counted and may go. A held row gives its Dedupe up with
// that: what is held from now on gets a row of its own.
func (s *Store) AdmitMail(ctx context.Context, id string) error {
	return one(s.conn.Exec(ctx, `/* AdmitMail */
		UPDATE outbox SET admitted = TRUE, dedupe = CASE WHEN dedupe LIKE '%`+heldSuffix+`' THEN NULL ELSE dedupe END
		WHERE id = $1`, id))
}

// DetachMail has a row take no more in: it gives its Dedupe up, and m says what the row does
// now. Who asks for such a mail from now on gets a row of their own.
func (s *Store) DetachMail(ctx context.Context, m *Mail) error {
	row, err := scanMail(s.conn.QueryRow(ctx, `/* DetachMail */ UPDATE outbox SET dedupe = NULL WHERE id = $1 RETURNING `+mailColumns, m.ID))
	if err == nil {
		*m = *row
	}
	return err
}

// HoldMail deletes the row with this id in favour of held, which is written unless there
// is a row with its Dedupe already.
func (s *Store) HoldMail(ctx context.Context, id string, held *Mail) error {
	_, err := s.batch(ctx, held.insert(), db.Stmt{SQL: `/* HoldMail */ DELETE FROM outbox WHERE id = $1`, Args: []any{id}})
	return err
}

// MailWaits reports whether a row with this Dedupe waits.
func (s *Store) MailWaits(ctx context.Context, dedupe string) (bool, error) {
	var waits bool
	err := s.conn.QueryRow(ctx, `/* MailWaits */ SELECT EXISTS (SELECT 1 FROM outbox WHERE dedupe = $1)`, dedupe).Scan(&waits)
	return waits, err
}

// RetryMail makes a row due again at due, with one attempt more.
func (s *Store) RetryMail(ctx context.Context, id string, due time.Time, reason string) error {
	return one(s.conn.Exec(ctx, `/* RetryMail */
		UPDATE outbox SET due_at = $2, last_error = $3, attempts = attempts + 1 WHERE id = $1`, id, due, reason))
}

// ReleaseMail makes a row due again at due, as if it had never been claimed.
func (s *Store) ReleaseMail(ctx context.Context, id string, due time.Time, reason string) error {
	return one(s.conn.Exec(ctx, `/* ReleaseMail */ UPDATE outbox SET due_at = $2, last_error = $3 WHERE id = $1`, id, due, reason))
}

// unkept is the condition on a row that it is deleted where it would be given up: its user is
// gone, or what it says is about somebody else, who may be gone before it is.
const unkept = `(kind = 'administrators_changed' OR user_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM users WHERE id = user_id))`

// FailMail gives a row up. It stays for the operator to see, unless its user is gone or it
// tells administrators of somebody else, and gives its Dedupe up.
func (s *Store) FailMail(ctx context.Context, id string, now time.Time, reason string) error {
	counts, err := s.batch(ctx,
		db.Stmt{SQL: `/* FailMail, what is not kept */ DELETE FROM outbox WHERE id = $1 AND ` + unkept, Args: []any{id}},
		db.Stmt{SQL: `/* FailMail */
			UPDATE outbox SET failed_at = $2, last_error = $3, dedupe = NULL WHERE id = $1`, Args: []any{id, now, reason}})
	if err != nil {
		return err
	}
	return one(counts[0]+counts[1], nil)
}

// FailOldMail gives up, as FailMail does, every due row that was admitted and was written at
// createdBy or earlier, and returns how many those are.
func (s *Store) FailOldMail(ctx context.Context, createdBy, now time.Time, reason string) (int64, error) {
	const old = ` WHERE failed_at IS NULL AND admitted AND due_at <= $2 AND created_at <= $1`
	counts, err := s.batch(ctx,
		db.Stmt{SQL: `/* FailOldMail, what is not kept */ DELETE FROM outbox` + old + ` AND ` + unkept, Args: []any{createdBy, now}},
		db.Stmt{SQL: `/* FailOldMail */ UPDATE outbox SET failed_at = $2, last_error = $3, dedupe = NULL` + old, Args: []any{createdBy, now, reason}})
	if err != nil {
		return 0, err
	}
	return counts[0] + counts[1], nil
}

// DeleteMail deletes a row: its mail was sent, or there is nothing to say.
func (s *Store) DeleteMail(ctx context.Context, id string) error {
	return one(s.conn.Exec(ctx, `/* DeleteMail */ DELETE FROM outbox WHERE id = $1`, id))
}

// DueMail makes every row due at now that waits for another try.
func (s *Store) DueMail(ctx context.Context, now time.Time) error {
	_, err := s.conn.Exec(ctx, `/* DueMail */
		UPDATE outbox SET due_at = $1 WHERE failed_at IS NULL AND last_error <> '' AND due_at > $1`, now)
	return err
}

// HurryMail makes rows due at now that were to be due when they were written, by a clock
// that is ahead of this one. Rows that somebody has claimed are left alone.
func (s *Store) HurryMail(ctx context.Context, now time.Time) error {
	_, err := s.conn.Exec(ctx, `/* HurryMail */
		UPDATE outbox SET due_at = $1 WHERE failed_at IS NULL AND created_at > $1 AND due_at = created_at`, now)
	return err
}

// Outbox says how much waits in the outbox.
type Outbox struct {
	Waiting int64
	Failed  int64     // given up, kept for the operator
	Oldest  time.Time // when the one was written that waits longest of those that might have gone; zero if none does
}

// Outbox counts the rows of the outbox. A mail that waits until its recipient may have the
// next one could not have gone by now.
func (s *Store) Outbox(ctx context.Context, now time.Time) (*Outbox, error) {
	var o Outbox
	err := s.conn.QueryRow(ctx, `/* Outbox */
		SELECT (SELECT count(*) FROM outbox WHERE failed_at IS NULL),
			(SELECT count(*) FROM outbox WHERE failed_at IS NOT NULL)`).Scan(&o.Waiting, &o.Failed)
	if err != nil {
		return nil, err
	}
	err = s.conn.QueryRow(ctx, `/* Outbox, the oldest */
		SELECT created_at FROM outbox WHERE failed_at IS NULL AND (admitted OR due_at <= $1) ORDER BY created_at LIMIT 1`, now).Scan(&o.Oldest)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, err
	}
	o.Oldest = o.Oldest.UTC()
	return &o, nil
}
