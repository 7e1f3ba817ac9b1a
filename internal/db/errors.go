package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"slices"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/puddle/v2"
)

// Class is what kind of error a database gave.
type Class string

// The classes of errors.
const (
	Unavailable Class = "unavailable" // no answer, or none yet
	Denied      Class = "denied"
	NoWrites    Class = "no_writes"
	Collided    Class = "collided" // a transaction gave way to another, and is tried again
	Other       Class = "other"    // a mistake in a statement
)

// Classes are all of them.
var Classes = []Class{Unavailable, Denied, NoWrites, Collided, Other}

// classes are how often errors of each class came, in this process, by whatever database.
var classes [5]atomic.Uint64

// Errors returns how many errors of a class databases have given to this process.
func Errors(c Class) uint64 { return classes[slices.Index(Classes, c)].Load() }

// counted counts an error, where it comes from the driver, and returns it.
func counted(err error) error {
	classes[slices.Index(Classes, classOf(err))].Add(1)
	return err
}

func classOf(err error) Class {
	switch {
	case errors.Is(err, errCollided):
		return Collided
	case errors.Is(err, ErrDenied):
		return Denied
	case errors.Is(err, ErrNoWrites):
		return NoWrites
	case errors.Is(err, ErrUnavailable):
		return Unavailable
	}
	return Other
}

// translated reports whether err is one of this package's own already. The error of a
// statement comes by a second time, as that of its transaction.
func translated(err error) bool {
	return errors.Is(err, ErrNoRows) || errors.Is(err, ErrConflict) || errors.Is(err, ErrUnavailable)
}

// isConnection reports whether err is about the connection to the server, and not about
// the statement.
func isConnection(err error) bool {
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, sql.ErrConnDone) || errors.Is(err, driver.ErrBadConn) || // migrations go through database/sql
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, puddle.ErrClosedPool) || pgconn.SafeToRetry(err) ||
		err.Error() == "conn closed" || err.Error() == "tx is closed" // pgconn and pgx have no values for a connection that died before
}
