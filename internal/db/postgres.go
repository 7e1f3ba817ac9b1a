package db

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
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
	pool  *pgxpool.Pool
	begin pgx.TxOptions

	opened atomic.Bool  // pool is there: it connects by itself where the URL asks for idle connections
	reset  atomic.Int64 // when the connections were last thrown away, in ns
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
	var p postgres
	if cfg.ConnConfig.RuntimeParams[idleLimit] == "" {
		// In the round trip that begins a transaction anyhow, and over with it: of a
		// connection that a pooler lends out it would bind the next user too.
		p.begin.BeginQuery = fmt.Sprintf("BEGIN; SET LOCAL %s = %d", idleLimit, standstill.Milliseconds())
	}
	cfg.ConnConfig.OnPgError = p.answered
	cfg.AfterConnect = nameTypes
	if p.pool, err = pgxpool.NewWithConfig(ctx, cfg); err != nil {
		return nil, fmt.Errorf("postgresql: %w", pgErr(err))
	}
	p.q = p.pool
	p.opened.Store(true)
	return &p, nil
}

// moved are the errors of a server that is not the one to work with any more: it
// is read-only, as after a failover, or it is ending or starting.
var moved = []string{"25006", "57P01", "57P02", "57P03"}

// resetEvery bounds how often the connections are thrown away: where there is no
// other server, reads go on with this one.
const resetEvery = time.Second

// answered sees every error of the server, and says whether its connection is
// good for more. Whoever is behind a proxy or has several hosts finds the server
// that takes over by connecting anew, so after one of moved no connection of
// before stays.
func (p *postgres) answered(_ *pgconn.PgConn, e *pgconn.PgError) bool {
	if slices.Contains(moved, e.Code) && p.opened.Load() {
		now := time.Now().UnixNano()
		if last := p.reset.Load(); now-last >= int64(resetEvery) && p.reset.CompareAndSwap(last, now) {
			p.pool.Reset()
		}
	}
	return !strings.EqualFold(e.Severity, "FATAL")
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
		return pgErr(pgx.BeginTxFunc(ctx, p.pool, p.begin, func(tx pgx.Tx) error { return f(pgConn{tx, end}) }))
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

// Scrub implements DB.
func (p *postgres) Scrub(context.Context) error { return nil }

// EmptyLog implements DB.
func (p *postgres) EmptyLog(context.Context) (done bool, err error) { return true, nil }

func (p *postgres) Dialect() Dialect { return PostgreSQL }

func (p *postgres) Pool() Pool {
	s := p.pool.Stat()
	return Pool{Used: int(s.AcquiredConns()), Idle: int(s.IdleConns()), Max: int(s.MaxConns()), Waited: s.EmptyAcquireWaitTime()}
}

func (p *postgres) Ping(ctx context.Context) error { return pgErr(p.pool.Ping(ctx)) }

func (p *postgres) Close() { p.pool.Close() }
