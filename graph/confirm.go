package graph

import (
	"context"

	"latchkey/graph/gen"
	"latchkey/internal/auth"
	"latchkey/internal/request"
)

func (m mutation) ConfirmEmail(ctx context.Context, in auth.ConfirmEmailInput) (*gen.ConfirmEmailPayload, error) {
	caller := request.From(ctx)
	if err := mayCarry(caller, in.Transport); err != nil {
		return nil, err
	}
	done, err := m.auth.ConfirmEmail(ctx, caller.Actor(), in)
	if err != nil {
		errs, err := expected(ctx, err)
		return &gen.ConfirmEmailPayload{Errors: errs}, err
	}
	if done.Step != nil { // whose account it is they have not shown yet
		return &gen.ConfirmEmailPayload{User: done.User, Step: done.Step.Step, Errors: asked(ctx, done.Step)}, nil
	}
	if done.Login == nil { // a change of address logs nobody in
		return &gen.ConfirmEmailPayload{User: done.User}, nil
	}
	m.deliver(caller, done.Login)
	return &gen.ConfirmEmailPayload{User: done.User, Tokens: done.Login.Tokens, DeviceToken: done.Login.DeviceToken}, nil
}
