package db

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"latchkey/internal/cause"
)

// pgErr translates the errors that callers act on. Of the server's own errors
// it keeps code and constraint: their text may quote values.
func pgErr(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrNoRows
	}
	e, ok := errors.AsType[*pgconn.PgError](err)
	switch {
	case !ok && (translated(err) || errors.Is(err, context.Canceled)):
		return err
	case !ok && (pgconn.Timeout(err) || isConnection(err)):
		return counted(fmt.Errorf("%w: postgresql%s", ErrUnavailable, unreached(err)))
	case !ok:
		return err
	case e.Code == "23505": // unique_violation
		return fmt.Errorf("%w: %s", ErrConflict, e.ConstraintName)
	}
	if known, ok := meanings[e.Code]; ok {
		return counted(fmt.Errorf("%w: postgresql%s: %s (%s)", known.is, place(err), known.means, e.Code))
	}
	switch e.Code[:2] {
	case "40": // serialization failure, deadlock
		return counted(errCollided)
	case "08", "25", "53", "57", "58": // connection, transaction's end, resources, operator intervention, system
		return counted(fmt.Errorf("%w: postgresql %s", ErrUnavailable, e.Code))
	case "28": // who logs in how
		return counted(fmt.Errorf("%w: postgresql%s: the login is refused (%s)", ErrDenied, place(err), e.Code))
	}
	return counted(fmt.Errorf("postgresql %s: %s (%s)", e.Code, e.Message, e.ConstraintName))
}

// meanings are the server's errors that an operator can put right.
var meanings = map[string]struct {
	is    error
	means string
}{
	"28P01": {ErrDenied, "wrong user or password"},
	"28000": {ErrDenied, "this user may not log in from here, or not in this way"},
	"3D000": {ErrDenied, "there is no such database"},
	"42501": {ErrDenied, "this user lacks a privilege"},
	"42P01": {ErrUnavailable, "no schema yet"}, // nobody has migrated
	"25006": {ErrNoWrites, "it is read-only"},  // after a failover, or by a setting
	"53100": {ErrNoWrites, "its disk is full"},
	"58030": {ErrNoWrites, "its disk fails"},
	"53300": {ErrUnavailable, "it has too many connections"},
	"57P03": {ErrUnavailable, "it is starting or ending"},
	"42P05": {ErrUnavailable, poolerLost},
	"26000": {ErrUnavailable, poolerLost},
}

// A prepared statement was there already, or is gone: somebody else had this
// connection meanwhile.
const poolerLost = "a pooler stands in front and mixes up prepared statements, add default_query_exec_mode=exec to DATABASE_URL"

// unreached says of an error of the way to the server what to look at, behind
// its name.
func unreached(err error) string {
	why := cause.Of(err)
	if strings.Contains(err.Error(), "server refused TLS connection") { // pgconn has no value for it
		why = "it offers no TLS"
	}
	if strings.Contains(err.Error(), "read only connection") { // nor for this one: target_session_attrs
		why = "it is read-only"
	}
	return place(err) + ": " + why
}

// place is where a connection that failed was to lead, or "" if err is of one
// that was there.
func place(err error) string {
	e, ok := errors.AsType[*pgconn.ConnectError](err)
	if !ok {
		return ""
	}
	at := []string{address(e.Config.Host, e.Config.Port)}
	for _, f := range e.Config.Fallbacks {
		if a := address(f.Host, f.Port); !slices.Contains(at, a) {
			at = append(at, a)
		}
	}
	return " at " + strings.Join(at, ", ")
}

func address(host string, port uint16) string {
	if strings.HasPrefix(host, "/") { // a folder with a socket
		return host
	}
	return net.JoinHostPort(host, strconv.Itoa(int(port)))
}
