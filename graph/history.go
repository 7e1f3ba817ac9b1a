package graph

import (
	"context"

	"latchkey/internal/auth"
	"latchkey/internal/request"
	"latchkey/internal/store"
)

// SecurityEvents is behind @private: somebody who may see them is signed in.
func (u user) SecurityEvents(
	ctx context.Context, obj *store.User, first *int, after *string, last *int, before *string,
) (*auth.SecurityEventConnection, error) {
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
