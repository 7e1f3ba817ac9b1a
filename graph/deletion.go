package graph

import (
	"context"

	"latchkey/graph/gen"
	"latchkey/internal/auth"
	"latchkey/internal/request"
)

func (m mutation) DeleteAccount(ctx context.Context, in auth.DeleteAccountInput) (*gen.DeleteAccountPayload, error) {
	a, err := request.From(ctx).SignedIn(ctx)
	if err != nil {
		return nil, err
	}
	if err := m.auth.DeleteAccount(ctx, a, in); err != nil {
		errs, err := expected(ctx, err)
		return &gen.DeleteAccountPayload{Errors: errs}, err
	}
	return &gen.DeleteAccountPayload{DeletedUserID: &a.Viewer.User.ID}, nil
}

func (m mutation) DeleteUser(ctx context.Context, in auth.DeleteUserInput) (*gen.DeleteUserPayload, error) {
	a, err := request.From(ctx).SignedIn(ctx)
	if err != nil {
		return nil, err
	}
	if err := m.auth.DeleteUser(ctx, a, in); err != nil {
		errs, err := expected(ctx, err)
		return &gen.DeleteUserPayload{Errors: errs}, err
	}
	return &gen.DeleteUserPayload{DeletedUserID: &in.UserID}, nil
}
