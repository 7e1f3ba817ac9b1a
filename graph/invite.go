package graph

import (
	"context"

	"latchkey/graph/gen"
	"latchkey/internal/auth"
	"latchkey/internal/request"
)

func (m mutation) InviteUser(ctx context.Context, in auth.InviteUserInput) (*gen.InviteUserPayload, error) {
	a, err := request.From(ctx).SignedIn(ctx)
	if err != nil {
		return nil, err
	}
	u, err := m.auth.InviteUser(ctx, a, in)
	errs, err := expected(ctx, err)
	return &gen.InviteUserPayload{User: u, Errors: errs}, err
}
