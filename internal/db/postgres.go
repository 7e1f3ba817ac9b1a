package db

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// connectTimeout bounds opening a connection, unless the URL has a
// connect_timeout.
const connectTimeout = 2 * time.Second

// standstill is how long PostgreSQL lets a transaction wait for its next statement. It
// is longer than callTimeout, after which we give a transaction up ourselves. So it ends
// only transactions of a machine that stands still or is gone, whose locks would keep
// every other replica waiting (R1).
const standstill = 3 * time.Second

// idleLimit is PostgreSQL's name for standstill.
const idleLimit = "idle_in_transaction_session_timeout"

type pgQuerier interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

type pgConn struct {
	q   pgQuerier
	end time.Time // of the transaction; zero on the pool
}

func (c pgConn) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	ctx, cancel := bounded(ctx, c.end)
	defer cancel()
	tag, err := c.q.Exec(ctx, sql, args...)
	return tag.RowsAffected(), pgErr(err)
}

func (c pgConn) Query(ctx context.Context, sql string, args ...any) (Rows, error) {
	ctx, cancel := bounded(ctx, c.end)
	rows, err := c.q.Query(ctx, sql, args...)
	if err != nil {
		cancel()
		return nil, pgErr(err)
	}
	return pgRows{rows, cancel}, nil
}

func (c pgConn) QueryRow(ctx context.Context, sql string, args ...any) Row {
	ctx, cancel := bounded(ctx, c.end)
	return pgRow{c.q.QueryRow(ctx, sql, args...), cancel}
}

type pgRow struct {
	row    pgx.Row
	cancel context.CancelFunc
}

func (r pgRow) Scan(dest ...any) error {
	defer r.cancel()
	return pgErr(r.row.Scan(dest...))
}

type pgRows struct {
	pgx.Rows
	cancel context.CancelFunc
}

func (r pgRows) Err() error { return pgErr(r.Rows.Err()) }

func (r pgRows) Close() {
	r.Rows.Close()
	r.cancel()
}

type postgres struct {
	pgConn
	pool *pgxpool.Pool
}

// OpenPostgres returns a pool of connections to the server that url names. It connects
// when it is first used, so a server that is away is no error here.
func OpenPostgres(ctx context.Context, url string) (DB, error) {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, errors.New("DATABASE_URL is not a PostgreSQL URL") // the driver's text may hold the password
	}
	if cfg.ConnConfig.ConnectTimeout == 0 {
		cfg.ConnConfig.ConnectTimeout = connectTimeout
	}
	cfg.ConnConfig.RuntimeParams["application_name"] = "latchkey"
	if cfg.ConnConfig.RuntimeParams[idleLimit] == "" { // not one of those: poolers refuse what they do not know
		set := fmt.Sprintf("SET %s = %d", idleLimit, standstill.Milliseconds())
		cfg.AfterConnect = func(ctx context.Context, c *pgx.Conn) error {
			_, err := c.Exec(ctx, set)
			return err
		}
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("postgresql: %w", pgErr(err))
	}
	return &postgres{pgConn{q: pool}, pool}, nil
}

func (p *postgres) Batch(ctx context.Context, stmts ...Stmt) (counts []int64, err error) {
	ctx, cancel := bounded(ctx, time.Time{})
	defer cancel()
	err = again(ctx, func() error {
		counts, err = p.batch(ctx, stmts)
		return err
	})
	return counts, err
}

func (p *postgres) batch(ctx context.Context, stmts []Stmt) ([]int64, error) {
	var batch pgx.Batch // without BEGIN one round trip, and atomic: nothing commits before the sync at its end
	for _, s := range stmts {
		batch.Queue(s.SQL, s.Args...)
	}
	results := p.pool.SendBatch(ctx, &batch)
	counts := make([]int64, len(stmts))
	for i := range stmts {
		tag, err := results.Exec()
		if err != nil {
			_ = results.Close() // the first error tells more
			return nil, pgErr(err)
		}
		counts[i] = tag.RowsAffected()
	}
	return counts, pgErr(results.Close())
}

func (p *postgres) InTx(ctx context.Context, f func(Conn) error) error {
	ctx, cancel := bounded(ctx, time.Time{})
	defer cancel()
	end, _ := ctx.Deadline()
	return again(ctx, func() error {
		return pgErr(pgx.BeginFunc(ctx, p.pool, func(tx pgx.Tx) error { return f(pgConn{tx, end}) }))
	})
}

// errCollided says that PostgreSQL broke a transaction off in favour of another.
var errCollided = fmt.Errorf("%w: transactions collided", ErrUnavailable)

// collisions is how often a transaction may collide before it fails. Each time it waits a
// moment, so that the other one can go through: begun again at once, it could be in the
// other's way a second time.
const collisions = 3

// again runs a transaction again while it collides with others.
func again(ctx context.Context, f func() error) error {
	for n := 1; ; n++ {
		err := f()
		if !errors.Is(err, errCollided) || n == collisions {
			return err
		}
		select {
		//lint:ignore G404 spreads replicas in time; nobody gains by guessing it
		case <-time.After(time.Duration(n) * (10*time.Millisecond + rand.N(20*time.Millisecond))):
		case <-ctx.Done():
			return err
		}
	}
}

func (p *postgres) Dialect() Dialect { return PostgreSQL }

func (p *postgres) Ping(ctx context.Context) error { return pgErr(p.pool.Ping(ctx)) }

func (p *postgres) Close() { p.pool.Close() }

// pgErr turns errors that callers act on into those of this package. Of what PostgreSQL
// says it keeps the code and the constraint: its text may quote values.
func pgErr(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrNoRows
	}
	e, ok := errors.AsType[*pgconn.PgError](err)
	switch {
	case !ok && (translated(err) || errors.Is(err, context.Canceled)):
		return err
	case !ok && (pgconn.Timeout(err) || isConnection(err)):
		return fmt.Errorf("%w: %s", ErrUnavailable, "no answer from postgresql")
	case !ok:
		return err
	case e.Code == "23505": // unique_violation
		return fmt.Errorf("%w: %s", ErrConflict, e.ConstraintName)
	}
	if e.Code == "42P01" { // undefined_table: nobody has migrated yet
		return fmt.Errorf("%w: no schema yet", ErrUnavailable)
	}
	switch e.Code[:2] {
	case "40": // serialization failure, deadlock
		return errCollided
	case "08", "53", "57", "58", "25": // connection, resources, operator intervention, system, read-only after a failover
		return fmt.Errorf("%w: postgresql %s", ErrUnavailable, e.Code)
	}
	return fmt.Errorf("postgresql %s: %s (%s)", e.Code, e.Message, e.ConstraintName)
}
