// Package graph resolves schema.graphqls, and internal/gql brings it over HTTP.
// Resolvers translate: they take what the request carries, call one method of
// auth.Service and return what it returns. A file is named as the one in auth that
// has its use case.
package graph

import (
	"context"
	"errors"
	"net/http"

	"github.com/rs/zerolog"

	"latchkey/graph/gen"
	"latchkey/internal/auth"
	"latchkey/internal/gql"
	"latchkey/internal/request"
)

type resolver struct {
	auth     *auth.Service
	operator Operator
}

func (r *resolver) Query() gen.QueryResolver                   { return query{r} }
func (r *resolver) Mutation() gen.MutationResolver             { return mutation{r} }
func (r *resolver) User() gen.UserResolver                     { return user{r} }
func (r *resolver) Session() gen.SessionResolver               { return session{r} }
func (r *resolver) UserConnection() gen.UserConnectionResolver { return userConnection{r} }
func (r *resolver) ServerInfo() gen.ServerInfoResolver         { return server{r} }
func (r *resolver) Finding() gen.FindingResolver               { return finding{} }
func (r *resolver) SecurityEvent() gen.SecurityEventResolver   { return securityEvent{r} }

type (
	query          struct{ *resolver }
	mutation       struct{ *resolver }
	user           struct{ *resolver }
	session        struct{ *resolver }
	userConnection struct{ *resolver }
	server         struct{ *resolver }
	finding        struct{}
	securityEvent  struct{ *resolver }
)

// Mount serves GraphQL at /graphql, queries by GET too, to pages of the allowed origins
// as well. Only mutations look at the cookie, and they need POST.
// introspection also turns suggestions in errors on. It returns what answers behind the
// door, for a room that has a Caller already.
func Mount(mux *request.Mux, door *request.Door, service *auth.Service, introspection bool, operator Operator, log zerolog.Logger) http.Handler {
	r := &resolver{service, operator}
	schema := gen.NewExecutableSchema(gen.Config{
		Resolvers:  r,
		Directives: gen.DirectiveRoot{IsAuthenticated: r.isAuthenticated, HasRole: r.hasRole, Fresh: r.fresh, Private: private},
	})
	api := gql.New(schema, gql.Options{
		Introspection: introspection,
		Present:       presenter(log),
		Recover:       recovered,
		Observe:       observe,
		Context:       withPages,
	})
	mux.Handle("/graphql", door.AllowOrigins(door.Identify(auth.ByAPI, api), http.MethodGet, http.MethodHead, http.MethodPost))
	return api
}

// recovered makes a panic an error, which presenter logs.
func recovered(_ context.Context, p any) error { return errors.New("panic: " + request.PanicText(p)) }
