package graph

import (
	"context"

	"latchkey/graph/gen"
	"latchkey/internal/auth"
	"latchkey/internal/request"
)

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
		return nil, auth.ErrOrigin()
	}
	errs, err := expected(ctx, m.auth.Logout(ctx, caller.Actor(), caller.AccessToken(), tokens...))
	return &gen.LogoutPayload{Errors: errs}, err
}
