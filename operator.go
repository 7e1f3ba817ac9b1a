package main

import (
	"context"
	"os"
	"sync"
	"time"

	_ "embed"

	"latchkey/graph"
	"latchkey/internal/config"
	"latchkey/internal/doctor"
)

//go:embed .env.example
var example string

// findingsLast is how long the doctor's findings are repeated: it looks at servers, hashes a
// password, and is asked by a page that people reload.
const findingsLast = time.Minute

// operator is what administrators can ask of this server.
func (a *app) operator() graph.Operator {
	findings := &latest{look: examine}
	return graph.Operator{
		Version: version, Revision: built().Revision,
		Settings: config.InForce(os.Environ(), ".env", example),
		Schema: func(ctx context.Context) (int, error) {
			taken, err := a.store.Steps(ctx)
			if err != nil || len(taken) == 0 {
				return 0, err
			}
			return int(taken[len(taken)-1]), nil
		},
		Examine: findings.get,
	}
}

// latest keeps what the doctor found last.
type latest struct {
	look     func(ctx context.Context) ([]doctor.Finding, error)
	mu       sync.Mutex // held while it looks: others wait for the same
	at       time.Time
	findings []doctor.Finding
}

func (l *latest) get(ctx context.Context) ([]doctor.Finding, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err // nobody waits for it any more
	}
	if time.Since(l.at) < findingsLast {
		return l.findings, nil
	}
	found, err := l.look(context.WithoutCancel(ctx)) // others get the same, also if this one leaves
	if err != nil {
		return nil, err
	}
	l.findings, l.at = found, time.Now()
	return found, nil
}
