package graph

import (
	"context"

	"latchkey/graph/gen"
	"latchkey/internal/auth"
	"latchkey/internal/request"
)

func (m mutation) ChangeUsername(ctx context.Context, in auth.ChangeUsernameInput) (*gen.ChangeUsernamePayload, error) {
	a, err := request.From(ctx).SignedIn(ctx)
	if err != nil {
		return nil, err
	}
	u, err := m.auth.ChangeUsername(ctx, a, in)
	errs, err := expected(ctx, err)
	return &gen.ChangeUsernamePayload{User: u, Errors: errs}, err
}
