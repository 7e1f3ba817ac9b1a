package main

import (
	"context"
	"errors"
	"fmt"
)

// growth measures the same requests in the smallest crowd and in the largest.
func (b *bench) growth(ctx context.Context) error {
	few, many := b.crowds[0], b.crowds[len(b.crowds)-1]
	for _, what := range grows {
		for _, c := range []*crowd{few, many} {
			workers := map[string][]worker{"me": spread(32, c.me), "login": spread(8, c.logins), "refresh": c.chains}[what]
			name := "growth " + what + " many"
			if c == few {
				name = "growth " + what + " few"
			}
			if err := b.load(ctx, name, c.product, c.database, workers); err != nil {
				return err
			}
		}
	}
	return nil
}

// grows are the operations that must not take longer where there is more.
var grows = []string{"me", "login", "refresh"}

// slowed says which of them take, or cost, more than half as much again with many users.
func (b *bench) slowed() error {
	if len(b.measured["growth me many rate"]) == 0 {
		return nil
	}
	var errs []error
	for _, what := range grows {
		many, few := "growth "+what+" many ", "growth "+what+" few "
		takes, costs := b.measured.ratio(few+"rate", many+"rate"), b.measured.ratio(many+"cpu", few+"cpu")
		if takes > 1.5 || costs > 1.5 {
			errs = append(errs, fmt.Errorf("with many users %s takes %.2f times as long and costs %.2f times as much", what, takes, costs))
		}
	}
	return errors.Join(errs...)
}
