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

// Migrate brings d up to the newest version in files, which hold one folder a
// dialect, and returns how many steps it took. Of several replicas that start
// together one migrates and the others wait.
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

// Schema is how a database's schema stands to the program's.
type Schema struct {
	Pending int // steps that Migrate would take
	Unknown int // steps that a newer program took
}

// The steps that were taken are in goose's table, once there is one.
const (
	hasStepsPostgres = `SELECT to_regclass('goose_db_version') IS NOT NULL`
	hasStepsSQLite   = `SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'goose_db_version')`
	takenSteps       = `SELECT version_id FROM goose_db_version WHERE is_applied AND version_id > 0`
)

// CheckSchema compares d with the newest version in files and changes nothing.
func CheckSchema(ctx context.Context, d DB, postgresFiles, sqliteFiles fs.FS) (Schema, error) {
	files, folder, hasSteps := sqliteFiles, "sqlite", hasStepsSQLite
	if d.Dialect() == PostgreSQL {
		files, folder, hasSteps = postgresFiles, "postgres", hasStepsPostgres
	}
	steps, err := fs.Glob(files, folder+"/*.sql")
	if err != nil {
		return Schema{}, fmt.Errorf("schema: %w", err)
	}
	pending := map[int64]bool{}
	for _, step := range steps {
		version, err := goose.NumericComponent(step)
		if err != nil {
			return Schema{}, fmt.Errorf("schema: %w", err)
		}
		pending[version] = true
	}
	var has bool
	if err := d.QueryRow(ctx, hasSteps).Scan(&has); err != nil || !has {
		return Schema{Pending: len(pending)}, err
	}
	rows, err := d.Query(ctx, takenSteps)
	if err != nil {
		return Schema{}, err
	}
	defer rows.Close()
	var s Schema
	for rows.Next() {
		var version int64
		if err := rows.Scan(&version); err != nil {
			return Schema{}, err
		}
		if !pending[version] {
			s.Unknown++
		}
		delete(pending, version)
	}
	s.Pending = len(pending)
	return s, rows.Err()
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
