package db

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// Pooler reports an error if a pooler stands in front of d that lends connections
// out by transaction and so mixes up the prepared statements that d uses. d uses
// none where its URL says default_query_exec_mode=exec, and some poolers keep them
// apart themselves.
func Pooler(ctx context.Context, d DB) error {
	p, ok := d.(*postgres)
	if !ok {
		return nil
	}
	ctx, cancel := bounded(ctx, time.Time{})
	defer cancel()
	cfg := p.pool.Config().ConnConfig
	first, err := connect(ctx, cfg)
	if err != nil {
		return pgErr(err)
	}
	defer func() { _ = first.Close(ctx) }()
	was, err := backend(ctx, first)
	// Others begin transactions until one of them has what the first was lent: then
	// the first gets another.
	for n := 0; n < 3 && err == nil; n++ {
		other, is, failed := borrow(ctx, cfg)
		if other != nil {
			defer func() { _ = other.Close(ctx) }()
		}
		if err = failed; is == was {
			break
		}
	}
	if err == nil {
		_, err = backend(ctx, first)
	}
	return pgErr(err)
}

// borrow connects and stays in a transaction.
func borrow(ctx context.Context, cfg *pgx.ConnConfig) (*pgx.Conn, int32, error) {
	c, err := connect(ctx, cfg)
	if err != nil {
		return nil, 0, err
	}
	if _, err := c.Begin(ctx); err != nil {
		return c, 0, err
	}
	is, err := backend(ctx, c)
	return c, is, err
}

// backend asks by a statement that is prepared which process of the server
// answers.
func backend(ctx context.Context, c *pgx.Conn) (id int32, err error) {
	err = c.QueryRow(ctx, `SELECT pg_backend_pid()`).Scan(&id)
	return id, err
}
