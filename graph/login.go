package graph

import (
	"context"
	"errors"

	"latchkey/graph/gen"
	"latchkey/internal/auth"
	"latchkey/internal/request"
)

func (m mutation) Login(ctx context.Context, in auth.LoginInput) (*gen.LoginPayload, error) {
	caller := request.From(ctx)
	if err := mayCarry(caller, in.Transport); err != nil {
		return nil, err
	}
	if in.DeviceToken == nil && in.Transport == auth.TransportCookie {
		in.DeviceToken = caller.DeviceCookie()
	}
	l, err := m.auth.Login(ctx, caller.Actor(), in)
	return m.login(ctx, caller, l, err)
}

func (m mutation) ContinueLogin(ctx context.Context, in auth.ContinueLoginInput) (*gen.LoginPayload, error) {
	caller := request.From(ctx)
	in.MayUseCookie, in.Origin = caller.MayUseCookie(), caller.Origin()
	if in.DeviceToken == nil && in.MayUseCookie {
		in.DeviceToken = caller.DeviceCookie()
	}
	l, err := m.auth.ContinueLogin(ctx, caller.Actor(), in)
	return m.login(ctx, caller, l, err)
}

// login answers a login that came to l or err.
func (m mutation) login(ctx context.Context, caller *request.Caller, l *auth.Login, err error) (*gen.LoginPayload, error) {
	if step, ok := errors.AsType[*auth.StepNeeded](err); ok {
		return &gen.LoginPayload{Step: step.Step, Errors: asked(ctx, step)}, nil
	}
	if err != nil {
		errs, err := expected(ctx, err)
		return &gen.LoginPayload{Errors: errs}, err
	}
	m.deliver(caller, l)
	return &gen.LoginPayload{User: l.User, Tokens: l.Tokens, DeviceToken: l.DeviceToken, RecoveryCodes: l.RecoveryCodes}, nil
}

// mayCarry refuses the cookie to a page of another origin: it could log a
// visitor into an account of its own.
func mayCarry(caller *request.Caller, transport auth.TokenTransport) error {
	if transport == auth.TransportCookie && !caller.MayUseCookie() {
		return auth.ErrOrigin()
	}
	return nil
}

// deliver hands the refresh token and the device token of a login over in the way that
// was asked for: what goes into cookies is no longer in l. The viewer of the rest of the
// answer is who logged in.
func (m mutation) deliver(caller *request.Caller, l *auth.Login) {
	caller.SetViewer(&auth.Viewer{User: l.User, Session: l.Session})
	if l.Transport != auth.TransportCookie {
		return
	}
	caller.SetRefreshCookie(*l.Tokens.RefreshToken, l.Tokens.RefreshTokenExpiresAt, m.auth.Now())
	l.Tokens.RefreshToken = nil
	if l.DeviceToken != nil {
		caller.SetDeviceCookie(*l.DeviceToken, auth.DeviceLasts)
		l.DeviceToken = nil
	}
}
