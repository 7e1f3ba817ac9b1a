package graph

import (
	"context"

	"latchkey/graph/gen"
	"latchkey/internal/auth"
	"latchkey/internal/request"
	"latchkey/internal/store"
)

func (q query) Me(ctx context.Context) (*store.User, error) {
	v, err := request.From(ctx).Viewer(ctx)
	if err != nil {
		if auth.AsError(err).Reason == auth.ReasonMissing {
			return nil, nil
		}
		return nil, err
	}
	return v.User, nil
}

func (q query) User(ctx context.Context, id string) (*store.User, error) {
	u, err := q.auth.User(ctx, id)
	if auth.IsAbsent(err) {
		return nil, nil
	}
	return u, err
}

func (q query) Node(ctx context.Context, id string) (gen.Node, error) {
	u, err := q.auth.User(ctx, id)
	if !auth.IsAbsent(err) {
		if err != nil {
			return nil, err
		}
		return u, nil
	}
	a, err := request.From(ctx).SignedIn(ctx)
	if err != nil {
		return nil, err
	}
	s, err := q.auth.Session(ctx, a, id)
	if auth.IsAbsent(err) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	return s, nil
}

func (u user) PendingEmail(_ context.Context, obj *store.User) (*string, error) {
	if address, _ := obj.Pending(u.auth.Now()); address != "" {
		return &address, nil
	}
	return nil, nil
}
