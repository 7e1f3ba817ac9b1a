package db

import (
	"context"
	"database/sql"
	"sync"
)

// liteStmts keeps the statements that are prepared, by their texts. The program has a
// fixed number of them.
type liteStmts struct {
	db     *sql.DB
	mu     sync.Mutex
	all    map[string]*sql.Stmt
	wanted []string
}

// prepared returns a statement if it is prepared already, or nil.
func (l *liteStmts) prepared(query string) *sql.Stmt {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all[query]
}

func (l *liteStmts) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	if s := l.prepared(query); s != nil {
		return s, nil
	}
	s, err := l.db.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if first := l.all[query]; first != nil {
		return first, s.Close() // somebody was faster
	}
	l.all[query] = s
	return s, nil
}

// later notes that a statement is to be prepared.
func (l *liteStmts) later(query string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wanted = append(l.wanted, query)
}

// catchUp prepares the statements noted by later. An error is left to whoever runs the
// statement next.
func (l *liteStmts) catchUp(ctx context.Context) {
	l.mu.Lock()
	wanted := l.wanted
	l.wanted = nil
	l.mu.Unlock()
	for _, query := range wanted {
		_, _ = l.prepare(ctx, query)
	}
}
