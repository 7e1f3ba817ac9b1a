package graph

import (
	"context"

	"latchkey/graph/gen"
	"latchkey/internal/auth"
	"latchkey/internal/request"
	"latchkey/internal/store"
)

func (m mutation) Login(ctx context.Context, in auth.LoginInput) (*gen.LoginPayload, error) {
	caller := request.From(ctx)
	if err := mayCarry(caller, in.Transport); err != nil {
		return nil, err
	}
	l, err := m.auth.Login(ctx, in, caller.Client())
	if err != nil {
		errs, err := expected(err)
		return &gen.LoginPayload{Errors: errs}, err
	}
	return &gen.LoginPayload{User: l.User, Tokens: m.deliver(caller, l, in.Transport)}, nil
}

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
	l, err := m.auth.Refresh(ctx, token, caller.Client())
	if err != nil {
		errs, err := expected(err)
		if err == nil && transport == auth.TransportCookie {
			caller.ClearRefreshCookie()
		}
		return &gen.RefreshPayload{Errors: errs}, err
	}
	return &gen.RefreshPayload{User: l.User, Tokens: m.deliver(caller, l, transport)}, nil
}

func (m mutation) Logout(ctx context.Context, in auth.LogoutInput) (*gen.LogoutPayload, error) {
	caller := request.From(ctx)
	var tokens []string
	if in.RefreshToken != nil {
		tokens = append(tokens, *in.RefreshToken)
	}
	cookie := caller.RefreshCookie()
	if cookie != "" && caller.MayUseCookie() {
		tokens = append(tokens, cookie)
		caller.ClearRefreshCookie()
	} else if cookie != "" && len(tokens) == 0 && caller.AccessToken() == "" {
		return nil, errOrigin()
	}
	errs, err := expected(m.auth.Logout(ctx, caller.AccessToken(), tokens...))
	return &gen.LogoutPayload{Errors: errs}, err
}

func (m mutation) RevokeSession(ctx context.Context, in auth.RevokeSessionInput) (*gen.RevokeSessionPayload, error) {
	v, err := request.From(ctx).Viewer(ctx)
	if err != nil {
		return nil, err
	}
	if err := m.auth.RevokeSession(ctx, v, in.SessionID); err != nil {
		errs, err := expected(err)
		return &gen.RevokeSessionPayload{Errors: errs}, err
	}
	return &gen.RevokeSessionPayload{RevokedSessionID: &in.SessionID, User: v.User}, nil
}

func (m mutation) RevokeOtherSessions(ctx context.Context) (*gen.RevokeOtherSessionsPayload, error) {
	v, err := request.From(ctx).Viewer(ctx)
	if err != nil {
		return nil, err
	}
	n, err := m.auth.RevokeOtherSessions(ctx, v)
	if err != nil {
		return nil, err
	}
	return &gen.RevokeOtherSessionsPayload{Count: &n, User: v.User}, nil
}

func (s session) Current(ctx context.Context, obj *store.Session) (bool, error) {
	v, err := request.From(ctx).Viewer(ctx)
	return err == nil && v.Session.ID == obj.ID, nil
}

// mayCarry refuses the cookie to a page of another origin: it could log a
// visitor into an account of its own.
func mayCarry(caller *request.Caller, transport auth.TokenTransport) error {
	if transport == auth.TransportCookie && !caller.MayUseCookie() {
		return errOrigin()
	}
	return nil
}

func errOrigin() error {
	return &auth.Error{Code: auth.Forbidden, Reason: "ORIGIN", Message: "The cookie needs an Origin that is the service's own or in CORS_ORIGINS."}
}

// deliver hands the tokens of a login over, the refresh token in the way that
// was asked for. The viewer of the rest of the answer is who logged in.
func (m mutation) deliver(caller *request.Caller, l *auth.Login, transport auth.TokenTransport) *auth.Tokens {
	caller.SetViewer(&auth.Viewer{User: l.User, Session: l.Session})
	if transport == auth.TransportCookie {
		caller.SetRefreshCookie(*l.Tokens.RefreshToken, l.Tokens.RefreshTokenExpiresAt, m.auth.Now())
		l.Tokens.RefreshToken = nil
	}
	return l.Tokens
}
