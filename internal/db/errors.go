package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/puddle/v2"
)

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
