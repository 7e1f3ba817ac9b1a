package graph

import (
	"context"

	"github.com/vektah/gqlparser/v2/gqlerror"

	"latchkey/internal/auth"
	"latchkey/internal/request"
)

// observe notes what came of an operation for those who watch requests. Mistakes that stand
// in a payload are noted where they are made: see expected.
func observe(ctx context.Context, field string, errs gqlerror.List) {
	if o := request.Observing(ctx); o != nil {
		if o.Operation = field; field == "" {
			o.Operation = request.InvalidOperation
		}
	}
	request.Note(ctx, request.OK, "") // a status of 200 says nothing here
	for _, err := range errs {
		code, _ := err.Extensions["code"].(string)
		request.Note(ctx, outcome(auth.Code(code)), code)
	}
}

// outcome returns what an error with a code comes to. Codes that package gql gives are of
// requests that are wrong by themselves.
func outcome(code auth.Code) request.Outcome {
	switch code {
	case auth.Unauthenticated:
		return request.Unauthenticated
	case auth.Forbidden:
		return request.Forbidden
	case auth.RateLimited:
		return request.RateLimited
	case auth.Unavailable:
		return request.Unavailable
	case auth.Internal:
		return request.Internal
	}
	return request.Invalid
}
