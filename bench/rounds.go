package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// How many connections there are in each load, as performance goals name them.
var (
	meConns     = []int{1, 8, 32, 128}
	loginConns  = []int{8, 64}
	floodConns  = 64
	floodMe     = 200 // `me` a second during the flood, over
	floodMeOver = 32  // connections
)

// part is what -only names: some loads, and what they are compared with.
type part struct {
	name string
	run  func(*bench, context.Context) error
}

var parts = []part{
	{"hello", (*bench).hellos},
	{"me", (*bench).mes},
	{"refresh", (*bench).refreshes},
	{"login", (*bench).loginLoads},
	{"flood", (*bench).floods},
	{"open", (*bench).openLoops},
	{"mails", (*bench).mails},
	{"users", (*bench).pages},
	{"growth", (*bench).growth},
	{"start", (*bench).starts},
}

// round runs every load once, those that are compared one after the other.
func (b *bench) round(ctx context.Context) error {
	for _, p := range parts {
		if !b.wants(p.name) {
			continue
		}
		if err := p.run(b, ctx); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return nil
}

func (b *bench) hellos(ctx context.Context) error {
	hello := []request{{[]byte("GET / HTTP/1.1\r\nHost: localhost:8080\r\n\r\n"), exactly([]byte("hello\n"))}}
	return b.load(ctx, "hello", b.hello, "", spread(32, hello))
}

func (b *bench) mes(ctx context.Context) error {
	for _, s := range b.sides {
		for _, n := range meConns {
			if err := b.load(ctx, fmt.Sprintf("%s bare %d", s.name, n), s.bare, s.bareDB, spread(n, s.me)); err != nil {
				return err
			}
			if err := b.load(ctx, fmt.Sprintf("%s me %d", s.name, n), s.product, s.productDB, spread(n, s.me)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *bench) refreshes(ctx context.Context) error {
	for _, s := range b.sides {
		if err := b.load(ctx, s.name+" bare beside refresh", s.bare, s.bareDB, spread(32, s.me)); err != nil {
			return err
		}
		if err := b.load(ctx, s.name+" refresh", s.product, s.productDB, s.chains); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) loginLoads(ctx context.Context) error {
	for _, s := range b.sides {
		for _, n := range loginConns {
			b.measured.add(fmt.Sprintf("%s hash beside login %d", s.name, n), b.cost.bound(b.options.round))
			if err := b.load(ctx, fmt.Sprintf("%s login %d", s.name, n), s.product, s.productDB, spread(n, s.logins)); err != nil {
				return err
			}
		}
	}
	return nil
}

// load loads a server and keeps what it measured under names that begin with
// name: rate (a second), p50 and p99 (ms), cpu and cpu of PostgreSQL (µs a
// request), busy (the share of requests that were told to come again), memory (MiB, of
// the server and the processes that hash, at its end).
func (b *bench) load(ctx context.Context, name string, p *process, database string, workers []worker) error {
	before, err := b.databaseTime(ctx, database)
	if err != nil {
		return err
	}
	server := -cpuTime(p.pid())
	r, err := load(p.addr, b.options.round, workers)
	if err != nil {
		return p.explain(fmt.Errorf("%s: %w", name, err))
	}
	server += cpuTime(p.pid())
	after, err := b.databaseTime(ctx, database)
	if err != nil {
		return err
	}
	backends := after - before
	requests := float64(max(1, r.all-r.busy))
	b.keep(name, r)
	b.measured.add(name+" cpu", micros(server+backends)/requests)
	b.measured.add(name+" cpu of PostgreSQL", micros(backends)/requests)
	memory, err := p.shareOfMemory()
	b.measured.add(name+" memory", memory)
	return errors.Join(err, ctx.Err())
}

func (b *bench) keep(name string, r *result) {
	b.measured.add(name+" rate", r.rate())
	b.measured.add(name+" p50", micros(r.quantile(0.50))/1000)
	b.measured.add(name+" p99", micros(r.quantile(0.99))/1000)
	b.measured.add(name+" busy", float64(r.busy)/float64(max(1, r.all)))
}

func micros(t time.Duration) float64 { return float64(t) / float64(time.Microsecond) }

// databaseTime returns what the processes that serve a database have used.
func (b *bench) databaseTime(ctx context.Context, database string) (sum time.Duration, err error) {
	if database == "" {
		return 0, nil
	}
	pids, err := b.pg.backends(ctx, database)
	return cpuTime(pids...), err
}

func (b *bench) floods(ctx context.Context) error {
	b.measured.add("hash beside flood", b.cost.bound(b.options.round))
	return b.flood(ctx, &b.sides[0])
}

// flood measures `me` at a fixed rate while others log in as fast as they can.
func (b *bench) flood(ctx context.Context, s *side) error {
	type outcome struct {
		r   *result
		err error
	}
	logins := make(chan outcome)
	go func() {
		r, err := load(s.product.addr, b.options.round, spread(floodConns, s.logins))
		logins <- outcome{r, err}
	}()
	memory := s.product.watchMemory()
	me, err := paced(s.product.addr, b.options.round, spread(floodMeOver, s.me), floodMe)
	others := <-logins
	most, watched := memory()
	for _, err := range []error{err, others.err, watched, ctx.Err()} {
		if err != nil {
			return s.product.explain(fmt.Errorf("flood: %w", err))
		}
	}
	b.keep("flood me", me)
	b.keep("flood login", others.r)
	b.measured.add("flood memory", most)
	return nil
}

// starts measures how long the product takes to get ready, on an empty
// database and again, and its memory when nothing has been asked of it.
func (b *bench) starts(ctx context.Context) error {
	_, url, err := b.pg.create(ctx)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(b.dir, "start")
	if err != nil {
		return err
	}
	idle := map[string]*process{}
	defer func() {
		for _, p := range idle {
			p.stop()
		}
	}()
	for i, env := range [][]string{settings(b.secret, dir, url, b.redis), settings(b.secret, dir, "", "")} {
		name := b.sides[i].name
		p, err := start(ctx, dir, name, b.program, env)
		if err != nil {
			return err
		}
		b.measured.add(name+" start empty", micros(p.took)/1000)
		p.stop()
		if p, err = start(ctx, dir, name, b.program, env); err != nil {
			return err
		}
		b.measured.add(name+" start", micros(p.took)/1000)
		idle[name] = p
	}
	time.Sleep(b.settle)
	for name, p := range idle {
		server, err := share(p.pid())
		if err != nil {
			return err
		}
		all, err := p.shareOfMemory()
		if err != nil {
			return err
		}
		b.measured.add(name+" idle memory", server)
		b.measured.add(name+" idle hashers", (all-server)/float64(max(1, len(p.all())-1)))
	}
	return nil
}
