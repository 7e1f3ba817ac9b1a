// Package graph resolves schema.graphqls, and internal/gql brings it over HTTP.
// Resolvers translate: they take what the request carries, call one method of
// auth.Service and return what it returns. A file is named as the one in auth that
// has its use case.
package graph

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/99designs/gqlgen/graphql"
	"github.com/rs/zerolog"

	"latchkey/graph/gen"
	"latchkey/internal/auth"
	"latchkey/internal/gql"
	"latchkey/internal/request"
	"latchkey/internal/store"
)

type resolver struct{ auth *auth.Service }

func (r *resolver) Query() gen.QueryResolver                   { return query{r} }
func (r *resolver) Mutation() gen.MutationResolver             { return mutation{r} }
func (r *resolver) User() gen.UserResolver                     { return user{r} }
func (r *resolver) Session() gen.SessionResolver               { return session{r} }
func (r *resolver) UserConnection() gen.UserConnectionResolver { return userConnection{r} }

type (
	query          struct{ *resolver }
	mutation       struct{ *resolver }
	user           struct{ *resolver }
	session        struct{ *resolver }
	userConnection struct{ *resolver }
)

// Mount serves GraphQL at /graphql, queries by GET too, to pages of the allowed origins
// as well. Only mutations look at the cookie, and they need POST.
// introspection also turns suggestions in errors on.
func Mount(mux *request.Mux, door *request.Door, service *auth.Service, introspection bool, log zerolog.Logger) {
	schema := gen.NewExecutableSchema(gen.Config{
		Resolvers:  &resolver{service},
		Directives: gen.DirectiveRoot{IsAuthenticated: isAuthenticated, HasRole: hasRole, Private: private},
	})
	api := gql.New(schema, gql.Options{
		Introspection: introspection,
		Present:       presenter(log),
		Recover:       recovered,
		Context:       withPages,
	})
	mux.Handle("/graphql", door.AllowOrigins(door.Identify(auth.ByAPI, api), http.MethodGet, http.MethodHead, http.MethodPost))
}

// recovered makes a panic an error, which presenter logs.
func recovered(_ context.Context, p any) error { return errors.New("panic: " + request.PanicText(p)) }

// isAuthenticated implements @isAuthenticated.
func isAuthenticated(ctx context.Context, _ any, next graphql.Resolver) (any, error) {
	if _, err := request.From(ctx).Viewer(ctx); err != nil {
		return nil, err
	}
	return next(ctx)
}

// hasRole implements @hasRole, with the role as it is now.
func hasRole(ctx context.Context, _ any, next graphql.Resolver, role store.Role) (any, error) {
	v, err := request.From(ctx).Viewer(ctx)
	if err != nil {
		return nil, err
	}
	if v.User.Role != role {
		return nil, &auth.Error{Code: auth.Forbidden, Reason: "ROLE", Message: "This needs the role " + string(role) + "."}
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
