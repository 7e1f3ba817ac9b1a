package graph

import (
	"context"

	"latchkey/graph/gen"
	"latchkey/internal/auth"
	"latchkey/internal/request"
)

func (m mutation) SetUserRole(ctx context.Context, in auth.SetUserRoleInput) (*gen.SetUserRolePayload, error) {
	a, err := request.From(ctx).SignedIn(ctx)
	if err != nil {
		return nil, err
	}
	u, err := m.auth.SetUserRole(ctx, a, in)
	errs, err := expected(ctx, err)
	return &gen.SetUserRolePayload{User: u, Errors: errs}, err
}

func (m mutation) DisableUser(ctx context.Context, in auth.DisableUserInput) (*gen.DisableUserPayload, error) {
	a, err := request.From(ctx).SignedIn(ctx)
	if err != nil {
		return nil, err
	}
	u, err := m.auth.DisableUser(ctx, a, in)
	errs, err := expected(ctx, err)
	return &gen.DisableUserPayload{User: u, Errors: errs}, err
}

func (m mutation) EnableUser(ctx context.Context, in auth.EnableUserInput) (*gen.EnableUserPayload, error) {
	a, err := request.From(ctx).SignedIn(ctx)
	if err != nil {
		return nil, err
	}
	u, err := m.auth.EnableUser(ctx, a, in)
	errs, err := expected(ctx, err)
	return &gen.EnableUserPayload{User: u, Errors: errs}, err
}

func (m mutation) RevokeUserSessions(ctx context.Context, in auth.RevokeUserSessionsInput) (*gen.RevokeUserSessionsPayload, error) {
	a, err := request.From(ctx).SignedIn(ctx)
	if err != nil {
		return nil, err
	}
	n, u, err := m.auth.RevokeUserSessions(ctx, a, in)
	if err != nil {
		errs, err := expected(ctx, err)
		return &gen.RevokeUserSessionsPayload{Errors: errs}, err
	}
	return &gen.RevokeUserSessionsPayload{Count: &n, User: u}, nil
}

func (m mutation) SendPasswordReset(ctx context.Context, in auth.SendPasswordResetInput) (*gen.SendPasswordResetPayload, error) {
	a, err := request.From(ctx).SignedIn(ctx)
	if err != nil {
		return nil, err
	}
	u, err := m.auth.SendPasswordReset(ctx, a, in)
	errs, err := expected(ctx, err)
	return &gen.SendPasswordResetPayload{User: u, Errors: errs}, err
}

func (m mutation) RevokeUserSession(ctx context.Context, in auth.RevokeUserSessionInput) (*gen.RevokeUserSessionPayload, error) {
	a, err := request.From(ctx).SignedIn(ctx)
	if err != nil {
		return nil, err
	}
	u, err := m.auth.RevokeUserSession(ctx, a, in)
	if err != nil {
		errs, err := expected(ctx, err)
		return &gen.RevokeUserSessionPayload{Errors: errs}, err
	}
	return &gen.RevokeUserSessionPayload{RevokedSessionID: &in.SessionID, User: u}, nil
}
