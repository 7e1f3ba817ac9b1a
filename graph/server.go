package graph

import (
	"context"
	"strings"

	"latchkey/graph/gen"
	"latchkey/internal/config"
	"latchkey/internal/doctor"
)

// Operator is what administrators can ask of the server that answers. None of it knows a
// user.
type Operator struct {
	Version  string
	Revision string // of the source, or ""
	Settings []config.Setting
	// Schema returns the number of the last migration that the database went through.
	Schema func(ctx context.Context) (int, error)
	// Examine returns what is wrong, as the doctor does. It takes some 10 s at most, however
	// many ask at once.
	Examine func(ctx context.Context) ([]doctor.Finding, error)
}

func (q query) Server(context.Context) (*gen.ServerInfo, error) {
	s := &gen.ServerInfo{Version: q.operator.Version}
	if q.operator.Revision != "" {
		s.Revision = &q.operator.Revision
	}
	return s, nil
}

func (s server) Schema(ctx context.Context, _ *gen.ServerInfo) (int, error) {
	return s.operator.Schema(ctx)
}

func (s server) Settings(context.Context, *gen.ServerInfo) ([]config.Setting, error) {
	return s.operator.Settings, nil
}

func (s server) Findings(ctx context.Context, _ *gen.ServerInfo) ([]doctor.Finding, error) {
	return s.operator.Examine(ctx)
}

func (finding) Verdict(_ context.Context, obj *doctor.Finding) (gen.FindingVerdict, error) {
	return gen.FindingVerdict(strings.ToUpper(string(obj.Verdict))), nil
}

func (finding) Advice(_ context.Context, obj *doctor.Finding) (*string, error) {
	if obj.Advice == "" {
		return nil, nil
	}
	return &obj.Advice, nil
}
