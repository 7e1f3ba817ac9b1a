package graph

import (
	"context"

	"latchkey/graph/gen"
	"latchkey/internal/auth"
	"latchkey/internal/request"
)

func (m mutation) StartPasskeyLogin(ctx context.Context, in auth.StartPasskeyLoginInput) (*gen.StartPasskeyLoginPayload, error) {
	if err := mayCarry(request.From(ctx), in.Transport); err != nil {
		return nil, err
	}
	o, err := m.auth.StartPasskeyLogin(in)
	if err != nil {
		return nil, err
	}
	return &gen.StartPasskeyLoginPayload{Challenge: &o.Challenge, PasskeyOptions: &o.Options, ExpiresAt: &o.ExpiresAt}, nil
}

func (m mutation) StartPasskey(ctx context.Context) (*gen.StartPasskeyPayload, error) {
	a, err := request.From(ctx).SignedIn(ctx)
	if err != nil {
		return nil, err
	}
	o, err := m.auth.StartPasskey(ctx, a)
	if err != nil {
		errs, err := expected(ctx, err)
		return &gen.StartPasskeyPayload{Errors: errs}, err
	}
	return &gen.StartPasskeyPayload{Challenge: &o.Challenge, PasskeyOptions: &o.Options, ExpiresAt: &o.ExpiresAt}, nil
}

func (m mutation) AddPasskey(ctx context.Context, in auth.AddPasskeyInput) (*gen.AddPasskeyPayload, error) {
	caller := request.From(ctx)
	a, err := caller.SignedIn(ctx)
	if err != nil {
		return nil, err
	}
	in.Origin = caller.Origin()
	done, err := m.auth.AddPasskey(ctx, a, in)
	if err != nil {
		errs, err := expected(ctx, err)
		return &gen.AddPasskeyPayload{Errors: errs}, err
	}
	return &gen.AddPasskeyPayload{User: done.User, Passkey: done.Passkey}, nil
}

func (m mutation) RenamePasskey(ctx context.Context, in auth.RenamePasskeyInput) (*gen.RenamePasskeyPayload, error) {
	a, err := request.From(ctx).SignedIn(ctx)
	if err != nil {
		return nil, err
	}
	p, err := m.auth.RenamePasskey(ctx, a, in)
	errs, err := expected(ctx, err)
	return &gen.RenamePasskeyPayload{Passkey: p, Errors: errs}, err
}
