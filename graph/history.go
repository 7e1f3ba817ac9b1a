package graph

import (
	"context"
	"slices"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"latchkey/internal/auth"
	"latchkey/internal/request"
	"latchkey/internal/store"
)

// SecurityEvents is behind @private: somebody who may see them is signed in. Whom an event
// names has no history there: a page of pages would be a hundred times as much.
func (u user) SecurityEvents(
	ctx context.Context, obj *store.User, first *int, after *string, last *int, before *string,
) (*auth.SecurityEventConnection, error) {
	for f := graphql.GetFieldContext(ctx); f != nil; f = f.Parent {
		if f.Object == "SecurityEvent" {
			return nil, &auth.Error{Code: auth.BadUserInput, Message: "Ask for the history of whom an event names by itself: securityEvents(userId: …)."}
		}
	}
	a, err := request.From(ctx).SignedIn(ctx)
	if err != nil {
		return nil, err
	}
	p := pagesFrom(ctx).of(obj.ID)
	if p == nil || after != nil || last != nil || before != nil { // a cursor is of one user's history
		return u.auth.SecurityEvents(ctx, a, obj.ID, auth.PageQuery{First: first, Last: last, After: after, Before: before})
	}
	all, err := p.history(first).load(func() (map[string]*auth.SecurityEventConnection, error) {
		return u.auth.SecurityEventsOf(ctx, a, p.ids, first)
	})
	return all[obj.ID], err
}

func (q query) SecurityEvents(
	ctx context.Context, first *int, after *string, last *int, before *string,
	kinds []store.EventKind, actor *store.ActorKind, actorID *string, userID *string, from *time.Time, until *time.Time,
) (*auth.SecurityEventConnection, error) {
	a, err := request.From(ctx).SignedIn(ctx)
	if err != nil {
		return nil, err
	}
	c, err := q.auth.AllSecurityEvents(ctx, a, auth.EventList{
		First: first, After: after, Last: last, Before: before,
		Kinds: kinds, Actor: actor, ActorID: actorID, UserID: userID, From: from, Until: until,
	})
	if err != nil {
		return nil, err
	}
	pagesFrom(ctx).addEvents(c.Nodes)
	return c, nil
}

func (e securityEvent) User(ctx context.Context, obj *store.SecurityEvent) (*store.User, error) {
	return e.person(ctx, obj, obj.UserID)
}

func (e securityEvent) Proofs(_ context.Context, obj *store.SecurityEvent) ([]auth.ProofKind, error) {
	return e.auth.ProofsOf(obj), nil
}

func (e securityEvent) ActorUser(ctx context.Context, obj *store.SecurityEvent) (*store.User, error) {
	if obj.Actor != store.ActorUser && obj.Actor != store.ActorAdmin {
		return nil, nil
	}
	return e.person(ctx, obj, obj.ActorID)
}

// person returns a user whom an event names by their id, or nil; to administrators alone,
// since to others it names themselves, as often as there are events. All whom the events of
// its page name are read at once, and so is what is asked for of them.
func (e securityEvent) person(ctx context.Context, obj *store.SecurityEvent, id *string) (*store.User, error) {
	if id == nil {
		return nil, nil
	}
	a, err := request.From(ctx).SignedIn(ctx)
	if err != nil || auth.HasRole(a.Viewer, store.RoleAdmin) != nil {
		return nil, err
	}
	all := pagesFrom(ctx)
	p := all.withEvent(obj)
	users, err := p.users.load(func() (map[string]*store.User, error) {
		list, err := e.auth.UsersByID(ctx, p.ids)
		if err != nil {
			return nil, err
		}
		all.add(list)
		users := make(map[string]*store.User, len(list))
		for i := range list {
			users[list[i].ID] = &list[i]
		}
		return users, nil
	})
	return users[*id], err
}

// eventPage is the events of one page, and the users whom they name.
type eventPage struct {
	ids   []string
	users once[*store.User]
}

func (p *pages) addEvents(events []store.SecurityEvent) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.byEvent == nil {
		p.byEvent = make(map[string]*eventPage, len(events))
	}
	one := &eventPage{}
	for i := range events {
		e := &events[i]
		for _, id := range []*string{e.UserID, e.ActorID} {
			if id != nil && !slices.Contains(one.ids, *id) {
				one.ids = append(one.ids, *id)
			}
		}
		p.byEvent[e.ID] = one
	}
}

// withEvent is the page that an event is on, which is one of its own if it is on none.
func (p *pages) withEvent(e *store.SecurityEvent) *eventPage {
	p.mu.Lock()
	one := p.byEvent[e.ID]
	p.mu.Unlock()
	if one != nil {
		return one
	}
	p.addEvents([]store.SecurityEvent{*e})
	return p.withEvent(e)
}
