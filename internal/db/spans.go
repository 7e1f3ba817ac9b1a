package db

import (
	"context"
	"errors"
	"strings"

	"latchkey/internal/trace"
)

// A statement within a trace has a span of its own there, called as the statement is in the
// comment that it begins with. It holds neither the statement nor its arguments.

// span begins that of a statement.
func (g *Gate) span(ctx context.Context, sql string) (context.Context, trace.Span) {
	ctx, s := trace.Start(ctx, trace.Client, "statement")
	if s.Recorded() {
		s.Str("db.system.name", string(g.Dialect())).Name(nameOf(sql))
	}
	return ctx, s
}

// nameOf returns the name that a statement begins with: /* LoginCandidate */.
func nameOf(sql string) string {
	name, _, ok := strings.Cut(strings.TrimPrefix(sql, "/* "), " */")
	if !ok {
		return "statement" // one without a name
	}
	return name
}

// ended ends the span of what came to err, and returns err. What callers act on is no
// failure.
func ended(s trace.Span, err error) error {
	if err != nil && !errors.Is(err, ErrNoRows) && !errors.Is(err, ErrConflict) {
		s.Fail(string(classOf(err)))
	}
	s.End()
	return err
}

// spanRow ends the span of a statement when its row is read.
type spanRow struct {
	Row
	span trace.Span
}

func (r spanRow) Scan(dest ...any) error { return ended(r.span, r.Row.Scan(dest...)) }

// spanRows ends the span of a statement when its rows are closed.
type spanRows struct {
	Rows
	span trace.Span
}

func (r spanRows) Close() {
	r.Rows.Close()
	_ = ended(r.span, r.Err())
}

// queryRow is QueryRow of c within a span.
func (g *Gate) queryRow(ctx context.Context, c Conn, sql string, args []any) Row {
	ctx, s := g.span(ctx, sql)
	row := c.QueryRow(ctx, sql, args...)
	if s.Recorded() {
		return spanRow{row, s}
	}
	return row
}

// query is Query of c within a span.
func (g *Gate) query(ctx context.Context, c Conn, sql string, args []any) (Rows, error) {
	ctx, s := g.span(ctx, sql)
	rows, err := c.Query(ctx, sql, args...)
	switch {
	case err != nil:
		return nil, ended(s, err)
	case s.Recorded():
		return spanRows{rows, s}, nil
	}
	return rows, nil
}

// exec is Exec of c within a span.
func (g *Gate) exec(ctx context.Context, c Conn, sql string, args []any) (int64, error) {
	ctx, s := g.span(ctx, sql)
	n, err := c.Exec(ctx, sql, args...)
	return n, ended(s, err)
}

// spanTx is a transaction, whose statements have their spans within its own.
type spanTx struct {
	Conn
	gate *Gate
	span trace.Span
}

func (t spanTx) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	return t.gate.exec(t.span.In(ctx), t.Conn, sql, args)
}

func (t spanTx) Query(ctx context.Context, sql string, args ...any) (Rows, error) {
	return t.gate.query(t.span.In(ctx), t.Conn, sql, args)
}

func (t spanTx) QueryRow(ctx context.Context, sql string, args ...any) Row {
	return t.gate.queryRow(t.span.In(ctx), t.Conn, sql, args)
}

// inTx is InTx within a span.
func (g *Gate) inTx(ctx context.Context, f func(Conn) error) error {
	ctx, s := trace.Start(ctx, trace.Client, "transaction")
	if !s.Recorded() {
		return g.DB.InTx(ctx, f)
	}
	var asked error // what f came to, which says nothing of the database
	err := g.DB.InTx(ctx, func(c Conn) error {
		asked = f(spanTx{c, g, s})
		return asked
	})
	if asked == nil || errors.Is(err, ErrUnavailable) {
		_ = ended(s.Str("db.system.name", string(g.Dialect())), err)
	} else {
		s.End()
	}
	return err
}

// batch is Batch within a span, which is called as the first statement.
func (g *Gate) batch(ctx context.Context, stmts []Stmt) ([]int64, error) {
	if len(stmts) == 0 {
		return g.DB.Batch(ctx)
	}
	ctx, s := g.span(ctx, stmts[0].SQL)
	if s.Recorded() {
		names := make([]string, len(stmts))
		for i, stmt := range stmts {
			names[i] = nameOf(stmt.SQL)
		}
		s.Strs("latchkey.statements", names).Int("db.operation.batch.size", len(stmts))
	}
	counts, err := g.DB.Batch(ctx, stmts...)
	return counts, ended(s, err)
}
