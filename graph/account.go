package graph

import (
	"context"

	"latchkey/graph/gen"
	"latchkey/internal/auth"
	"latchkey/internal/request"
)

func (m mutation) ChangeUsername(ctx context.Context, in auth.ChangeUsernameInput) (*gen.ChangeUsernamePayload, error) {
	by, err := request.From(ctx).Actor(ctx)
	if err != nil {
		return nil, err
	}
	u, err := m.auth.ChangeUsername(ctx, by.Viewer, in, by.Client)
	errs, err := expected(err)
	return &gen.ChangeUsernamePayload{User: u, Errors: errs}, err
}

func (m mutation) ChangeEmail(ctx context.Context, in auth.ChangeEmailInput) (*gen.ChangeEmailPayload, error) {
	by, err := request.From(ctx).Actor(ctx)
	if err != nil {
		return nil, err
	}
	u, err := m.auth.ChangeEmail(ctx, by.Viewer, in, by.Client)
	errs, err := expected(err)
	return &gen.ChangeEmailPayload{User: u, Errors: errs}, err
}

func (m mutation) ChangePassword(ctx context.Context, in auth.ChangePasswordInput) (*gen.ChangePasswordPayload, error) {
	by, err := request.From(ctx).Actor(ctx)
	if err != nil {
		return nil, err
	}
	u, err := m.auth.ChangePassword(ctx, by.Viewer, in, by.Client)
	errs, err := expected(err)
	return &gen.ChangePasswordPayload{User: u, Errors: errs}, err
}

func (m mutation) DeleteAccount(ctx context.Context, in auth.DeleteAccountInput) (*gen.DeleteAccountPayload, error) {
	by, err := request.From(ctx).Actor(ctx)
	if err != nil {
		return nil, err
	}
	if err := m.auth.DeleteAccount(ctx, by.Viewer, in, by.Client); err != nil {
		errs, err := expected(err)
		return &gen.DeleteAccountPayload{Errors: errs}, err
	}
	return &gen.DeleteAccountPayload{DeletedUserID: &by.Viewer.User.ID}, nil
}

func (m mutation) RequestPasswordReset(ctx context.Context, in auth.RequestPasswordResetInput) (*gen.RequestPasswordResetPayload, error) {
	errs, err := expected(m.auth.RequestPasswordReset(ctx, in, request.From(ctx).Client()))
	return &gen.RequestPasswordResetPayload{Errors: errs}, err
}

func (m mutation) ResetPassword(ctx context.Context, in auth.ResetPasswordInput) (*gen.ResetPasswordPayload, error) {
	u, err := m.auth.ResetPassword(ctx, in, request.From(ctx).Client())
	errs, err := expected(err)
	return &gen.ResetPasswordPayload{User: u, Errors: errs}, err
}
