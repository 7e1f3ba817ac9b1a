package db

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// connect opens a connection that is none of the pool's.
func connect(ctx context.Context, cfg *pgx.ConnConfig) (*pgx.Conn, error) {
	c, err := pgx.ConnectConfig(ctx, cfg)
	if err == nil {
		err = nameTypes(ctx, c)
	}
	return c, err
}

// nameTypes tells a connection of which types of PostgreSQL our parameters are, for where
// statements are not prepared (default_query_exec_mode): nobody asks the server then. pgx can know
// all types by itself, which takes 1.4 MB of the program; as it is released, with the tag
// nopgxregisterdefaulttypes, it knows none. It never fails: the pool wants an error.
func nameTypes(_ context.Context, c *pgx.Conn) error {
	for name, values := range map[string][]any{
		"bool":        {false, new(bool)},
		"int8":        {0, int64(0), new(int), new(int64)},
		"text":        {"", new(string)},
		"bytea":       {[]byte(nil)},
		"timestamptz": {time.Time{}, new(time.Time)},
	} {
		for _, v := range values {
			c.TypeMap().RegisterDefaultPgType(v, name)
		}
	}
	return nil
}
