package graph

import (
	"context"

	"latchkey/graph/gen"
	"latchkey/internal/auth"
	"latchkey/internal/request"
)

func (m mutation) RequireAtNextLogin(ctx context.Context, in auth.RequireAtNextLoginInput) (*gen.RequireAtNextLoginPayload, error) {
	a, err := request.From(ctx).SignedIn(ctx)
	if err != nil {
		return nil, err
	}
	u, err := m.auth.RequireAtNextLogin(ctx, a, in)
	errs, err := expected(ctx, err)
	return &gen.RequireAtNextLoginPayload{User: u, Errors: errs}, err
}

func (m mutation) ResetUserFactors(ctx context.Context, in auth.ResetUserFactorsInput) (*gen.ResetUserFactorsPayload, error) {
	a, err := request.From(ctx).SignedIn(ctx)
	if err != nil {
		return nil, err
	}
	u, err := m.auth.ResetUserFactors(ctx, a, in)
	errs, err := expected(ctx, err)
	return &gen.ResetUserFactorsPayload{User: u, Errors: errs}, err
}
