// Package tally counts in memory what is written down in sums: what anybody can cause as
// often as they like, by tens of minutes, and numbers by day. [Tally.Run] writes them to
// the database every minute, and [Tally.End] what is left, so a process that is killed loses
// a minute of them. Its memory is bounded.
package tally

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"latchkey/internal/store"
)

const (
	flushEvery = time.Minute
	flushFor   = 5 * time.Second // how long one may take

	// mostKept is how many sums of accounts, and how many others, are kept until they are
	// written; the rest are summed by kind and way.
	mostKept = 500
)

// Tally counts. It is safe for concurrent use.
type Tally struct {
	store *store.Store
	log   zerolog.Logger
	now   func() time.Time

	mu     sync.Mutex
	counts counts
	failed bool // the last flush, which was told
}

// counts are what is not written yet.
type counts struct {
	sums map[span]*store.Sum
	kept map[bool]int // how many of sums are of an account, and how many of none
	days map[day]int
}

// span is what is summed within one of its spans.
type span struct {
	at time.Time
	of store.SumOf
}

type day struct {
	day  string
	kind store.DayKind
}

func newCounts() counts { return counts{map[span]*store.Sum{}, map[bool]int{}, map[day]int{}} }

// New returns a Tally that has counted nothing.
func New(s *store.Store, log zerolog.Logger, now func() time.Time) *Tally {
	return &Tally{store: s, log: log, now: now, counts: newCounts()}
}

// Sum counts one thing that has no event of its own. client is the network that it came
// from, or "".
func (t *Tally) Sum(of store.SumOf, client string) {
	at := store.Moment(t.now()).Truncate(store.SumSpan)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.counts.add(at, store.Sum{SumOf: of, Client: client, N: 1})
}

// Day counts n more of what is counted by day.
func (t *Tally) Day(kind store.DayKind, n int) {
	today := store.Day(t.now())
	t.mu.Lock()
	defer t.mu.Unlock()
	t.counts.days[day{today, kind}] += n
}

func (c *counts) add(at time.Time, sum store.Sum) {
	known := c.sums[span{at, sum.SumOf}]
	if known == nil && c.kept[sum.OfAccount()] >= mostKept {
		sum = sum.Other()
		known = c.sums[span{at, sum.SumOf}]
	}
	if known == nil {
		c.sums[span{at, sum.SumOf}] = &sum
		c.kept[sum.OfAccount()]++
		return
	}
	known.N += sum.N
	if known.Client != sum.Client {
		known.Client = ""
	}
}

// Run writes what was counted every minute until ctx ends.
func (t *Tally) Run(ctx context.Context) {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			t.flush()
		}
	}
}

// End writes what is left when nothing is counted any more. Run has returned by then.
func (t *Tally) End() { t.flush() }

func (t *Tally) flush() {
	ctx, cancel := context.WithTimeout(context.Background(), flushFor)
	defer cancel()
	err := t.Flush(ctx)
	if err != nil && !t.failed {
		t.log.Warn().Err(err).Msg("sums of what was refused, and the numbers of the day, wait to be written")
	}
	t.failed = err != nil
}

// Flush writes what was counted since it was called last. What could not be written counts
// for the next time.
func (t *Tally) Flush(ctx context.Context) error {
	t.mu.Lock()
	c := t.counts
	t.counts = newCounts()
	t.mu.Unlock()
	err := t.write(ctx, &c)
	if err != nil {
		t.mu.Lock()
		defer t.mu.Unlock()
		for at, sum := range c.sums {
			t.counts.add(at.at, *sum)
		}
		for of, n := range c.days {
			t.counts.days[of] += n
		}
	}
	return err
}

// write writes counts, and takes out what is written.
func (t *Tally) write(ctx context.Context, c *counts) error {
	bySpan := map[time.Time][]store.Sum{}
	for of, sum := range c.sums {
		bySpan[of.at] = append(bySpan[of.at], *sum)
	}
	for _, at := range slices.SortedFunc(maps.Keys(bySpan), time.Time.Compare) {
		if err := t.store.AddSums(ctx, at, bySpan[at]); err != nil {
			return err
		}
		maps.DeleteFunc(c.sums, func(of span, _ *store.Sum) bool { return of.at.Equal(at) })
	}
	var days []store.DayCount
	for of, n := range c.days {
		days = append(days, store.DayCount{Day: of.day, Kind: of.kind, N: n})
	}
	if err := t.store.AddDays(ctx, days); err != nil {
		return err
	}
	clear(c.days)
	return nil
}
