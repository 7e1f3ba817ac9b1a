package gql

import (
	"context"

	"github.com/99designs/gqlgen/graphql"

	"latchkey/internal/trace"
)

// resolver returns what runs the resolvers of an operation whose span is this one.
func resolver(operation trace.Span) graphql.FieldMiddleware {
	if operation.Recorded() {
		return inSpan
	}
	return func(ctx context.Context, next graphql.Resolver) (any, error) { return next(ctx) }
}

// inSpan runs a resolver in a span of its own, which is called as the field: User.sessions.
// That is for those who call somebody else and do so once: no field that a struct has, and
// none of each row of a list, which are loaded together.
func inSpan(ctx context.Context, next graphql.Resolver) (any, error) {
	field := graphql.GetFieldContext(ctx)
	if !field.IsResolver || inList(field) {
		return next(ctx)
	}
	ctx, span := trace.Start(ctx, trace.Internal, field.Object+"."+field.Field.Name)
	defer span.End()
	return next(ctx)
}

func inList(field *graphql.FieldContext) bool {
	for ; field != nil; field = field.Parent {
		if field.Index != nil {
			return true
		}
	}
	return false
}
