package graph

import (
	"context"
	"sync"

	"latchkey/internal/auth"
	"latchkey/internal/store"
)

// pages are the pages of users in the answer to one operation, and those of events. What a
// list needs of each of its rows is read for all of a page, when the first asks.
type pages struct {
	mu      sync.Mutex
	byUser  map[string]*page
	byEvent map[string]*eventPage
}

// page is the users of one page, and what was read of all of them.
type page struct {
	users    []store.User
	ids      []string // theirs
	sessions once[[]store.Session]
	factors  once[auth.AccountFactors]
	trusted  once[[]store.TrustedDevice]
	mu       sync.Mutex
	events   map[int]*once[*auth.SecurityEventConnection] // by how many of each user were asked for
}

// once is what is read of all users of a page, by their ids, when the first asks.
type once[T any] struct {
	read   sync.Once
	byUser map[string]T
	err    error
}

func (o *once[T]) load(read func() (map[string]T, error)) (map[string]T, error) {
	o.read.Do(func() { o.byUser, o.err = read() })
	return o.byUser, o.err
}

// history is what is read of the users' histories when so many events of each are
// asked for.
func (p *page) history(first *int) *once[*auth.SecurityEventConnection] {
	n := -1
	if first != nil {
		n = *first
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.events == nil {
		p.events = map[int]*once[*auth.SecurityEventConnection]{}
	}
	if p.events[n] == nil {
		p.events[n] = new(once[*auth.SecurityEventConnection])
	}
	return p.events[n]
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
	one := &page{users: users}
	for i := range users {
		one.ids = append(one.ids, users[i].ID)
		p.byUser[users[i].ID] = one
	}
}

// with is the page that a user is on, which is one of its own if they are on none.
func (p *pages) with(u *store.User) *page {
	if one := p.of(u.ID); one != nil {
		return one
	}
	p.add([]store.User{*u})
	return p.of(u.ID)
}

// of is the page that a user is on, or nil.
func (p *pages) of(userID string) *page {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.byUser[userID]
}
