package graph

import (
	"context"
	"errors"

	"github.com/99designs/gqlgen/graphql"
	"github.com/rs/zerolog"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"latchkey/internal/auth"
	"latchkey/internal/request"
)

// expected parts the errors of a call: what a person can put right goes into
// the payload, the rest fails the field.
func expected(ctx context.Context, err error) ([]auth.UserError, error) {
	if errs, ok := errors.AsType[auth.UserErrors](err); ok {
		if len(errs) > 0 {
			request.Note(ctx, request.UserError, string(errs[0].Code))
		}
		return errs, nil
	}
	return nil, err
}

// asked returns what the payload of a login says that asks for a step. For whoever watches
// requests it went well.
func asked(ctx context.Context, step *auth.StepNeeded) []auth.UserError {
	errs := step.UserErrors()
	request.Note(ctx, request.OK, string(errs[0].Code))
	return errs
}

// presenter turns the error of a field into what the client sees: an
// auth.Error with its code, or INTERNAL with the request's id and nothing else.
func presenter(log zerolog.Logger) graphql.ErrorPresenterFunc {
	return func(ctx context.Context, err error) *gqlerror.Error {
		out := graphql.DefaultErrorPresenter(ctx, err)
		if _, ok := out.Extensions["code"]; ok && out.Err == nil {
			return out // made complete where the request was found at fault
		}
		if out.Err != nil {
			err = out.Err // without the path, which is told beside it
		}
		f := request.FaultOf(ctx, log, out.Path.String(), err)
		out.Message = f.Message
		out.Extensions = map[string]any{"code": string(f.Code)}
		if f.Reason != "" {
			out.Extensions["reason"] = f.Reason
		}
		if f.Level != "" {
			out.Extensions["level"] = f.Level
		}
		if f.RetryAfter > 0 {
			out.Extensions["retryAfter"] = f.RetryAfter
		}
		if f.Code == auth.Internal {
			out.Extensions["requestId"] = f.RequestID
		}
		return out
	}
}
