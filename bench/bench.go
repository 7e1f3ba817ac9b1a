package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// bench is a run: the servers, what is asked of them, and what was measured.
type bench struct {
	options
	dir      string // temporary
	program  string // the product
	secret   string
	pg       *postgres
	cost     hashCost
	hello    *process
	sides    []*side // PostgreSQL with Redis, SQLite
	measured series
}

// side is the product and the bare server on the same kind of database, with
// the same people and tokens.
type side struct {
	name      string // postgresql or sqlite
	env       []string
	product   *process
	bare      *process
	startBare func([]person) (*process, error)
	url       string // DATABASE_URL, or ""
	productDB string // names on the PostgreSQL server, or ""
	bareDB    string
	me        []request
	logins    []request
	chains    []worker
}

// How many people there are, and devices that refresh. Those who log in while
// it is measured are others than those whose sessions are used: each login
// beyond a hundred sessions ends one.
const (
	residents = 8
	visitors  = 16
	devices   = 16
)

// measure runs everything and writes the table.
func measure(ctx context.Context, o options) (err error) {
	b := &bench{options: o, secret: rand.Text() + rand.Text(), measured: series{}}
	if b.dir, err = os.MkdirTemp("", "latchkey-bench"); err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(b.dir) }()
	began, busy := time.Now(), loadAverage()
	say("building")
	if b.program, err = build(ctx, o.root, b.dir); err != nil {
		return err
	}
	binary, err := os.Stat(b.program)
	if err != nil {
		return err
	}
	b.measured.add("binary", float64(binary.Size())/1e6)
	if b.pg, err = openPostgres(ctx, o.database); err != nil {
		return err
	}
	defer b.pg.close(context.WithoutCancel(ctx))
	defer b.stop()
	if err := b.prepare(ctx); err != nil {
		return err
	}
	if err := b.countWire(ctx); err != nil {
		return err
	}
	for i := range o.rounds {
		say("round %d of %d", i+1, o.rounds)
		if err := errors.Join(b.round(ctx), ctx.Err()); err != nil {
			return err
		}
	}
	table, err := b.table(ctx, busy, time.Since(began))
	if err != nil {
		return err
	}
	fmt.Print(table)
	if o.out == "" {
		return nil
	}
	return os.WriteFile(o.out, []byte(table), 0o644)
}

func (b *bench) stop() {
	if b.hello != nil {
		b.hello.stop()
	}
	for _, s := range b.sides {
		for _, p := range []*process{s.product, s.bare} {
			if p != nil {
				p.stop()
			}
		}
	}
}

// prepare starts all servers and makes people and sessions on both sides.
func (b *bench) prepare(ctx context.Context) (err error) {
	if b.hello, err = b.ceiling(ctx, "hello", ""); err != nil {
		return err
	}
	productDB, productURL, err := b.pg.create(ctx)
	if err != nil {
		return err
	}
	bareDB, bareURL, err := b.pg.create(ctx)
	if err != nil {
		return err
	}
	bareFile := filepath.Join(b.dir, "bare.db")
	b.sides = []*side{
		{
			name: "postgresql", env: settings(b.secret, b.dir, productURL, b.redis), url: productURL, productDB: productDB, bareDB: bareDB,
			startBare: func(people []person) (*process, error) {
				if err := fillPostgres(ctx, bareURL, people); err != nil {
					return nil, err
				}
				return b.ceiling(ctx, "postgres", bareURL)
			},
		},
		{
			name: "sqlite", env: settings(b.secret, b.dir, "", ""),
			startBare: func(people []person) (*process, error) {
				if err := fillSQLite(ctx, bareFile, people); err != nil {
					return nil, err
				}
				return b.ceiling(ctx, "sqlite", bareFile)
			},
		},
	}
	for _, s := range b.sides {
		say("making people on %s", s.name)
		if err := b.prepareSide(ctx, s); err != nil {
			return err
		}
	}
	phc, err := hashOf(ctx, productURL)
	if err != nil {
		return err
	}
	b.cost, err = parseCost(phc)
	return err
}

func (b *bench) prepareSide(ctx context.Context, s *side) (err error) {
	if s.product, err = start(ctx, b.dir, s.name, b.program, s.env); err != nil {
		return err
	}
	people, err := createUsers(ctx, b.program, s.env, residents+visitors)
	if err != nil {
		return err
	}
	sessions, err := openSessions(s.product.addr, people[:residents], b.sessions+devices)
	if err != nil {
		return s.product.explain(err)
	}
	for _, v := range sessions[:b.sessions] {
		s.me = append(s.me, meRequest(v))
	}
	for _, v := range sessions[b.sessions:] {
		s.chains = append(s.chains, refreshChain(v))
	}
	for i := range 1024 { // more than ever wait at once: no client meets its own limit
		s.logins = append(s.logins, loginRequest(people[residents+i%visitors], i))
	}
	s.bare, err = s.startBare(people)
	return err
}

// ceiling starts this program anew, as one of the servers to compare with.
func (b *bench) ceiling(ctx context.Context, kind, database string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	env := []string{"BENCH_SERVE=" + kind, "BENCH_DATABASE=" + database, "BENCH_SECRET=" + b.secret}
	return start(ctx, b.dir, "bare-"+kind, self, env)
}
