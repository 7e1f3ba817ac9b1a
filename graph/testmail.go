package graph

import (
	"context"

	"latchkey/graph/gen"
	"latchkey/internal/request"
)

func (m mutation) SendTestMail(ctx context.Context) (*gen.SendTestMailPayload, error) {
	a, err := request.From(ctx).SignedIn(ctx)
	if err != nil {
		return nil, err
	}
	to, err := m.auth.SendTestMail(ctx, a)
	if err != nil {
		errs, err := expected(ctx, err)
		return &gen.SendTestMailPayload{Errors: errs}, err
	}
	return &gen.SendTestMailPayload{SentTo: &to}, nil
}
