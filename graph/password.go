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
	errs, err := expected(ctx, err)
	return &gen.ChangePasswordPayload{User: u, Errors: errs}, err
}

func (m mutation) RemovePassword(ctx context.Context) (*gen.RemovePasswordPayload, error) {
	a, err := request.From(ctx).SignedIn(ctx)
	if err != nil {
		return nil, err
	}
	u, err := m.auth.RemovePassword(ctx, a)
	errs, err := expected(ctx, err)
	return &gen.RemovePasswordPayload{User: u, Errors: errs}, err
}
