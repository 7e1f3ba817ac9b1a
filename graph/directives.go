package graph

import (
	"context"
	"fmt"

	"github.com/99designs/gqlgen/graphql"

	"latchkey/internal/auth"
	"latchkey/internal/request"
	"latchkey/internal/store"
)

// enrolling has the mutations that somebody needs who has to have a second factor and has
// not shown one: they add one or show it, or leave. Everything else waits for that.
var enrolling = map[string]bool{
	"startStepUp": true, "stepUp": true, "startTotp": true, "confirmTotp": true, "startPasskey": true, "addPasskey": true,
	"logout": true, "revokeSession": true,
}

// viewer returns who asks for a field that needs somebody who is signed in. Where the policy
// asks them for a second factor, they have shown one, or the field is for adding it.
func (r *resolver) viewer(ctx context.Context) (*auth.Viewer, error) {
	v, err := request.From(ctx).Viewer(ctx)
	if err != nil {
		return nil, err
	}
	if enrolling[graphql.GetFieldContext(ctx).Field.Name] {
		return v, nil
	}
	return v, r.auth.Enrolled(v)
}

// isAuthenticated implements @isAuthenticated.
func (r *resolver) isAuthenticated(ctx context.Context, _ any, next graphql.Resolver) (any, error) {
	if _, err := r.viewer(ctx); err != nil {
		return nil, err
	}
	return next(ctx)
}

// fresh implements @fresh.
func (r *resolver) fresh(ctx context.Context, _ any, next graphql.Resolver) (any, error) {
	v, err := r.viewer(ctx)
	if err == nil {
		err = r.auth.Fresh(ctx, v)
	}
	if err != nil {
		return nil, err
	}
	return next(ctx)
}

// hasRole implements @hasRole, with the role as it is now.
func (r *resolver) hasRole(ctx context.Context, _ any, next graphql.Resolver, role store.Role) (any, error) {
	v, err := request.From(ctx).Viewer(ctx)
	if err != nil {
		return nil, err
	}
	if err := auth.HasRole(v, role); err != nil {
		return nil, err
	}
	if v, err = r.viewer(ctx); err != nil {
		return nil, err
	}
	if graphql.GetFieldContext(ctx).Object == "Mutation" {
		if err := r.auth.FreshAdministrator(ctx, v); err != nil {
			return nil, err
		}
	}
	return next(ctx)
}

// private implements @private, on fields of User. A bad token is nobody here.
func private(ctx context.Context, obj any, next graphql.Resolver) (any, error) {
	u, ok := obj.(*store.User)
	if !ok {
		return nil, fmt.Errorf("@private on a %T", obj)
	}
	a, err := request.From(ctx).SignedIn(ctx)
	if err != nil && auth.AsError(err).Code != auth.Unauthenticated {
		return nil, err
	}
	if !a.MaySee(u.ID) {
		return nil, nil
	}
	return next(ctx)
}
