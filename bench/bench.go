package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
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
	sides    [2]side  // PostgreSQL with Redis, SQLite
	crowds   []*crowd // the fewest first; none if none is asked
	mailer   *mailer  // nil if it is not asked
	measured series
}

// side is the product and the bare server on the same kind of database, with
// the same people and tokens.
type side struct {
	name                string // postgresql or sqlite
	driver              string
	product, bare       *process
	productDB, bareDB   string // names on the PostgreSQL server, or ""
	productURL, bareURL string // productURL only of PostgreSQL
	me, logins          []request
	chains              []worker
}

// How many people there are, and devices that refresh. Those who log in while
// it is measured are others than those whose sessions are used: each login
// beyond a hundred sessions ends one. There are several, or they would wait for
// each other's row.
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
	if b.pg, err = openPostgres(ctx, o.database); err != nil {
		return err
	}
	defer b.pg.close()
	defer b.stop()
	say("building")
	if b.program, err = build(ctx, o.root, b.dir); err != nil {
		return err
	}
	if err := b.prepare(ctx); err != nil {
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
	if o.out != "" {
		//lint:ignore G306 results are for everybody to read
		err = os.WriteFile(o.out, []byte(table), 0o644)
	}
	if o.rounds > 1 { // one proves nothing
		err = errors.Join(err, b.slowed())
	}
	return err
}

func (b *bench) stop() {
	for _, c := range b.crowds {
		c.product.stop()
	}
	if b.mailer != nil {
		b.mailer.close()
	}
	for _, p := range []*process{b.hello, b.sides[0].product, b.sides[0].bare, b.sides[1].product, b.sides[1].bare} {
		if p != nil {
			p.stop()
		}
	}
}

// prepare starts all servers and makes people and sessions on both sides.
func (b *bench) prepare(ctx context.Context) (err error) {
	binary, err := os.Stat(b.program)
	if err != nil {
		return err
	}
	b.measured.add("binary", float64(binary.Size())/1e6)
	if b.hello, err = b.ceiling(ctx, "hello", ""); err != nil {
		return err
	}
	on := side{name: "postgresql", driver: "pgx"}
	if on.productDB, on.productURL, err = b.pg.create(ctx); err != nil {
		return err
	}
	if on.bareDB, on.bareURL, err = b.pg.create(ctx); err != nil {
		return err
	}
	off := side{name: "sqlite", driver: "sqlite"}
	off.bareURL = "file:" + filepath.Join(b.dir, "bare.db") + "?_pragma=busy_timeout(2000)&_pragma=journal_mode(WAL)"
	b.sides = [...]side{on, off}
	for i := range b.sides {
		say("making people on %s", b.sides[i].name)
		if err := b.prepareSide(ctx, &b.sides[i]); err != nil {
			return err
		}
	}
	if b.cost, err = hashCostOf(ctx, on.productURL); err != nil {
		return err
	}
	if b.wants("users") || b.wants("growth") {
		for _, size := range []int{b.users / 1000, b.users / 10, b.users} {
			say("making %d users with three sessions each", size)
			if _, err := b.gather(ctx, size); err != nil {
				return err
			}
		}
	}
	if b.wants("mails") {
		b.mailer, err = b.openMailer(ctx)
	}
	return err
}

// wants reports whether a part is to be run.
func (b *bench) wants(part string) bool { return len(b.only) == 0 || slices.Contains(b.only, part) }

func (b *bench) prepareSide(ctx context.Context, s *side) (err error) {
	env := settings(b.secret, b.dir, s.productURL, b.redis)
	if s.product, err = start(ctx, b.dir, s.name, b.program, env); err != nil {
		return err
	}
	people, err := createUsers(ctx, b.program, env, residents+visitors)
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
	if err := fill(ctx, s.driver, s.bareURL, people); err != nil {
		return err
	}
	s.bare, err = b.ceiling(ctx, s.driver, s.bareURL)
	return err
}
