package graph

import (
	"context"

	"latchkey/graph/gen"
	"latchkey/internal/auth"
	"latchkey/internal/request"
)

func (m mutation) StartTotp(ctx context.Context) (*gen.StartTotpPayload, error) {
	a, err := request.From(ctx).SignedIn(ctx)
	if err != nil {
		return nil, err
	}
	o, err := m.auth.StartTotp(ctx, a)
	if err != nil {
		errs, err := expected(ctx, err)
		return &gen.StartTotpPayload{Errors: errs}, err
	}
	return &gen.StartTotpPayload{Challenge: &o.Challenge, Totp: o.Totp, ExpiresAt: &o.ExpiresAt}, nil
}

func (m mutation) ConfirmTotp(ctx context.Context, in auth.ConfirmTotpInput) (*gen.ConfirmTotpPayload, error) {
	a, err := request.From(ctx).SignedIn(ctx)
	if err != nil {
		return nil, err
	}
	done, err := m.auth.ConfirmTotp(ctx, a, in)
	if err != nil {
		errs, err := expected(ctx, err)
		return &gen.ConfirmTotpPayload{Errors: errs}, err
	}
	return &gen.ConfirmTotpPayload{User: done.User, RecoveryCodes: done.RecoveryCodes}, nil
}
