// Package db runs the same SQL on PostgreSQL and on SQLite. It is the only
// package that imports a driver.
//
// [DB] is a database, [Conn] is what runs statements on it, or inside one of its
// transactions. Placeholders are $1, $2, …; times are UTC and cut to microseconds,
// which is what both databases keep. Errors that callers act on are the same for both.
// Every call has a deadline of its own, so that a database that hangs soon is an error
// and never a request that waits. A caller's deadline counts where it is earlier; a
// caller who merely goes away ends nothing.
//
// db.go says what both databases promise; postgres.go and sqlite.go (with
// sqlitestmts.go, sqlitewrites.go, sqlitelog.go and sqlitescrub.go) keep it. migrate.go brings a database up to date, and gate.go keeps
// everybody out until it is; spans.go has the spans of what passes it.
package db

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// What callers tell apart, the same on both databases. Everything else is a
// mistake in a statement.
var (
	ErrNoRows      = errors.New("no rows")
	ErrConflict    = errors.New("unique constraint violated")
	ErrUnavailable = errors.New("database unavailable")

	// ErrDenied is an ErrUnavailable: the server answers, but lets this user not
	// in, or not do what it has to.
	ErrDenied = fmt.Errorf("%w: access denied", ErrUnavailable)
	// ErrNoWrites is an ErrUnavailable: the database can be read, and nothing else.
	ErrNoWrites = fmt.Errorf("%w: it takes no writes", ErrUnavailable)
)

// callTimeout bounds a statement and a transaction. Requests answer within 3 s
// when the database hangs, and this leaves them the time to say so.
const callTimeout = 2500 * time.Millisecond

// bounded returns the context of one call. It ends after callTimeout, or with the
// caller's own deadline or the transaction's end where that comes first; end is
// zero outside a transaction. A caller who goes away does not end it: the drivers
// would throw the connection away, or leave a write half known.
func bounded(ctx context.Context, end time.Time) (context.Context, context.CancelFunc) {
	soonest := time.Now().Add(callTimeout)
	if deadline, ok := ctx.Deadline(); ok && deadline.Before(soonest) {
		soonest = deadline
	}
	if !end.IsZero() && end.Before(soonest) {
		soonest = end
	}
	return context.WithDeadline(context.WithoutCancel(ctx), soonest)
}

// Conn runs SQL: on the pool, or inside one transaction.
type Conn interface {
	Exec(ctx context.Context, sql string, args ...any) (n int64, err error)
	Query(ctx context.Context, sql string, args ...any) (Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) Row
}

// Row is the answer of QueryRow; Scan reports ErrNoRows if it is empty.
type Row interface{ Scan(dest ...any) error }

// Rows is the answer of Query. Close it when Next has returned false; Err then says
// whether that was the end or an error.
type Rows interface {
	Row
	Next() bool
	Err() error
	Close()
}

// Stmt is a statement of a batch.
type Stmt struct {
	SQL  string
	Args []any
}

// Dialect names a database, for the few statements that must differ.
type Dialect string

// The databases.
const (
	PostgreSQL Dialect = "postgresql"
	SQLite     Dialect = "sqlite"
)

// DB is a pool of connections.
type DB interface {
	Conn

	// Batch runs stmts in one transaction and one round trip and returns the
	// number of rows that each of them touched.
	Batch(ctx context.Context, stmts ...Stmt) ([]int64, error)

	// InTx runs f in a transaction, which is committed if f returns nil. f may
	// run twice.
	InTx(ctx context.Context, f func(Conn) error) error

	// Scrub overwrites what SQLite left of rows in its file that were deleted after it had
	// moved them. It reads all of the file, beside everybody. PostgreSQL does so when it
	// vacuums.
	Scrub(ctx context.Context) error

	// EmptyLog moves what SQLite has in its log (the WAL) into its file, and cuts the log to
	// nothing: older versions of rows, also of deleted ones, stay there until they are written
	// over. It reports whether that was done. It is not while somebody reads what the log alone
	// has, as a backup does for seconds. PostgreSQL looks after its log itself.
	EmptyLog(ctx context.Context) (done bool, err error)

	Dialect() Dialect
	Pool() Pool
	Ping(ctx context.Context) error
	Close()
}

// Pool is how a database's connections are used.
type Pool struct {
	Used, Idle, Max int
	Waited          time.Duration // by all who waited for one since all were in use
}
