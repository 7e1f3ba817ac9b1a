// Package outbox delivers what waits in a table: mail today, and whatever else
// a commit has to tell somebody outside.
//
// A row is written in the transaction that causes it, so both are there or
// neither is. Then it is a Worker's. Each replica runs one; they share the table
// and know nothing of each other. The way of a row:
//
//	claim    worker.go     leased, so that nobody else has it until the lease ends
//	deliver  Job.Deliver   tried once, by the room that knows how
//	settle   settle.go     deleted, due again, or given up, by the error of the try (outcome.go)
//
// A worker that dies settles nothing, and its rows are due when the lease ends:
// so everything is delivered at least once.
//
// A row goes to a destination: the mail server, or whatever else listens. One
// that is away, or hangs, delays its own rows alone (destination.go).
package outbox

import (
	"context"
	"errors"
	"time"

	"github.com/rs/zerolog"

	"latchkey/internal/trace"
)

// Config is what a Worker works with. All of it is needed but Ended and Trace.
type Config struct {
	Name        string // of what is delivered, in logs: "mail"
	Destination string // of where to, in logs: "mail server"
	Hands       int    // how many jobs are under way at once
	HandsEach   int    // and how many of them for one destination, so that one that hangs leaves others theirs
	Rows        Rows
	Log         *zerolog.Logger
	Now         func() time.Time
	Ended       func(kind string, how End) // is told of each try; nil: nobody is
	Trace       *trace.Tracer              // each try is a trace of its own; nil: there are none
}

// Rows is what a Worker does with its table. A destination is what the table
// tells them apart by: an id that is fit for logs, or "" if there is only one.
type Rows struct {
	// Due returns the destinations that rows are due for, that of the row due
	// longest first. It may name others, too.
	Due func(ctx context.Context, now time.Time) ([]string, error)
	// Claim leases rows as c says, in the order in which they are to go.
	Claim func(ctx context.Context, c Claim) ([]Job, error)

	// These settle a claimed row, or answer store.ErrNotFound when it is gone:
	// another worker took it over after the lease.

	Delete  func(ctx context.Context, id string) error
	Release func(ctx context.Context, id string, due time.Time, reason string) error // due again, as if it had not been claimed
	Retry   func(ctx context.Context, id string, due time.Time, reason string) error // due again, with one more attempt
	Fail    func(ctx context.Context, id string, now time.Time, reason string) error // given up, and kept for the operator

	// FailOld gives up every due row of a destination that was written at
	// createdBy or earlier, and returns how many.
	FailOld func(ctx context.Context, to string, createdBy, now time.Time, reason string) (int64, error)
	// Resume makes every row of a destination due that waits after a try.
	Resume func(ctx context.Context, to string, now time.Time) error
	// Hurry makes every row due that nobody has claimed yet and that is due later
	// only because it was written by a clock ahead of this one.
	Hurry func(ctx context.Context, now time.Time) error
}

// Claim says which rows to lease.
type Claim struct {
	To    string // their destination
	Now   time.Time
	Until time.Time // the end of the lease
	Max   int       // rows
	Away  bool      // only rows with which something is to be done while the destination is away; often there are none

	probe bool // its one job finds out whether the destination is back
}

// Job is a claimed row.
type Job struct {
	ID        string
	Kind      string      // in logs
	Cause     [][2]string // the same: names and ids of what the row is about, as far as it is known; Deliver may add to it
	CreatedAt time.Time
	Attempts  int // tries that failed before, not counting those that found the destination away
	// Deliver makes one try. It returns nil when the row is delivered and is to be
	// deleted, or one of the errors of this package. Any other is trouble of our
	// own: the row is due again in 15 s. It ends soon after ctx, and in any case
	// well before the lease, which is 2 minutes.
	Deliver func(ctx context.Context, try Try) error
}

// Try is one try at a Job.
type Try struct {
	Now time.Time // when it began, as databases keep it
	// Away reports whether the destination is away. A job that has nothing more to
	// do without it then returns Wait(Now).
	Away func() bool
}

// New checks c and makes a Worker, which does nothing before Run.
func New(c Config) (*Worker, error) {
	r := &c.Rows
	switch {
	case c.Name == "" || c.Destination == "" || c.Log == nil || c.Now == nil,
		r.Due == nil || r.Claim == nil || r.Delete == nil || r.Release == nil || r.Retry == nil || r.Fail == nil,
		r.FailOld == nil || r.Resume == nil || r.Hurry == nil:
		return nil, errors.New("outbox: the worker lacks something")
	case c.HandsEach < 1 || c.Hands < c.HandsEach:
		return nil, errors.New("outbox: no hands, or fewer than one destination may have")
	}
	return &Worker{c: c, wake: make(chan struct{}, 1), destinations: map[string]*destination{}}, nil
}
