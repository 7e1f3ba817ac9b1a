package graph

import (
	"context"
	"strings"

	"latchkey/graph/gen"
	"latchkey/internal/auth"
	"latchkey/internal/request"
)

// maxBadLines is how many bad lines an answer tells of: a request may hold thousands.
const maxBadLines = 100

func (m mutation) ImportUsers(ctx context.Context, in gen.ImportUsersInput) (*gen.ImportUsersPayload, error) {
	a, err := request.From(ctx).SignedIn(ctx)
	if err != nil {
		return nil, err
	}
	bad := []gen.BadLine{}
	work := auth.Import{DryRun: in.DryRun, Bad: func(line int, problems []string) {
		if len(bad) < maxBadLines {
			bad = append(bad, gen.BadLine{Line: line, Problems: problems})
		}
	}}
	if err := m.auth.ImportUsers(ctx, a, strings.NewReader(in.Users), &work); err != nil {
		return nil, err
	}
	return &gen.ImportUsersPayload{
		Lines: &work.Lines, Imported: &work.Imported, Present: &work.Present, BadLines: &work.BadLines, Bad: bad,
	}, nil
}
