package outbox

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"latchkey/internal/store"
	"latchkey/internal/testenv"
)

// world is destinations, what waits for each of them in an outbox of its own, a
// Worker and a clock that the test owns.
type world struct {
	t        *testing.T
	outboxes map[string]*store.Store // of destinations
	w        *Worker
	arrived  chan string // the name of each row delivered

	mu        sync.Mutex
	clock     time.Time
	meet      func(ctx context.Context, to, name string) error // how a destination takes a row; nil: well
	tries     map[string]int                                   // of destinations
	delivered []string                                         // names, since the last look
	ends      []string                                         // of tries, since the start
	log       bytes.Buffer
}

func newWorld(t *testing.T, hands, each int, outboxes map[string]*store.Store) *world {
	t.Helper()
	x := &world{t: t, outboxes: outboxes, arrived: make(chan string, 1000),
		clock: time.Date(2026, 11, 24, 8, 15, 0, 0, time.UTC), tries: map[string]int{}}
	x.w = x.worker(hands, each)
	return x
}

// each runs f in a world with one destination, on each database.
func each(t *testing.T, f func(t *testing.T, x *world)) {
	t.Helper()
	testenv.EachStore(t, func(t *testing.T, s *store.Store) { f(t, newWorld(t, 4, 4, map[string]*store.Store{"": s})) })
}

// several returns a world with these destinations.
func several(t *testing.T, hands, each int, destinations ...string) *world {
	t.Helper()
	outboxes := map[string]*store.Store{}
	for _, to := range destinations {
		outboxes[to] = store.New(testenv.SQLite(t))
	}
	return newWorld(t, hands, each, outboxes)
}

// worker makes another worker, as a replica has one: only the outboxes are
// shared. Destinations are due in the order of their names.
func (x *world) worker(hands, each int) *Worker {
	x.t.Helper()
	of := func(id string) *store.Store {
		to, _, _ := strings.Cut(id, "/")
		return x.outboxes[to]
	}
	log := zerolog.New(x)
	w, err := New(Config{
		Name: "mail", Destination: "mail server", Hands: hands, HandsEach: each, Log: &log, Now: x.now, Ended: x.ended,
		Rows: Rows{
			Due:    func(context.Context, time.Time) ([]string, error) { return slices.Sorted(maps.Keys(x.outboxes)), nil },
			Claim:  x.claim,
			Delete: func(ctx context.Context, id string) error { return of(id).DeleteMail(ctx, id) },
			Release: func(ctx context.Context, id string, due time.Time, reason string) error {
				return of(id).ReleaseMail(ctx, id, due, reason)
			},
			Retry: func(ctx context.Context, id string, due time.Time, reason string) error {
				return of(id).RetryMail(ctx, id, due, reason)
			},
			Fail: func(ctx context.Context, id string, now time.Time, reason string) error {
				return of(id).FailMail(ctx, id, now, reason)
			},
			FailOld: func(ctx context.Context, to string, createdBy, now time.Time, reason string) (int64, error) {
				return x.outboxes[to].FailOldMail(ctx, createdBy, now, reason)
			},
			Resume: func(ctx context.Context, to string, now time.Time) error { return x.outboxes[to].DueMail(ctx, now) },
			Hurry: func(ctx context.Context, now time.Time) error {
				for _, s := range x.outboxes {
					if err := s.HurryMail(ctx, now); err != nil {
						return err
					}
				}
				return nil
			},
		},
	})
	if err != nil {
		x.t.Fatal(err)
	}
	return w
}

func (x *world) ended(kind string, how End) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.ends = append(x.ends, kind+" "+string(how))
}

