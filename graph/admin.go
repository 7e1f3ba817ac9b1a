package graph

import (
	"context"

	"latchkey/graph/gen"
	"latchkey/internal/auth"
	"latchkey/internal/request"
)

// by is the id of the administrator who asks, for the log.
func by(ctx context.Context) (string, error) {
	v, err := request.From(ctx).Viewer(ctx)
	if err != nil {
		return "", err
	}
	return v.User.ID, nil
}

func (m mutation) SetUserRole(ctx context.Context, in auth.SetUserRoleInput) (*gen.SetUserRolePayload, error) {
	by, err := by(ctx)
	if err != nil {
		return nil, err
	}
	u, err := m.auth.SetUserRole(ctx, by, in)
	errs, err := expected(err)
	return &gen.SetUserRolePayload{User: u, Errors: errs}, err
}

func (m mutation) DisableUser(ctx context.Context, in auth.DisableUserInput) (*gen.DisableUserPayload, error) {
	by, err := by(ctx)
	if err != nil {
		return nil, err
	}
	u, err := m.auth.DisableUser(ctx, by, in)
	errs, err := expected(err)
	return &gen.DisableUserPayload{User: u, Errors: errs}, err
}

func (m mutation) EnableUser(ctx context.Context, in auth.EnableUserInput) (*gen.EnableUserPayload, error) {
	by, err := by(ctx)
	if err != nil {
		return nil, err
	}
	u, err := m.auth.EnableUser(ctx, by, in)
	errs, err := expected(err)
	return &gen.EnableUserPayload{User: u, Errors: errs}, err
}

func (m mutation) RevokeUserSessions(ctx context.Context, in auth.RevokeUserSessionsInput) (*gen.RevokeUserSessionsPayload, error) {
	by, err := by(ctx)
	if err != nil {
		return nil, err
	}
	n, u, err := m.auth.RevokeUserSessions(ctx, by, in)
	if err != nil {
		errs, err := expected(err)
		return &gen.RevokeUserSessionsPayload{Errors: errs}, err
	}
	return &gen.RevokeUserSessionsPayload{Count: &n, User: u}, nil
}

func (m mutation) DeleteUser(ctx context.Context, in auth.DeleteUserInput) (*gen.DeleteUserPayload, error) {
	by, err := by(ctx)
	if err != nil {
		return nil, err
	}
	if err := m.auth.DeleteUser(ctx, by, in); err != nil {
		errs, err := expected(err)
		return &gen.DeleteUserPayload{Errors: errs}, err
	}
	return &gen.DeleteUserPayload{DeletedUserID: &in.UserID}, nil
}
