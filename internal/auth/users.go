package auth

import (
	"context"
	"fmt"

	"latchkey/internal/names"
	"latchkey/internal/store"
)

// UserList says which users are asked for. Its fields are the arguments of the schema's
// users, but the last.
type UserList struct {
	First, Last   *int
	After, Before *string
	Search        *string
	Role          *store.Role
	Disabled      *bool

	SecondFactor *bool // whether a login by password asks for one; the shell's alone
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

// Users returns a page of all users, the newest first, by one query.
// BadUserInput.
func (s *Service) Users(ctx context.Context, q UserList) (*UserConnection, error) {
	page, n, err := PageQuery{First: q.First, Last: q.Last, After: q.After, Before: q.Before}.page()
	if err != nil {
		return nil, err
	}
	c := &UserConnection{filter: s.filter(q), Nodes: []store.User{}}
	if len(c.filter.Search) <= names.MaxEmail { // nothing longer is part of anything
		if c.Nodes, err = s.store.Users(ctx, c.filter, page); err != nil {
			return nil, fmt.Errorf("users: %w", err)
		}
	}
	place := func(u *store.User) string { return cursor(u.CreatedAt, u.ID) }
	c.Nodes, c.PageInfo = onPage(c.Nodes, page, n, place)
	c.Edges = make([]UserEdge, len(c.Nodes))
	for i := range c.Nodes {
		c.Edges[i] = UserEdge{Cursor: place(&c.Nodes[i]), Node: &c.Nodes[i]}
	}
	return c, nil
}

// CountUsers counts the users on all pages together.
func (s *Service) CountUsers(ctx context.Context, c *UserConnection) (int, error) {
	if len(c.filter.Search) > names.MaxEmail {
		return 0, nil
	}
	n, err := s.store.CountUsers(ctx, c.filter)
	if err != nil {
		return 0, fmt.Errorf("count users: %w", err)
	}
	return n, nil
}

func (s *Service) filter(q UserList) (f store.UserFilter) {
	f.Disabled, f.SecondFactor = q.Disabled, q.SecondFactor
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