func (x *world) claim(ctx context.Context, c Claim) ([]Job, error) {
	rows, err := x.outboxes[c.To].ClaimMail(ctx, c.Now, c.Until, c.Max, c.Away)
	jobs := make([]Job, len(rows))
	for i := range rows {
		m := &rows[i]
		jobs[i] = Job{ID: m.ID, Kind: string(m.Kind), CreatedAt: m.CreatedAt, Attempts: m.Attempts, Deliver: func(ctx context.Context, try Try) error {
			if try.Away() {
				return Wait(try.Now)
			}
			return x.deliver(ctx, c.To, m.RecipientKey)
		}}
	}
	return jobs, err
}

func (x *world) deliver(ctx context.Context, to, name string) error {
	x.mu.Lock()
	x.tries[to]++
	meet := x.meet
	x.mu.Unlock()
	if meet != nil {
		if err := meet(ctx, to, name); err != nil {
			return err
		}
	}
	x.mu.Lock()
	x.delivered = append(x.delivered, name)
	x.mu.Unlock()
	x.arrived <- name
	return nil
}

// add writes a row that goes to a destination and has a name.
func (x *world) add(to, name string) {
	x.t.Helper()
	err := x.outboxes[to].EnqueueMail(x.t.Context(), &store.Mail{ID: to + "/" + uuid.Must(uuid.NewV7()).String(), Kind: store.MailNewDevice,
		RecipientKey: name, Admitted: true, CreatedAt: x.now()})
	if err != nil {
		x.t.Fatal(err)
	}
}

// set says how destinations take rows from now on.
func (x *world) set(meet func(ctx context.Context, to, name string) error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.meet = meet
}

// always is a destination that takes every row so.
func always(err error) func(context.Context, string, string) error {
	return func(context.Context, string, string) error { return err }
}

// Write implements io.Writer: the log.
func (x *world) Write(p []byte) (int, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.log.Write(p)
}

func (x *world) now() time.Time {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.clock
}

func (x *world) pass(d time.Duration) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.clock = x.clock.Add(d)
}

func (x *world) tick() {
	x.t.Helper()
	if err := x.w.Tick(x.t.Context()); err != nil {
		x.t.Fatal(err)
	}
}

// sent ticks and returns the names of what was delivered since the last call.
func (x *world) sent() []string {
	x.t.Helper()
	x.tick()
	x.mu.Lock()
	defer x.mu.Unlock()
	defer func() { x.delivered = nil }()
	return x.delivered
}

// tried is how often a destination was turned to since the last call.
func (x *world) tried(to string) int {
	x.mu.Lock()
	defer x.mu.Unlock()
	defer func() { x.tries[to] = 0 }()
	return x.tries[to]
}

// run lets the Worker run until cancel is called; it has ended when ended is
// closed.
func (x *world) run() (cancel func(), ended <-chan struct{}) {
	ctx, cancel := context.WithCancel(x.t.Context())
	done := make(chan struct{})
	go func() { x.w.Run(ctx); close(done) }()
	x.t.Cleanup(func() { cancel(); <-done })
	return cancel, done
}

// next returns what comes out of c next.
func next[T any](t *testing.T, c <-chan T, what string) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(30 * time.Second):
		t.Fatalf("waited for %s", what)
	}
	return v
}

func (x *world) wantOutbox(to string, waiting, failed int64) {
	x.t.Helper()
	o, err := x.outboxes[to].Outbox(x.t.Context(), time.Now())
	if err != nil {
		x.t.Fatal(err)
	}
	if o.Waiting != waiting || o.Failed != failed {
		x.t.Errorf("%s: %d rows wait and %d failed, want %d and %d", to, o.Waiting, o.Failed, waiting, failed)
	}
}

// line is a line of the log.
type line struct {
	Level, Message, Destination, Reason string
	DueAt                               time.Time `json:"due_at"`
}

// logged returns the lines logged since the last call.
func (x *world) logged() (list []line) {
	x.t.Helper()
	x.mu.Lock()
	defer x.mu.Unlock()
	for d := json.NewDecoder(&x.log); d.More(); {
		var l line
		if err := d.Decode(&l); err != nil {
			x.t.Fatal(err)
		}
		list = append(list, l)
	}
	return list
}
