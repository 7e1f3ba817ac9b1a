package main

import (
	"bytes"
	"context"
	"net/url"
	"time"
)

// repeats is how often an operation is counted: its median leaves out what the
// product asks for in the background meanwhile.
const repeats = 15

// countWire counts what single operations ask of PostgreSQL and Redis, by a
// replica that reaches both through a wire. It keeps them as NAME statements,
// NAME round trips, NAME redis commands.
func (b *bench) countWire(ctx context.Context) error {
	s := b.sides[0]
	database, dbURL, err := through(s.url, readPostgres)
	if err != nil {
		return err
	}
	defer func() { _ = database.Close() }()
	cache, redisURL, err := through(b.redis, readRedis)
	if err != nil {
		return err
	}
	defer func() { _ = cache.Close() }()
	p, err := start(ctx, b.dir, "counted", b.program, settings(b.secret, b.dir, dbURL, redisURL))
	if err != nil {
		return err
	}
	defer p.stop()
	c, err := dial(p.addr)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	for name, w := range map[string]worker{"me": cycle(s.me, 0), "login": cycle(s.logins, 0), "refresh": s.chains[0]} {
		for i := range repeats + 5 { // the first prepare statements
			statements, trips, commands := database.asked.Load(), database.waits.Load(), cache.asked.Load()
			req := w.next()
			body, err := c.do(req.bytes)
			if err == nil {
				err = req.check(bytes.Clone(body))
			}
			if err != nil {
				return p.explain(err)
			}
			time.Sleep(2 * time.Millisecond) // the wire forwards first and counts then
			if i >= 5 {
				b.measured.add(name+" statements", float64(database.asked.Load()-statements))
				b.measured.add(name+" round trips", float64(database.waits.Load()-trips))
				b.measured.add(name+" redis commands", float64(cache.asked.Load()-commands))
			}
		}
	}
	return nil
}

// through returns a wire to a server and the URL that leads through it.
func through(server string, read reader) (*wire, string, error) {
	u, err := url.Parse(server)
	if err != nil {
		return nil, "", err
	}
	w, err := newWire(u.Host, read)
	if err != nil {
		return nil, "", err
	}
	u.Host = w.Addr().String()
	return w, u.String(), nil
}
