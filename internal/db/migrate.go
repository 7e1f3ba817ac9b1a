package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// Migrate brings d up to date, by the folder postgres of postgresFiles or the folder
// sqlite of sqliteFiles, and returns how many steps it took. Of several replicas that
// start together, one migrates and the others wait (R6).
func Migrate(ctx context.Context, d DB, postgresFiles, sqliteFiles fs.FS) (int, error) {
	switch d := d.(type) {
	case *postgres:
		pool := stdlib.OpenDBFromPool(d.pool)
		defer func() { _ = pool.Close() }()
		// A try a second, for two minutes: as long as a migration may take.
		// Waiting replicas then come up within a second of the first.
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 120), lock.WithUnlockTimeout(1, 5))
		if err != nil {
			return 0, fmt.Errorf("migrate: %w", err)
		}
		n, err := migrate(ctx, goose.DialectPostgres, pool, postgresFiles, "postgres", goose.WithSessionLocker(locker))
		return n, pgErr(err)
	case *lite:
		n, err := migrate(ctx, goose.DialectSQLite3, d.db, sqliteFiles, "sqlite")
		return n, liteErr(err)
	}
	return 0, errors.New("migrate: not a database of this package")
}

func migrate(ctx context.Context, dialect goose.Dialect, pool *sql.DB, files fs.FS, folder string, opts ...goose.ProviderOption) (int, error) {
	steps, err := fs.Sub(files, folder)
	if err != nil {
		return 0, fmt.Errorf("migrate: %w", err)
	}
	p, err := goose.NewProvider(dialect, pool, steps, opts...)
	if err != nil {
		return 0, fmt.Errorf("migrate: %w", err)
	}
	done, err := p.Up(ctx)
	if err != nil {
		return len(done), fmt.Errorf("migrate: %w", err)
	}
	return len(done), nil
}
