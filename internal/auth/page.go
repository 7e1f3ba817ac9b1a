package auth

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"latchkey/internal/names"
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
	if n, err = q.size(); err != nil {
		return p, 0, err
	}
	p.Last, p.Limit = q.Last != nil, n+1
	if p.After, err = place(q.After, parseCursor); err == nil {
		p.Before, err = place(q.Before, parseCursor)
	}
	return p, n, err
}

// namePage is page for a list by name.
func (q PageQuery) namePage() (p store.NamePage, n int, err error) {
	if n, err = q.size(); err != nil {
		return p, 0, err
	}
	p.Last, p.Limit = q.Last != nil, n+1
	if p.After, err = place(q.After, parseNameCursor); err == nil {
		p.Before, err = place(q.Before, parseNameCursor)
	}
	return p, n, err
}

// size returns how many rows the page has at most.
func (q PageQuery) size() (int, error) {
	n := defaultPage
	switch {
	case q.First != nil && q.Last != nil:
		return 0, errPage("Give first or last, not both.")
	case q.First != nil:
		n = *q.First
	case q.Last != nil:
		n = *q.Last
	}
	if n < 0 || n > maxPage {
		return 0, errPage(fmt.Sprintf("A page has 0 to %d rows.", maxPage))
	}
	return n, nil
}

// place reads a cursor, if there is one.
func place[P any](cursor *string, parse func(string) (P, bool)) (*P, error) {
	if cursor == nil {
		return nil, nil
	}
	p, ok := parse(*cursor)
	if !ok {
		return nil, errPage("This is not a cursor of ours.")
	}
	return &p, nil
}

func errPage(message string) error { return &Error{Code: BadUserInput, Message: message} }

// onPage returns the rows that are on a page, without the one that was read to know
// whether there are more, and where the page lies. cursor returns the cursor of a row.
func onPage[T any](rows []T, q PageQuery, n int, cursor func(*T) string) ([]T, PageInfo) {
	more := len(rows) > n
	if more && q.Last != nil {
		rows = rows[1:]
	} else if more {
		rows = rows[:n]
	}
	info := PageInfo{HasNextPage: more || q.Before != nil, HasPreviousPage: q.After != nil}
	if q.Last != nil {
		info.HasNextPage, info.HasPreviousPage = q.Before != nil, more || q.After != nil
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

// A cursor of a list by name is nameCursorVersion, which kind of name its row was found by,
// and the name's key, in the same spelling.
const nameCursorVersion = "2"

// The kinds of names in a cursor.
const (
	byUsername = "username"
	byAddress  = "address"
)

func nameCursor(p store.NamePlace) string {
	kind := byUsername
	if p.Address {
		kind = byAddress
	}
	return base64.RawURLEncoding.EncodeToString([]byte(nameCursorVersion + " " + kind + " " + p.Key))
}

// parseNameCursor reads a cursor, in exactly the spelling that nameCursor makes, with a key
// as names have them.
func parseNameCursor(s string) (p store.NamePlace, ok bool) {
	text, err := base64.RawURLEncoding.DecodeString(s)
	parts := strings.Split(string(text), " ")
	if err != nil || len(parts) != 3 || parts[2] == "" || len(parts[2]) > names.MaxEmail || names.Lower(parts[2]) != parts[2] || !isASCII(parts[2]) {
		return p, false
	}
	p = store.NamePlace{Address: parts[1] == byAddress, Key: parts[2]}
	return p, nameCursor(p) == s
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf || r < ' ' })
}
