package graph

import (
	"context"
	"errors"

	"github.com/99designs/gqlgen/graphql"
	"github.com/rs/zerolog"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"latchkey/internal/auth"
	"latchkey/internal/web"
)

// expected parts the errors of a call: what a person can put right goes into
// the payload, the rest fails the field.
func expected(err error) ([]auth.UserError, error) {
	if errs, ok := errors.AsType[auth.UserErrors](err); ok {
		return errs, nil
	}
	return nil, err
}

// presenter turns the error of a field into what the client sees: an
// auth.Error with its code, or INTERNAL with the request's id and nothing else.
func presenter(log zerolog.Logger) graphql.ErrorPresenterFunc {
	return func(ctx context.Context, err error) *gqlerror.Error {
		out := graphql.DefaultErrorPresenter(ctx, err)
		if _, ok := out.Extensions["code"]; ok && out.Err == nil {
			return out // made complete where the request was found at fault
		}
		e := auth.AsError(err)
		if out.Err != nil {
			err = out.Err // what is logged: out may be err itself, and its text changes here
		}
		out.Message = e.Message
		out.Extensions = map[string]any{"code": string(e.Code)}
		if e.Reason != "" {
			out.Extensions["reason"] = e.Reason
		}
		switch e.Code {
		case auth.RateLimited:
			out.Extensions["retryAfter"] = e.Seconds()
		case auth.Unavailable:
			out.Extensions["retryAfter"] = e.Seconds()
			log.Warn().Err(err).Str("request_id", web.RequestID(ctx)).Str("path", out.Path.String()).Msg("unavailable")
		case auth.Internal:
			out.Extensions["requestId"] = web.RequestID(ctx)
			if ctx.Err() == nil { // or the client went away
				log.Error().Err(err).Str("request_id", web.RequestID(ctx)).Str("path", out.Path.String()).Msg("internal error")
			}
		}
		return out
	}
}
