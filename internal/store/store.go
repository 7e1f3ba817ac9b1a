// Package store keeps users, sessions, registrations, one-time tokens and
// outgoing mail in SQL. It holds the row types and every SQL statement of the
// program; each statement runs on PostgreSQL and on SQLite, and begins with its name
// as a comment.
//
// Ids, random values and times come from the caller: tests own the clock, and
// no statement depends on a database's own functions. Times are as [Moment] makes
// them. Races are settled by conditional statements, whose row count or RETURNING
// tells who won. A rule over several rows first updates one row, its guard: the
// transactions that the rule is about wait for each other there.
//
// What callers need is a method of [Store]. Files are named as those of package auth
// that use them. user.go, session.go and mail.go have the row types that all others
// are about; outbox.go is how waiting mail is claimed and settled; reservation.go is what
// stays of the names of a deleted account; sweep.go deletes what is expired.
package store

import (
	"context"
	"errors"
	"time"

	"latchkey/internal/coalesce"
	"latchkey/internal/db"
	"latchkey/internal/seal"
)

// What callers tell apart, the same on both databases.
var (
	ErrNotFound    = db.ErrNoRows      // no row matched
	ErrConflict    = db.ErrConflict    // a unique value is taken
	ErrUnavailable = db.ErrUnavailable // the database is away: try later
	ErrDenied      = db.ErrDenied      // so it is, and lets this user not in, or not do something
	ErrNoWrites    = db.ErrNoWrites    // so it is, for writes alone
	ErrTooMany     = errors.New("too many rows of one owner")
)

// Store runs statements on the pool or, inside InTx, in one transaction.
type Store struct {
	conn   db.Conn
	pool   db.DB                              // nil inside a transaction
	failed error                              // of a transaction inside this one, the first
	lookUp *coalesce.Group[string, *signedIn] // nil inside a transaction
	keys   [][]byte                           // by which the names of deleted accounts are kept: see reservation.go
}

// New returns a Store that runs on pool. By secrets, those of SECRET_KEY, it keeps the names
// of deleted accounts: the first keeps new ones, all find them. Without any it deletes
// nobody, and finds none.
func New(pool db.DB, secrets ...[]byte) *Store {
	s := &Store{conn: pool, pool: pool}
	if len(secrets) > 0 {
		s.keys, _ = seal.Derive(secrets, "reservation") // fails where there is none
	}
	s.lookUp = coalesce.New(lookUpsAtOnce, s.signedIn, func(err error) bool { return errors.Is(err, ErrUnavailable) })
	return s
}

// InTx runs f in a transaction and commits it if f returns nil. f may run twice, so
// it must change nothing but the database; no network and no hashing belong inside.
//
// A transaction inside another is a part of that. If the inner f fails, the whole
// fails and nothing of it is written, even if the outer f goes on.
func (s *Store) InTx(ctx context.Context, f func(tx *Store) error) error {
	if s.pool == nil {
		err := f(s)
		if err != nil && s.failed == nil {
			s.failed = err
		}
		return err
	}
	return s.pool.InTx(ctx, func(c db.Conn) error {
		tx := &Store{conn: c, keys: s.keys}
		if err := f(tx); err != nil {
			return err
		}
		return tx.failed
	})
}

// Ready reports whether the database answers and has its tables.
func (s *Store) Ready(ctx context.Context) error {
	var n int
	err := s.conn.QueryRow(ctx, `/* Ready */ SELECT 1 FROM users LIMIT 1`).Scan(&n)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// Write changes a row that is there for nothing else, and so reports whether the
// database takes writes.
func (s *Store) Write(ctx context.Context) error {
	_, err := s.conn.Exec(ctx, `/* Write */
		INSERT INTO guards (name, count) VALUES ('writes', 1) ON CONFLICT (name) DO UPDATE SET count = guards.count + 1`)
	return err
}

// batch runs stmts as one transaction in one round trip or, inside InTx, one by one in
// that transaction. It returns how many rows each of them touched.
func (s *Store) batch(ctx context.Context, stmts ...db.Stmt) ([]int64, error) {
	if s.pool != nil {
		return s.pool.Batch(ctx, stmts...)
	}
	counts := make([]int64, len(stmts))
	for i, stmt := range stmts {
		n, err := s.conn.Exec(ctx, stmt.SQL, stmt.Args...)
		if err != nil {
			return nil, err
		}
		counts[i] = n
	}
	return counts, nil
}

// query returns the rows that a statement answers with, each as scan reads it; an
// empty list if there are none.
func query[T any](ctx context.Context, conn db.Conn, scan func(db.Row) (*T, error), sql string, args ...any) ([]T, error) {
	rows, err := conn.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	list := []T{}
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, *v)
	}
	return list, rows.Err()
}

// one returns ErrNotFound if a statement touched no row.
func one(n int64, err error) error {
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}

// Moment returns t as the databases keep it: in UTC, cut to microseconds.
func Moment(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// utc returns t in UTC, as it was written; PostgreSQL's driver answers in the machine's
// zone.
func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}
