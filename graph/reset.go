package graph

import (
	"context"

	"latchkey/graph/gen"
	"latchkey/internal/auth"
	"latchkey/internal/request"
)

func (m mutation) RequestPasswordReset(ctx context.Context, in auth.RequestPasswordResetInput) (*gen.RequestPasswordResetPayload, error) {
	errs, err := expected(ctx, m.auth.RequestPasswordReset(ctx, request.From(ctx).Actor(), in))
	return &gen.RequestPasswordResetPayload{Errors: errs}, err
}

func (m mutation) ResetPassword(ctx context.Context, in auth.ResetPasswordInput) (*gen.ResetPasswordPayload, error) {
	u, err := m.auth.ResetPassword(ctx, request.From(ctx).Actor(), in)
	errs, err := expected(ctx, err)
	return &gen.ResetPasswordPayload{User: u, Errors: errs}, err
}
