package auth

import (
	"context"
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

// UserList says which users are asked for, as the schema's users does.
type UserList struct {
	First, Last   *int
	After, Before *string
	Search        *string
	Role          *store.Role
	Disabled      *bool
}

// UserConnection is a page of the list of users.
type UserConnection struct {
	Edges    []UserEdge
	Nodes    []store.User
	PageInfo PageInfo
	filter   store.UserFilter
}

// UserEdge is a user's place on a page.
type UserEdge struct {
	Cursor string
	Node   *store.User
}

// PageInfo says where a page lies.
type PageInfo struct {
	HasNextPage, HasPreviousPage bool
	StartCursor, EndCursor       *string // nil on an empty page
}

// Users returns a page of all users, the newest first, by one query.
// BadUserInput.
func (s *Service) Users(ctx context.Context, q UserList) (*UserConnection, error) {
	page, n, err := q.page()
	if err != nil {
		return nil, err
	}
	c := &UserConnection{filter: q.filter()}
	users := []store.User{}
	if len(c.filter.Search) <= names.MaxEmail { // nothing longer is part of anything
		if users, err = s.Store.Users(ctx, c.filter, page); err != nil {
			return nil, fmt.Errorf("users: %w", err)
		}
	}
	more := len(users) > n // one more was asked for, to know
	if more && page.Last {
		users = users[1:]
	} else if more {
		users = users[:n]
	}
	c.Nodes, c.Edges = users, make([]UserEdge, len(users))
	for i := range users {
		c.Edges[i] = UserEdge{Cursor: cursor(users[i].CreatedAt, users[i].ID), Node: &users[i]}
	}
	c.PageInfo = PageInfo{HasNextPage: more || page.Before != nil, HasPreviousPage: page.After != nil}
	if page.Last {
		c.PageInfo.HasNextPage, c.PageInfo.HasPreviousPage = page.Before != nil, more || page.After != nil
	}
	if len(users) > 0 {
		c.PageInfo.StartCursor, c.PageInfo.EndCursor = &c.Edges[0].Cursor, &c.Edges[len(users)-1].Cursor
	}
	return c, nil
}

// CountUsers counts the users on all pages together.
func (s *Service) CountUsers(ctx context.Context, c *UserConnection) (int, error) {
	if len(c.filter.Search) > names.MaxEmail {
		return 0, nil
	}
	n, err := s.Store.CountUsers(ctx, c.filter)
	if err != nil {
		return 0, fmt.Errorf("count users: %w", err)
	}
	return n, nil
}

// SessionsOf lists the devices of several users by their ids, of each the most
// recently used first, by one query.
func (s *Service) SessionsOf(ctx context.Context, userIDs []string) (map[string][]store.Session, error) {
	return s.Store.SessionsOf(ctx, userIDs, s.now())
}

// FindUser returns the user whom an operator means by an id, a username or an
// address, or store.ErrNotFound.
func (s *Service) FindUser(ctx context.Context, text string) (*store.User, error) {
	if !utf8.ValidString(text) {
		return nil, store.ErrNotFound
	}
	email, _ := names.ParseEmail(text)
	return s.Store.UserByAny(ctx, text, email.Key, names.Lower(text))
}

func (q UserList) filter() (f store.UserFilter) {
	f.Disabled = q.Disabled
	if q.Role != nil {
		f.Role = *q.Role
	}
	if q.Search != nil {
		f.Search = names.Lower(*q.Search)
		if email, ok := names.ParseEmail(*q.Search); ok { // an international domain is kept in ASCII
			f.Search = email.Key
		}
	}
	return f
}

// page is what to ask the store for, and how many of these are on the page.
func (q UserList) page() (p store.UserPage, n int, err error) {
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
		return p, 0, errPage(fmt.Sprintf("A page has 0 to %d users.", maxPage))
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

// A cursor is cursorVersion, a user's created_at in microseconds since 1970 and
// their id, apart by spaces, in base64url. So it needs no user to be there.
const cursorVersion = "1"

func cursor(created time.Time, id string) string {
	text := cursorVersion + " " + strconv.FormatInt(created.UnixMicro(), 10) + " " + id
	return base64.RawURLEncoding.EncodeToString([]byte(text))
}

// maxCursorTime is beyond any time that was, and within what the databases take.
const maxCursorTime = 1 << 52 // microseconds: the year 2112

// parseCursor takes a cursor in the one spelling that it is made in.
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
	p = store.Place{CreatedAt: time.UnixMicro(at).UTC(), ID: id.String()}
	if err != nil || cursor(p.CreatedAt, p.ID) != s {
		return store.Place{}, false
	}
	return p, true
}
