package auth

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"latchkey/internal/store"
)

const (
	defaultPage = 50
	maxPage     = 100
)

// PageQuery says which part of a list is asked for, after
// https://relay.dev/graphql/connections.htm.
type PageQuery struct {
	First, Last   *int
	After, Before *string
}

// PageInfo says where in its list a page lies.
type PageInfo struct {
	HasNextPage, HasPreviousPage bool
	StartCursor, EndCursor       *string // nil on an empty page
}

// page returns what to ask the store for, and n, how many rows the page has at most. It
// asks for one row more, to know whether there are more. BadUserInput.
func (q PageQuery) page() (p store.Page, n int, err error) {
	n = defaultPage
	switch {
	case q.First != nil && q.Last != nil:
		return p, 0, errPage("Give first or last, not both.")
	case q.First != nil:
		n = *q.First
	case q.Last != nil:
		n, p.Last = *q.Last, true
	}
	if n < 0 || n > maxPage {
		return p, 0, errPage(fmt.Sprintf("A page has 0 to %d rows.", maxPage))
	}
	p.Limit = n + 1
	for _, side := range []struct {
		given *string
		place **store.Place
	}{{q.After, &p.After}, {q.Before, &p.Before}} {
		if side.given == nil {
			continue
		}
		place, ok := parseCursor(*side.given)
		if !ok {
			return p, 0, errPage("This is not a cursor of ours.")
		}
		*side.place = &place
	}
	return p, n, nil
}

func errPage(message string) error { return &Error{Code: BadUserInput, Message: message} }

// onPage returns the rows that are on a page, without the one that was read to know
// whether there are more, and where the page lies. cursor returns the cursor of a row.
func onPage[T any](rows []T, p store.Page, n int, cursor func(*T) string) ([]T, PageInfo) {
	more := len(rows) > n
	if more && p.Last {
		rows = rows[1:]
	} else if more {
		rows = rows[:n]
	}
	info := PageInfo{HasNextPage: more || p.Before != nil, HasPreviousPage: p.After != nil}
	if p.Last {
		info.HasNextPage, info.HasPreviousPage = p.Before != nil, more || p.After != nil
	}
	if len(rows) > 0 {
		first, last := cursor(&rows[0]), cursor(&rows[len(rows)-1])
		info.StartCursor, info.EndCursor = &first, &last
	}
	return rows, info
}

// A cursor is cursorVersion, the time of a row in microseconds since 1970, and the
// row's id, with spaces between them, in base64url. It names a place in the list, so it
// still counts when its row is gone.
const cursorVersion = "1"

func cursor(at time.Time, id string) string {
	text := cursorVersion + " " + strconv.FormatInt(at.UnixMicro(), 10) + " " + id
	return base64.RawURLEncoding.EncodeToString([]byte(text))
}

// maxCursorTime bounds the time in a cursor: later than any row has, and within what
// the databases take.
const maxCursorTime = 1 << 52 // microseconds: the year 2112

// parseCursor reads a cursor, in exactly the spelling that cursor makes.
func parseCursor(s string) (p store.Place, ok bool) {
	text, err := base64.RawURLEncoding.DecodeString(s)
	parts := strings.Split(string(text), " ")
	if err != nil || len(parts) != 3 || parts[0] != cursorVersion {
		return p, false
	}
	at, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil || at < -maxCursorTime || at > maxCursorTime {
		return p, false
	}
	id, err := uuid.Parse(parts[2])
	p = store.Place{At: time.UnixMicro(at).UTC(), ID: id.String()}
	if err != nil || cursor(p.At, p.ID) != s {
		return store.Place{}, false
	}
	return p, true
}
