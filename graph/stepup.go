package graph

import (
	"context"

	"latchkey/graph/gen"
	"latchkey/internal/auth"
	"latchkey/internal/request"
)

func (m mutation) StartStepUp(ctx context.Context) (*gen.StartStepUpPayload, error) {
	a, err := request.From(ctx).SignedIn(ctx)
	if err != nil {
		return nil, err
	}
	o, err := m.auth.StartStepUp(ctx, a)
	if err != nil {
		return nil, err
	}
	p := &gen.StartStepUpPayload{Proofs: o.Proofs}
	switch {
	case o.Passkey != nil:
		p.Challenge, p.PasskeyOptions, p.ExpiresAt = &o.Passkey.Challenge, &o.Passkey.Options, &o.Passkey.ExpiresAt
	case o.Code != nil:
		p.Challenge, p.ExpiresAt = &o.Code.Challenge, &o.Code.ExpiresAt
	}
	return p, nil
}

func (m mutation) StepUp(ctx context.Context, in auth.StepUpInput) (*gen.StepUpPayload, error) {
	caller := request.From(ctx)
	a, err := caller.SignedIn(ctx)
	if err != nil {
		return nil, err
	}
	l, err := m.auth.StepUp(ctx, a, in)
	if err != nil {
		errs, err := expected(ctx, err)
		return &gen.StepUpPayload{Errors: errs}, err
	}
	caller.SetViewer(&auth.Viewer{User: l.User, Session: l.Session})
	return &gen.StepUpPayload{Tokens: l.Tokens, Session: l.Session}, nil
}
