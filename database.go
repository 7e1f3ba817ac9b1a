package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"latchkey/internal/db"
	"latchkey/internal/store"
	"latchkey/migrations"
)

// openDatabase opens the database, with the folder that SQLite needs.
func (a *app) openDatabase() (err error) {
	if a.cfg.DatabaseURL == "" {
		if err := os.MkdirAll(a.cfg.DataDir, 0o700); err != nil {
			return fmt.Errorf("DATA_DIR: %w", err)
		}
	}
	if a.db, err = openDatabase(context.Background(), a.cfg); err == nil {
		a.gate = db.NewGate(a.db)
		a.store = store.New(a.gate, a.cfg.SecretKeys...)
	}
	return err
}

// migrate brings the database up to date. The gate stays shut.
func (a *app) migrate(ctx context.Context) (int, error) {
	// Mostly it is, which two questions tell; and then no replica waits for another.
	known, err := steps(a.db.Dialect())
	if err != nil {
		return 0, err
	}
	if taken, err := store.New(a.db).Steps(ctx); err == nil && !slices.ContainsFunc(known, func(n int64) bool { return !slices.Contains(taken, n) }) {
		a.schema.Store(slices.Max(taken)) // it may be that of a newer version
		return 0, nil
	}
	n, err := db.Migrate(ctx, a.db, migrations.Postgres, migrations.SQLite)
	if err == nil {
		a.schema.Store(slices.Max(known))
	}
	if errors.Is(err, store.ErrDenied) {
		if rights, asked := store.New(a.db).Rights(ctx); asked == nil && rights.Missing() != "" {
			err = fmt.Errorf("%w: %s", err, rights.Missing())
		}
	}
	return n, err
}

// lookForServers warns of another server on the same SQLite database: they would go on, and
// each count tries by itself. end forgets this one.
func (a *app) lookForServers() (end func()) {
	if a.cfg.DatabaseURL != "" {
		return func() {}
	}
	alone, end, err := db.Serve(a.cfg.DatabaseFile())
	if err != nil {
		a.log.Warn().Err(err).Msg("whether another server uses this database cannot be told")
		return func() {}
	}
	if !alone {
		a.log.Warn().Msg("another server uses this database: each counts tries by itself")
	}
	return end
}

// steps returns the numbers of the migrations for a database.
func steps(dialect db.Dialect) ([]int64, error) {
	files, pattern := fs.FS(migrations.SQLite), "sqlite/*.sql"
	if dialect == db.PostgreSQL {
		files, pattern = migrations.Postgres, "postgres/*.sql"
	}
	names, err := fs.Glob(files, pattern)
	if err != nil {
		return nil, err
	}
	var numbers []int64
	for _, name := range names {
		number, _, _ := strings.Cut(path.Base(name), "_")
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("migration %s has no number", name)
		}
		numbers = append(numbers, n)
	}
	return numbers, nil
}
