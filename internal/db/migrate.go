package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5"
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
		n, err := d.migrate(ctx, postgresFiles)
		return n, pgErr(err)
	case *lite:
		n, err := migrate(ctx, goose.DialectSQLite3, d.db, sqliteFiles, "sqlite")
		return n, liteErr(err)
	}
	return 0, errors.New("migrate: not a database of this package")
}

// A try a second, for two minutes: as long as a migration may take. Waiting
// replicas then come up within a second of the first.
const lockTries = 120

func (p *postgres) migrate(ctx context.Context, files fs.FS) (n int, err error) {
	free, err := p.lock(ctx)
	if err != nil {
		return 0, err
	}
	defer free()
	pool := stdlib.OpenDBFromPool(p.pool)
	defer func() { _ = pool.Close() }()
	return migrate(ctx, goose.DialectPostgres, pool, files, "postgres")
}

// lock waits until no other replica migrates. The lock is a transaction's, on a
// connection of its own: one of a session would stay behind in a pooler.
func (p *postgres) lock(ctx context.Context) (free func(), err error) {
	conn, err := connect(ctx, p.pool.Config().ConnConfig)
	if err != nil {
		return nil, err
	}
	free = func() {
		ctx, cancel := bounded(ctx, time.Time{})
		defer cancel()
		_, _ = conn.Exec(ctx, `ROLLBACK`) // a pooler keeps its connection then
		_ = conn.Close(ctx)
	}
	for n := 1; ; n++ {
		mine, err := tryLock(ctx, conn)
		if mine {
			return free, nil
		}
		if err == nil && n == lockTries {
			err = fmt.Errorf("%w: another replica migrates it", ErrUnavailable)
		}
		if err != nil {
			free()
			return nil, err
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			free()
			return nil, ctx.Err()
		}
	}
}

// tryLock takes the lock in a transaction that stays open, or leaves none.
func tryLock(ctx context.Context, conn *pgx.Conn) (mine bool, err error) {
	ctx, cancel := bounded(ctx, time.Time{})
	defer cancel()
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{BeginQuery: "BEGIN; SET LOCAL " + idleLimit + " = 0"}) // it waits for the migration
	if err != nil {
		return false, err
	}
	err = tx.QueryRow(ctx, `SELECT pg_try_advisory_xact_lock($1)`, lock.DefaultLockID).Scan(&mine) // by which versions before lock, too
	if mine || err != nil {
		return mine, err
	}
	return false, tx.Rollback(ctx)
}

func migrate(ctx context.Context, dialect goose.Dialect, pool *sql.DB, files fs.FS, folder string) (int, error) {
	steps, err := fs.Sub(files, folder)
	if err != nil {
		return 0, fmt.Errorf("migrate: %w", err)
	}
	p, err := goose.NewProvider(dialect, pool, steps)
	if err != nil {
		return 0, fmt.Errorf("migrate: %w", err)
	}
	done, err := p.Up(ctx)
	if err != nil {
		return len(done), fmt.Errorf("migrate: %w", err)
	}
	return len(done), nil
}
