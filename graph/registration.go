package graph

import (
	"context"

	"latchkey/graph/gen"
	"latchkey/internal/auth"
	"latchkey/internal/request"
)

func (m mutation) Register(ctx context.Context, in auth.RegisterInput) (*gen.RegisterPayload, error) {
	email, err := m.auth.Register(ctx, in, request.From(ctx).Client())
	if err != nil {
		errs, err := expected(err)
		return &gen.RegisterPayload{Errors: errs}, err
	}
	return &gen.RegisterPayload{Email: &email}, nil
}

func (m mutation) ResendConfirmation(ctx context.Context, in auth.ResendConfirmationInput) (*gen.ResendConfirmationPayload, error) {
	errs, err := expected(m.auth.ResendConfirmation(ctx, in, request.From(ctx).Client()))
	return &gen.ResendConfirmationPayload{Errors: errs}, err
}

func (m mutation) ConfirmEmail(ctx context.Context, in auth.ConfirmEmailInput) (*gen.ConfirmEmailPayload, error) {
	caller := request.From(ctx)
	if err := mayCarry(caller, in.Transport); err != nil {
		return nil, err
	}
	l, err := m.auth.ConfirmEmail(ctx, in, caller.Client())
	if err != nil {
		errs, err := expected(err)
		return &gen.ConfirmEmailPayload{Errors: errs}, err
	}
	if l.Tokens == nil { // a change of address logs nobody in
		return &gen.ConfirmEmailPayload{User: l.User}, nil
	}
	return &gen.ConfirmEmailPayload{User: l.User, Tokens: m.deliver(caller, l, in.Transport)}, nil
}
