package graph

import (
	"context"

	"latchkey/graph/gen"
	"latchkey/internal/auth"
	"latchkey/internal/request"
)

func (m mutation) ChangeEmail(ctx context.Context, in auth.ChangeEmailInput) (*gen.ChangeEmailPayload, error) {
	a, err := request.From(ctx).SignedIn(ctx)
	if err != nil {
		return nil, err
	}
	u, err := m.auth.ChangeEmail(ctx, a, in)
	errs, err := expected(ctx, err)
	return &gen.ChangeEmailPayload{User: u, Errors: errs}, err
}
