package graph

import (
	"context"

	"latchkey/internal/auth"
	"latchkey/internal/store"
)

func (q query) Users(
	ctx context.Context, first *int, after *string, last *int, before *string, search *string, match auth.UserMatch, role *store.Role, disabled, invited *bool,
) (*auth.UserConnection, error) {
	c, err := q.auth.Users(ctx, auth.UserList{
		First: first, After: after, Last: last, Before: before, Search: search, Match: match, Role: role, Disabled: disabled, Invited: invited,
	})
	if err != nil {
		return nil, err
	}
	pagesFrom(ctx).add(c.Nodes)
	return c, nil
}

func (c userConnection) TotalCount(ctx context.Context, obj *auth.UserConnection) (int, error) {
	n, _, err := c.auth.CountUsers(ctx, obj)
	return n, err
}

func (c userConnection) TotalCountIsExact(ctx context.Context, obj *auth.UserConnection) (bool, error) {
	_, exact, err := c.auth.CountUsers(ctx, obj)
	return exact, err
}
