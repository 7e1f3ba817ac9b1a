package db

import (
	"context"
	"fmt"
	"sync/atomic"
)

// Gate is a database that answers ErrUnavailable until Open is called: while a database
// is being migrated, a statement could find half of its schema.
//
// It also remembers whether writes go through, from those that pass it, and makes the spans
// of all of them.
type Gate struct {
	DB
	open atomic.Bool
	last atomic.Pointer[lastWrite]
}

// NewGate returns a gate in front of d that is shut.
func NewGate(d DB) *Gate { return &Gate{DB: d} }

// Open lets everything through from now on.
func (g *Gate) Open() { g.open.Store(true) }

var errShut = fmt.Errorf("%w: it is not migrated yet", ErrUnavailable)

// Exec implements Conn.
func (g *Gate) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	if !g.open.Load() {
		return 0, errShut
	}
	n, err := g.exec(ctx, g.DB, sql, args)
	g.note(n, err)
	return n, err
}

// Query implements Conn.
func (g *Gate) Query(ctx context.Context, sql string, args ...any) (Rows, error) {
	if !g.open.Load() {
		return nil, errShut
	}
	return g.query(ctx, g.DB, sql, args)
}

// QueryRow implements Conn.
func (g *Gate) QueryRow(ctx context.Context, sql string, args ...any) Row {
	if !g.open.Load() {
		return shut{}
	}
	return g.queryRow(ctx, g.DB, sql, args)
}

type shut struct{}

func (shut) Scan(...any) error { return errShut }

// Batch implements DB.
func (g *Gate) Batch(ctx context.Context, stmts ...Stmt) ([]int64, error) {
	if !g.open.Load() {
		return nil, errShut
	}
	counts, err := g.batch(ctx, stmts)
	var n int64
	for _, c := range counts {
		n += c
	}
	g.note(n, err)
	return counts, err
}

// InTx implements DB.
func (g *Gate) InTx(ctx context.Context, f func(Conn) error) error {
	if !g.open.Load() {
		return errShut
	}
	err := g.inTx(ctx, f)
	g.note(0, err)
	return err
}
