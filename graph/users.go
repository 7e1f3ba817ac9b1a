package graph

import (
	"context"
	"sync"

	"latchkey/internal/auth"
	"latchkey/internal/store"
)

func (q query) Users(
	ctx context.Context, first *int, after *string, last *int, before *string, search *string, role *store.Role, disabled *bool,
) (*auth.UserConnection, error) {
	c, err := q.auth.Users(ctx, auth.UserList{
		First: first, After: after, Last: last, Before: before, Search: search, Role: role, Disabled: disabled,
	})
	if err != nil {
		return nil, err
	}
	pagesFrom(ctx).add(c.Nodes)
	return c, nil
}

func (c userConnection) TotalCount(ctx context.Context, obj *auth.UserConnection) (int, error) {
	return c.auth.CountUsers(ctx, obj)
}

// pages are the pages of users in the answer to one operation. What a list needs
// of each of its users is read for all of a page, when the first asks.
type pages struct {
	mu     sync.Mutex
	byUser map[string]*page
}

// page is the users of one page, and their sessions once somebody asked.
type page struct {
	ids      []string
	load     sync.Once
	sessions map[string][]store.Session
	err      error
}

type pagesKey struct{}

func withPages(ctx context.Context) context.Context {
	return context.WithValue(ctx, pagesKey{}, &pages{})
}

func pagesFrom(ctx context.Context) *pages { return ctx.Value(pagesKey{}).(*pages) }

func (p *pages) add(users []store.User) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.byUser == nil {
		p.byUser = make(map[string]*page, len(users))
	}
	one := &page{}
	for i := range users {
		one.ids = append(one.ids, users[i].ID)
		p.byUser[users[i].ID] = one
	}
}

// of is the page that a user is on, or nil.
func (p *pages) of(userID string) *page {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.byUser[userID]
}

func (u user) Sessions(ctx context.Context, obj *store.User) ([]store.Session, error) {
	p := pagesFrom(ctx).of(obj.ID)
	if p == nil {
		return u.auth.Sessions(ctx, obj.ID)
	}
	p.load.Do(func() { p.sessions, p.err = u.auth.SessionsOf(ctx, p.ids) })
	if list := p.sessions[obj.ID]; list != nil || p.err != nil {
		return list, p.err
	}
	return []store.Session{}, nil // none is not null, which is for who may not see them
}
