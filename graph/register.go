package graph

import (
	"context"

	"latchkey/graph/gen"
	"latchkey/internal/auth"
	"latchkey/internal/request"
)

func (m mutation) Register(ctx context.Context, in auth.RegisterInput) (*gen.RegisterPayload, error) {
	email, err := m.auth.Register(ctx, request.From(ctx).Actor(), in)
	if err != nil {
		errs, err := expected(ctx, err)
		return &gen.RegisterPayload{Errors: errs}, err
	}
	return &gen.RegisterPayload{Email: &email}, nil
}

func (m mutation) ResendConfirmation(ctx context.Context, in auth.ResendConfirmationInput) (*gen.ResendConfirmationPayload, error) {
	errs, err := expected(ctx, m.auth.ResendConfirmation(ctx, request.From(ctx).Actor(), in))
	return &gen.ResendConfirmationPayload{Errors: errs}, err
}
