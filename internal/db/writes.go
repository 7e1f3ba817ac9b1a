package db

import (
	"context"
	"errors"
	"time"
)

// knownFor is how long what the last write came to stands for the next one.
const knownFor = 10 * time.Second

// lastWrite is what one came to.
type lastWrite struct {
	at  time.Time
	err error // nil or ErrNoWrites
}

// note remembers a write that changed n rows, or was refused as all are. Whatever
// else went wrong says nothing about the next one.
func (g *Gate) note(n int64, err error) {
	switch {
	case errors.Is(err, ErrNoWrites):
		g.last.Store(&lastWrite{time.Now(), err})
	case err == nil && n > 0:
		g.last.Store(&lastWrite{at: time.Now()})
	}
}

// Writes reports whether the database takes writes: by what the last one came to
// if that is no longer ago than 10 s, or else by write, which makes one here.
func (g *Gate) Writes(ctx context.Context, write func(ctx context.Context) error) error {
	if last := g.last.Load(); last != nil && time.Since(last.at) < knownFor {
		return last.err
	}
	return write(ctx)
}
