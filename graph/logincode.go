package graph

import (
	"context"

	"latchkey/graph/gen"
	"latchkey/internal/auth"
	"latchkey/internal/request"
)

func (m mutation) RequestLoginCode(ctx context.Context, in auth.RequestLoginCodeInput) (*gen.RequestLoginCodePayload, error) {
	caller := request.From(ctx)
	if err := mayCarry(caller, in.Transport); err != nil {
		return nil, err
	}
	c, err := m.auth.RequestLoginCode(ctx, caller.Actor(), in)
	if err != nil {
		errs, err := expected(ctx, err)
		return &gen.RequestLoginCodePayload{Errors: errs}, err
	}
	return &gen.RequestLoginCodePayload{Challenge: &c.Challenge, Reference: &c.Reference, ExpiresAt: &c.ExpiresAt}, nil
}
