// Package store keeps users, sessions, registrations, one-time tokens and
// outgoing mail in SQL. It holds the row types and every SQL statement of the
// program; each statement runs on PostgreSQL and on SQLite.
//
// Ids, random values and times come from the caller: tests own the clock, and
// no statement depends on a database's own functions. Times are UTC and cut to
// microseconds. Races are settled by conditional statements, whose row count or
// RETURNING tells who won.
package store

import (
	"context"
	"errors"
	"time"

	"latchkey/internal/db"
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
	pool   db.DB // nil inside a transaction
	failed error // of a transaction inside this one, the first
}

// New returns a Store that runs on pool.
func New(pool db.DB) *Store { return &Store{conn: pool, pool: pool} }

// InTx runs f in a transaction and commits it if f returns nil. f may run twice,
// so it changes nothing but the database; no network and no hashing belong
// inside. A transaction inside another is a part of it: its error is an error of
// the whole, of which then nothing is written, whatever the outer f makes of it.
func (s *Store) InTx(ctx context.Context, f func(tx *Store) error) error {
	if s.pool == nil {
		err := f(s)
		if err != nil && s.failed == nil {
			s.failed = err
		}
		return err
	}
	return s.pool.InTx(ctx, func(c db.Conn) error {
		tx := &Store{conn: c}
		if err := f(tx); err != nil {
			return err
		}
		return tx.failed
	})
}

// Ready reports whether the database answers and has its tables.
func (s *Store) Ready(ctx context.Context) error {
	var n int
	err := s.conn.QueryRow(ctx, `SELECT 1 FROM users LIMIT 1`).Scan(&n)
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

// batch runs stmts in one round trip of their own or, inside InTx, one by one
// in that transaction.
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

// one turns "no row was touched" into ErrNotFound.
func one(n int64, err error) error {
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}

// utc is t as it was written: PostgreSQL's driver answers in the machine's zone.
func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}
