package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// liteConn runs statements on SQLite. Each is prepared once and kept: compiling it takes
// several times as long as running it.
type liteConn struct {
	stmts  *liteStmts
	tx     *sql.Tx     // nil on the pool
	end    time.Time   // of the transaction; zero on the pool
	writes *liteWrites // nil in a transaction, which is one
}

func (c liteConn) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	if c.tx == nil {
		s, err := c.stmts.prepare(ctx, query)
		return s, liteErr(err)
	}
	if s := c.stmts.prepared(query); s != nil {
		return c.tx.StmtContext(ctx, s), nil
	}
	// Preparing for all takes a second connection, which those who wait for this
	// transaction may hold: it is done when this one is over.
	c.stmts.later(query)
	s, err := c.tx.PrepareContext(ctx, query)
	return s, liteErr(err)
}

func (c liteConn) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	ctx, cancel := bounded(ctx, c.end)
	defer cancel()
	if c.tx == nil {
		counts, err := c.writes.run(ctx, Stmt{query, args})
		if err != nil {
			return 0, err
		}
		return counts[0], nil
	}
	s, err := c.prepare(ctx, query)
	if err != nil {
		return 0, err
	}
	res, err := s.ExecContext(ctx, args...)
	if err != nil {
		return 0, liteErr(err)
	}
	return res.RowsAffected()
}

func (c liteConn) Query(ctx context.Context, query string, args ...any) (Rows, error) {
	ctx, cancel := bounded(ctx, c.end)
	s, err := c.prepare(ctx, query)
	if err != nil {
		cancel()
		return nil, err
	}
	rows, err := s.QueryContext(ctx, args...)
	if err != nil {
		cancel()
		return nil, liteErr(err)
	}
	return liteRows{rows, cancel}, nil
}

func (c liteConn) QueryRow(ctx context.Context, query string, args ...any) Row {
	ctx, cancel := bounded(ctx, c.end)
	s, err := c.prepare(ctx, query)
	if err != nil {
		return liteRow{err: err, cancel: cancel}
	}
	return liteRow{row: s.QueryRowContext(ctx, args...), cancel: cancel}
}

type liteRow struct {
	row    *sql.Row
	err    error // or row
	cancel context.CancelFunc
}

func (r liteRow) Scan(dest ...any) error {
	defer r.cancel()
	if r.err != nil {
		return r.err
	}
	return liteErr(r.row.Scan(dest...))
}

type liteRows struct {
	*sql.Rows
	cancel context.CancelFunc
}

func (r liteRows) Err() error { return liteErr(r.Rows.Err()) }

func (r liteRows) Close() {
	_ = r.Rows.Close() // a failure is in Err already
	r.cancel()
}

type lite struct {
	liteConn
	db *sql.DB
}

// OpenSQLite opens the database file at path, and makes it if there is none.
func OpenSQLite(path string) (DB, error) {
	// Whoever reads the file has every hash. SQLite gives its other files the
	// same mode.
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	if err := file.Close(); err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	// A commit is on the disk before it is answered (FULL): a mail that was
	// promised outlives a power cut. Transactions take the write lock when they
	// begin (immediate): one that reads first would fail instead of waiting.
	// What is deleted is overwritten (secure_delete): see Scrub and EmptyLog.
	return openSQLite("file:" + uriPath(path) + "?_txlock=immediate&_pragma=" + busyTimeout +
		"&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&_pragma=secure_delete(1)" + liteTimes)
}

// busyTimeout is how long a connection waits for another process that writes.
const busyTimeout = "busy_timeout(2000)"

// liteTimes has times kept and read as microseconds, in UTC.
const liteTimes = "&_time_integer_format=unix_micro&_inttotime=1&_timezone=UTC"

func openSQLite(dsn string) (DB, error) {
	pool, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	// Each connection has a page cache of its own; readers gain nothing beyond
	// a few a core, and writers wait for each other anyhow.
	conns := 2*runtime.NumCPU() + 2
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	stmts := &liteStmts{db: pool, all: map[string]*sql.Stmt{}}
	return &lite{liteConn{stmts: stmts, writes: &liteWrites{db: pool, stmts: stmts, turn: make(chan struct{}, 1)}}, pool}, nil
}

// uriPath escapes what has a meaning in SQLite's URI file names.
func uriPath(path string) string {
	return strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path)
}

func (l *lite) Batch(ctx context.Context, stmts ...Stmt) ([]int64, error) {
	ctx, cancel := bounded(ctx, time.Time{})
	defer cancel()
	return l.writes.run(ctx, stmts...)
}

func (l *lite) InTx(ctx context.Context, f func(Conn) error) error {
	ctx, cancel := bounded(ctx, time.Time{})
	defer cancel()
	over, err := l.writes.begin(ctx)
	if err != nil {
		return err
	}
	defer over()
	tx, err := l.db.BeginTx(ctx, nil)
	if err != nil {
		return liteErr(err)
	}
	defer func() { _ = tx.Rollback() }() // a no-op after Commit
	end, _ := ctx.Deadline()
	if err := f(liteConn{stmts: l.stmts, tx: tx, end: end}); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return liteErr(err)
	}
	l.stmts.catchUp(ctx)
	return nil
}

func (l *lite) Dialect() Dialect { return SQLite }

func (l *lite) Pool() Pool {
	s := l.db.Stats()
	return Pool{Used: s.InUse, Idle: s.Idle, Max: s.MaxOpenConnections, Waited: s.WaitDuration}
}

func (l *lite) Ping(ctx context.Context) error {
	var one int
	return liteErr(l.db.QueryRowContext(ctx, `SELECT 1`).Scan(&one))
}

func (l *lite) Close() { _ = l.db.Close() }

// liteErr turns errors that callers act on into those of this package.
func liteErr(err error) error {
	if err == nil {
		return nil
	}
	e, ok := errors.AsType[*sqlite.Error](err)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return ErrNoRows
	case !ok && errors.Is(err, context.DeadlineExceeded), errors.Is(err, sql.ErrConnDone),
		errors.Is(err, sql.ErrTxDone),                   // its time ran out between two statements
		!ok && err.Error() == "sql: database is closed": // at the end of the process; there is no value for it
		return counted(fmt.Errorf("%w: no answer from sqlite", ErrUnavailable))
	case !ok:
		return err
	case e.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE, e.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return fmt.Errorf("%w: %s", ErrConflict, e.Error())
	}
	switch e.Code() & 0xff { // the primary code
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR:
		return counted(fmt.Errorf("%w: %s", ErrNoWrites, e.Error()))
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_INTERRUPT:
		return counted(fmt.Errorf("%w: %s", ErrUnavailable, e.Error()))
	}
	return counted(err)
}
