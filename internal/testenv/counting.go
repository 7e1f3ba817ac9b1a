package testenv

import (
	"context"
	"net"
	"sync/atomic"

	"github.com/redis/go-redis/v9"

	"latchkey/internal/db"
)

// Counting is a database that counts what is asked of it.
type Counting struct {
	db.DB
	Statements atomic.Int64
	RoundTrips atomic.Int64 // a batch is one; BEGIN and COMMIT are one each
}

// Exec implements db.Conn.
func (c *Counting) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	c.count(1)
	return c.DB.Exec(ctx, sql, args...)
}

// Query implements db.Conn.
func (c *Counting) Query(ctx context.Context, sql string, args ...any) (db.Rows, error) {
	c.count(1)
	return c.DB.Query(ctx, sql, args...)
}

// QueryRow implements db.Conn.
func (c *Counting) QueryRow(ctx context.Context, sql string, args ...any) db.Row {
	c.count(1)
	return c.DB.QueryRow(ctx, sql, args...)
}

// Batch implements db.DB.
func (c *Counting) Batch(ctx context.Context, stmts ...db.Stmt) ([]int64, error) {
	c.count(int64(len(stmts)))
	return c.DB.Batch(ctx, stmts...)
}

// InTx implements db.DB.
func (c *Counting) InTx(ctx context.Context, f func(db.Conn) error) error {
	c.RoundTrips.Add(2)
	return c.DB.InTx(ctx, func(tx db.Conn) error { return f(countingTx{tx, c}) })
}

func (c *Counting) count(statements int64) {
	c.Statements.Add(statements)
	c.RoundTrips.Add(1)
}

type countingTx struct {
	db.Conn
	c *Counting
}

func (t countingTx) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	t.c.count(1)
	return t.Conn.Exec(ctx, sql, args...)
}

func (t countingTx) Query(ctx context.Context, sql string, args ...any) (db.Rows, error) {
	t.c.count(1)
	return t.Conn.Query(ctx, sql, args...)
}

func (t countingTx) QueryRow(ctx context.Context, sql string, args ...any) db.Row {
	t.c.count(1)
	return t.Conn.QueryRow(ctx, sql, args...)
}

// CountingRedis counts what a client of Redis sends, as a hook of it.
type CountingRedis struct{ Commands, RoundTrips atomic.Int64 }

// DialHook implements redis.Hook.
func (c *CountingRedis) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

// ProcessHook implements redis.Hook.
func (c *CountingRedis) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		c.Commands.Add(1)
		c.RoundTrips.Add(1)
		return next(ctx, cmd)
	}
}

// ProcessPipelineHook implements redis.Hook.
func (c *CountingRedis) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		c.Commands.Add(int64(len(cmds)))
		c.RoundTrips.Add(1)
		return next(ctx, cmds)
	}
}
