package graph

import (
	"context"

	"latchkey/graph/gen"
	"latchkey/internal/auth"
	"latchkey/internal/request"
)

func (m mutation) Refresh(ctx context.Context, in auth.RefreshInput) (*gen.RefreshPayload, error) {
	caller := request.From(ctx)
	token, transport := "", auth.TransportBody
	if in.RefreshToken != nil {
		token = *in.RefreshToken
	} else if cookie := caller.RefreshCookie(); cookie != "" {
		token, transport = cookie, auth.TransportCookie
	}
	if err := mayCarry(caller, transport); err != nil {
		return nil, err
	}
	l, err := m.auth.Refresh(ctx, caller.Actor(), token)
	if err != nil {
		errs, err := expected(ctx, err)
		if err == nil && transport == auth.TransportCookie {
			caller.ClearRefreshCookie()
		}
		return &gen.RefreshPayload{Errors: errs}, err
	}
	l.Transport = transport
	m.deliver(caller, l)
	return &gen.RefreshPayload{User: l.User, Tokens: l.Tokens}, nil
}
