// Package directives has GraphQL servers that gqlgen makes ask for access tokens of Latchkey,
// field by field, in words of their schema:
//
//	directive @isAuthenticated on FIELD_DEFINITION
//	directive @hasRole(role: Role!) on FIELD_DEFINITION
//	directive @fresh(maxAge: Int!, level: String!) on FIELD_DEFINITION
//
//	type Query {
//	  orders: [Order!] @isAuthenticated
//	  customers: [Customer!] @hasRole(role: ADMIN)
//	  payout: Payout @fresh(maxAge: 600, level: "aal2")
//	}
//
// The server is behind [verify.Verifier.Identify], which turns nobody away, and has these
// functions, HasRole for the Go type of the schema's Role:
//
//	gen.DirectiveRoot{
//		IsAuthenticated: directives.IsAuthenticated,
//		HasRole:         directives.HasRole[gen.Role],
//		Fresh:           directives.Fresh,
//	}
//
// A resolver behind one of them asks verify.FromContext who it is. Errors have the codes and
// reasons of Latchkey's own API, so that a frontend handles those of both in one place.
package directives

import (
	"context"
	"errors"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"latchkey/verify"
)

// IsAuthenticated implements @isAuthenticated: the field is for whoever brings a good token.
func IsAuthenticated(ctx context.Context, _ any, next graphql.Resolver) (any, error) {
	return permit(ctx, next, verify.Need{})
}

// HasRole implements @hasRole: the field is for whoever had this role when the token was made.
func HasRole[R ~string](ctx context.Context, _ any, next graphql.Resolver, role R) (any, error) {
	return permit(ctx, next, verify.Need{Role: string(role)})
}

// Fresh implements @fresh: the field is for whoever has shown who they are within so many
// seconds, at a level.
func Fresh(ctx context.Context, _ any, next graphql.Resolver, maxAge int, level string) (any, error) {
	return permit(ctx, next, verify.Need{MaxAge: time.Duration(maxAge) * time.Second, Level: level})
}

func permit(ctx context.Context, next graphql.Resolver, n verify.Need) (any, error) {
	if _, err := verify.Permit(ctx, n); err != nil {
		return nil, Error(err)
	}
	return next(ctx)
}

// Error is an error of package verify as the API of Latchkey would say it.
func Error(err error) *gqlerror.Error {
	say := func(message string, extensions map[string]any) *gqlerror.Error {
		return &gqlerror.Error{Err: err, Message: message, Extensions: extensions}
	}
	unauthenticated := func(reason string) *gqlerror.Error {
		return say("A valid access token is needed.", map[string]any{"code": "UNAUTHENTICATED", "reason": reason})
	}
	if stepUp, ok := errors.AsType[*verify.StepUpError](err); ok {
		return say("This needs a fresh proof of who you are: call stepUp, and try again.", map[string]any{
			"code": "FORBIDDEN", "reason": "STEP_UP", "level": stepUp.Level, "maxAge": int(stepUp.MaxAge / time.Second),
		})
	}
	switch {
	case errors.Is(err, verify.ErrRole):
		return say("This needs another role.", map[string]any{"code": "FORBIDDEN", "reason": "ROLE"})
	case errors.Is(err, verify.ErrNoToken):
		return unauthenticated("MISSING")
	case errors.Is(err, verify.ErrExpired):
		return unauthenticated("EXPIRED")
	case errors.Is(err, verify.ErrInvalid):
		return unauthenticated("INVALID")
	}
	return say("Tokens cannot be verified now. Try again soon.", map[string]any{"code": "UNAVAILABLE", "retryAfter": 1})
}
