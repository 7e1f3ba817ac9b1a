package graph

import (
	"context"

	"latchkey/internal/auth"
)

func (q query) Statistics(ctx context.Context, days int) (*auth.Statistics, error) {
	return q.auth.Statistics(ctx, days)
}
