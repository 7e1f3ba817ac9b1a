// Package graphtest is a GraphQL server that gqlgen makes, whose fields ask for tokens. It is
// for the tests of package directives.
package graphtest

//go:generate go tool gqlgen generate

import (
	"context"
	"net/http"

	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/99designs/gqlgen/graphql/handler/transport"

	"latchkey/verify"
	"latchkey/verify/directives"
	"latchkey/verify/directives/graphtest/gen"
)

// New returns the server behind a Verifier.
func New(v *verify.Verifier) http.Handler {
	server := handler.New(gen.NewExecutableSchema(gen.Config{
		Resolvers: resolver{},
		Directives: gen.DirectiveRoot{
			IsAuthenticated: directives.IsAuthenticated,
			HasRole:         directives.HasRole[gen.Role],
			Fresh:           directives.Fresh,
		},
	}))
	server.AddTransport(transport.POST{})
	return v.Identify(server)
}

type resolver struct{}

func (resolver) Query() gen.QueryResolver { return resolver{} }

func (resolver) Open(context.Context) (string, error) { return "everybody", nil }

func (resolver) Mine(ctx context.Context) (*string, error) { return subject(ctx) }

func (resolver) Admins(ctx context.Context) (*string, error) { return subject(ctx) }

func (resolver) Payout(ctx context.Context) (*string, error) { return subject(ctx) }

// subject is whose token came along.
func subject(ctx context.Context) (*string, error) {
	c, err := verify.FromContext(ctx)
	if err != nil {
		return nil, directives.Error(err)
	}
	return &c.Subject, nil
}
