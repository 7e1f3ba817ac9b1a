package auth

import (
	"context"
	"fmt"
	"sync"

	"latchkey/internal/names"
	"latchkey/internal/store"
)

// UserList says which users are asked for. Its fields are the arguments of the schema's
// users, but the last.
type UserList struct {
	First, Last   *int
	After, Before *string
	Search        *string
	Match         UserMatch
	Role          *store.Role
	Disabled      *bool
	Invited       *bool

	SecondFactor *bool // whether a login by password asks for one; the shell's alone
}

// UserMatch says what a search is of a username or an address.
type UserMatch string

// The values of UserMatch; the zero value is MatchBeginning.
const (
	MatchBeginning UserMatch = "BEGINNING"
	MatchContains  UserMatch = "CONTAINS"
)

// UserConnection is a page of the list of users.
type UserConnection struct {
	Edges    []UserEdge
	Nodes    []store.User
	PageInfo PageInfo
	filter   store.UserFilter
	byName   bool // of a search for a beginning

	counting sync.Once
	counted  int
	countErr error
}

// UserEdge is a user's place on a page.
type UserEdge struct {
	Cursor string
	Node   *store.User
}

// Users returns a page of users: all, the newest first, by one query; or those whom a search
// finds, by name where it is for a beginning. BadUserInput.
func (s *Service) Users(ctx context.Context, q UserList) (*UserConnection, error) {
	c := &UserConnection{filter: s.filter(q), Nodes: []store.User{}}
	c.byName = c.filter.Search != "" && q.Match != MatchContains
	query := PageQuery{First: q.First, Last: q.Last, After: q.After, Before: q.Before}
	var err error
	if c.byName {
		err = s.usersByName(ctx, c, query)
	} else {
		err = s.usersByTime(ctx, c, query)
	}
	return c, err
}

func (s *Service) usersByTime(ctx context.Context, c *UserConnection, q PageQuery) error {
	page, n, err := q.page()
	if err != nil {
		return err
	}
	if !c.tooLong() {
		if c.Nodes, err = s.store.Users(ctx, c.filter, page); err != nil {
			return fmt.Errorf("users: %w", err)
		}
	}
	c.fill(q, n, func(u *store.User) string { return cursor(u.CreatedAt, u.ID) })
	return nil
}

func (s *Service) usersByName(ctx context.Context, c *UserConnection, q PageQuery) error {
	page, n, err := q.namePage()
	if err != nil {
		return err
	}
	if !c.tooLong() {
		if c.Nodes, err = s.store.FindUsers(ctx, c.filter, page); err != nil {
			return fmt.Errorf("users by name: %w", err)
		}
	}
	c.fill(q, n, func(u *store.User) string { return nameCursor(c.filter.PlaceOf(u)) })
	return nil
}

// tooLong reports whether the search is longer than anything that could be found.
func (c *UserConnection) tooLong() bool { return len(c.filter.Search) > names.MaxEmail }

func (c *UserConnection) fill(q PageQuery, n int, cursor func(*store.User) string) {
	c.Nodes, c.PageInfo = onPage(c.Nodes, q, n, cursor)
	c.Edges = make([]UserEdge, len(c.Nodes))
	for i := range c.Nodes {
		c.Edges[i] = UserEdge{Cursor: cursor(&c.Nodes[i]), Node: &c.Nodes[i]}
	}
}

// countedOfSearch is how many users a search counts at most.
const countedOfSearch = 1000

// CountUsers counts the users on all pages together; those whom a search finds up to
// countedOfSearch, beyond which exact is false. It counts once for a connection.
func (s *Service) CountUsers(ctx context.Context, c *UserConnection) (n int, exact bool, err error) {
	c.counting.Do(func() {
		switch {
		case c.tooLong():
		case c.byName:
			c.counted, c.countErr = s.store.CountFound(ctx, c.filter, countedOfSearch+1)
		case c.filter.Search != "":
			c.counted, c.countErr = s.store.CountUsers(ctx, c.filter, countedOfSearch+1)
		default:
			c.counted, c.countErr = s.store.CountUsers(ctx, c.filter, 0)
		}
	})
	if c.countErr != nil {
		return 0, false, fmt.Errorf("count users: %w", c.countErr)
	}
	if c.filter.Search != "" && c.counted > countedOfSearch {
		return countedOfSearch, false, nil
	}
	return c.counted, true, nil
}

func (s *Service) filter(q UserList) (f store.UserFilter) {
	f.Disabled, f.Invited, f.SecondFactor = q.Disabled, q.Invited, q.SecondFactor
	f.Everybody, f.Admins = s.cfg.SecondFactor == SecondFactorEverybody, s.cfg.SecondFactor == SecondFactorAdministrators
	if q.Role != nil {
		f.Role = *q.Role
	}
	if q.Search != nil {
		f.Search = names.Lower(names.Trim(*q.Search))
		if email, ok := names.ParseKnownEmail(*q.Search); ok { // an international domain is kept in ASCII
			f.Search = email.Key
		}
	}
	return f
}
