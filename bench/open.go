package main

import (
	"context"
	"fmt"
)

// openConns is how many connections requests come in on that come when they are due.
const openConns = 64

// openLoops measures how long requests take that come at half the rate that the server
// can answer at most.
func (b *bench) openLoops(ctx context.Context) error {
	for _, s := range b.sides {
		err := b.atHalf(ctx, s.name+" open bare", s.bare, spread(openConns, s.me))
		if err == nil {
			err = b.atHalf(ctx, s.name+" open me", s.product, spread(openConns, s.me))
		}
		if err == nil {
			err = b.atHalf(ctx, s.name+" open refresh", s.product, s.chains)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// atHalf finds out what a server answers at most in half a round, and measures a round at
// half of that.
func (b *bench) atHalf(ctx context.Context, name string, p *process, workers []worker) error {
	most, err := load(p.addr, b.options.round/2, workers)
	if err != nil {
		return p.explain(fmt.Errorf("%s: %w", name, err))
	}
	return b.atRate(ctx, name, p, workers, int(most.rate()/2))
}

// atRate measures a round at a rate a second.
func (b *bench) atRate(ctx context.Context, name string, p *process, workers []worker, rate int) error {
	r, err := paced(p.addr, b.options.round, workers, max(1, rate))
	if err != nil {
		return p.explain(fmt.Errorf("%s: %w", name, err))
	}
	b.keep(name, r)
	return ctx.Err()
}
