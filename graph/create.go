package graph

import (
	"context"

	"latchkey/graph/gen"
	"latchkey/internal/auth"
	"latchkey/internal/request"
)

func (m mutation) CreateUser(ctx context.Context, in auth.CreateUserInput) (*gen.CreateUserPayload, error) {
	a, err := request.From(ctx).SignedIn(ctx)
	if err != nil {
		return nil, err
	}
	u, err := m.auth.CreateUser(ctx, a, in)
	errs, err := expected(ctx, err)
	return &gen.CreateUserPayload{User: u, Errors: errs}, err
}
