package graph

import (
	"context"

	"latchkey/graph/gen"
	"latchkey/internal/auth"
	"latchkey/internal/request"
)

func (m mutation) ChangePassword(ctx context.Context, in auth.ChangePasswordInput) (*gen.ChangePasswordPayload, error) {
	a, err := request.From(ctx).SignedIn(ctx)
	if err != nil {
		return nil, err
	}
	u, err := m.auth.ChangePassword(ctx, a, in)
	errs, err := expected(err)
	return &gen.ChangePasswordPayload{User: u, Errors: errs}, err
}
