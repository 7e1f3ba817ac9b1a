package tally

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"latchkey/internal/db"
	"latchkey/internal/store"
	"latchkey/internal/testenv"
)

var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// clock is the time as the test sets it.
type clock struct{ micro atomic.Int64 }

func at(t time.Time) *clock {
	c := &clock{}
	c.micro.Store(t.UnixMicro())
	return c
}

func (c *clock) now() time.Time       { return time.UnixMicro(c.micro.Load()) }
func (c *clock) pass(d time.Duration) { c.micro.Add(d.Microseconds()) }

// rows are the sums in a database, the newest first.
func rows(t *testing.T, s *store.Store, f store.EventFilter) (list []string) {
	t.Helper()
	p := store.Page{Limit: 100}
	for {
		page, err := s.AllSecurityEvents(t.Context(), f, p)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page {
			text := fmt.Sprintf("%s %s %s %s x%d", e.At.Format(time.TimeOnly), e.Kind, e.Details.Reason, e.Outcome, e.Count)
			if e.UserID != nil {
				text += " of " + *e.UserID
			}
			if e.Client != nil {
				text += " from " + *e.Client
			}
			list = append(list, text)
		}
		if len(page) < p.Limit {
			return list
		}
		p.After = &store.Place{At: page[len(page)-1].At, ID: page[len(page)-1].ID}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// What two processes count comes to one row for each thing and ten minutes, and to one
// number a day. A row says where it came from as long as that was one network.
func TestSums_O4(t *testing.T) {
	testenv.Each(t, func(t *testing.T, d db.DB) {
		s, c := store.New(d), at(noon.Add(3*time.Minute))
		one, two := New(s, zerolog.Nop(), c.now), New(s, zerolog.Nop(), c.now)
		wrong := store.SumOf{Kind: store.EventLoginRefused, Reason: "wrong_passwords", Way: store.WayAPI, UserID: "u"}
		nobody := store.SumOf{Kind: store.EventLoginRefused, Reason: "unknown_names", Way: store.WayAPI, From: "192.0.2.0/24"}
		for range 3 {
			one.Sum(wrong, "192.0.2.0/24")
			two.Sum(nobody, "192.0.2.0/24")
		}
		one.Day(store.DayLogins, 2)
		two.Day(store.DayLogins, 1)
		must(t, one.Flush(t.Context()))
		must(t, two.Flush(t.Context()))
		two.Sum(wrong, "192.0.2.0/24")
		must(t, two.Flush(t.Context()))
		want := []string{
			"12:00:00 LOGIN_REFUSED unknown_names REFUSED x3 from 192.0.2.0/24",
			"12:00:00 LOGIN_REFUSED wrong_passwords REFUSED x4 of u from 192.0.2.0/24",
		}
		sorted := func() []string { list := rows(t, s, store.EventFilter{}); slices.Sort(list); return list }
		if diff := cmp.Diff(want, sorted()); diff != "" {
			t.Error(diff)
		}
		one.Sum(wrong, "198.51.100.0/24")
		c.pass(7 * time.Minute)
		one.Sum(wrong, "198.51.100.0/24")
		one.Sum(wrong, "192.0.2.0/24")
		one.Sum(store.SumOf{Kind: store.EventRegistered, Way: store.WayAPI}, "")
		one.Day(store.DayLogins, 1)
		c.pass(12 * time.Hour)
		one.Day(store.DayLogins, 5)
		must(t, one.Flush(t.Context()))
		want = []string{
			want[0], "12:00:00 LOGIN_REFUSED wrong_passwords REFUSED x5 of u",
			"12:10:00 LOGIN_REFUSED wrong_passwords REFUSED x2 of u", "12:10:00 REGISTERED  SUCCESS x1",
		}
		if diff := cmp.Diff(want, sorted()); diff != "" {
			t.Error(diff)
		}
		days, err := s.Days(t.Context(), "2026-11-25", "2026-11-26")
		must(t, err)
		slices.SortFunc(days, func(a, b store.DayCount) int { return a.N - b.N })
		if diff := cmp.Diff([]store.DayCount{{Day: "2026-11-25", Kind: store.DayLogins, N: 4}, {Day: "2026-11-26", Kind: store.DayLogins, N: 5}}, days); diff != "" {
			t.Error(diff)
		}
	})
}

// Whoever sprays 100,000 identifiers for an hour, from as many networks and at two
// processes, leaves 1,000 rows for each ten minutes at most, and none of it is lost.
func TestSprayerLeavesFewRows_O4(t *testing.T) {
	testenv.Each(t, func(t *testing.T, d db.DB) {
		s, c := store.New(d), at(noon)
		processes := []*Tally{New(s, zerolog.Nop(), c.now), New(s, zerolog.Nop(), c.now)}
		const tries, minutes = 100_000, 60
		n := 0
		for range minutes {
			for range tries / minutes {
				n++
				of := store.SumOf{Kind: store.EventLoginRefused, Reason: "wrong_passwords", Way: store.WayAPI, UserID: fmt.Sprint("u", n)}
				if n%2 == 0 {
					of = store.SumOf{Kind: store.EventThrottled, Reason: "rate_limited", Way: store.WayOAuth, From: fmt.Sprint("n", n)}
				}
				processes[n%7%2].Sum(of, "192.0.2.0/24")
			}
			for _, p := range processes {
				must(t, p.Flush(t.Context()))
			}
			c.pass(time.Minute)
		}
		var left, sum, most int
		must(t, d.QueryRow(t.Context(), `SELECT count(*), sum(count) FROM security_events`).Scan(&left, &sum))
		must(t, d.QueryRow(t.Context(), `SELECT max(n) FROM (SELECT count(*) AS n FROM security_events GROUP BY at) AS spans`).Scan(&most))
		if left > 6_000 || left < 5_000 || most > 1_000 || sum != n {
			t.Errorf("%d rows, %d of one span at most, of %d tries of %d", left, most, sum, n)
		}
	})
}

// Memory is bounded too, whatever is tried between two times that it is written; and what
// there was no room for is written again and again, be it the process's or the database's.
func TestMemoryIsBounded_O4(t *testing.T) {
	testenv.Each(t, func(t *testing.T, d db.DB) {
		s := store.New(d)
		p := New(s, zerolog.Nop(), at(noon).now)
		const tries = 5_000
		for flush := range 3 {
			for i := range tries {
				p.Sum(store.SumOf{Kind: store.EventLoginRefused, Way: store.WayAPI, UserID: fmt.Sprint("u", flush, ".", i)}, "192.0.2.0/24")
			}
			if n := len(p.counts.sums); n != mostKept+1 {
				t.Errorf("%d sums are kept", n)
			}
			must(t, p.Flush(t.Context()))
			list := rows(t, s, store.EventFilter{})
			others := slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s[len("12:00:00 LOGIN_REFUSED "):][0] != 'o' })
			if want := fmt.Sprintf("12:00:00 LOGIN_REFUSED others REFUSED x%d", tries*(flush+1)-len(list)+1); len(list) > 1_000 || len(others) != 1 || others[0] != want {
				t.Errorf("%d rows, and %v, want %s", len(list), others, want)
			}
		}
	})
}

// Who comes from any number of networks hides nobody who tries at an account, nor the other
// way round.
func TestNobodyIsHidden_O4(t *testing.T) {
	testenv.Each(t, func(t *testing.T, d db.DB) {
		s := store.New(d)
		p := New(s, zerolog.Nop(), at(noon).now)
		flood := func(of func(i int) store.SumOf) {
			for i := range 5_000 {
				p.Sum(of(i), "")
				if i%1000 == 0 {
					must(t, p.Flush(t.Context()))
				}
			}
		}
		flood(func(i int) store.SumOf {
			return store.SumOf{Kind: store.EventRequestRefused, Way: store.WayAPI, From: fmt.Sprint("n", i)}
		})
		p.Sum(store.SumOf{Kind: store.EventLoginRefused, Way: store.WayAPI, UserID: "ada"}, "")
		flood(func(i int) store.SumOf {
			return store.SumOf{Kind: store.EventLoginRefused, Way: store.WayAPI, UserID: fmt.Sprint("u", i)}
		})
		must(t, p.Flush(t.Context()))
		if list := rows(t, s, store.EventFilter{UserID: "ada"}); len(list) != 1 || len(rows(t, s, store.EventFilter{})) > 1_000 {
			t.Errorf("of ada: %v", list)
		}
	})
}

// failing is a database that takes nothing for a while.
type failing struct {
	db.DB
	fails atomic.Bool
}

func (f *failing) InTx(ctx context.Context, do func(db.Conn) error) error {
	if f.fails.Load() {
		return db.ErrUnavailable
	}
	return f.DB.InTx(ctx, do)
}

// What could not be written is written when it can be; and nobody waits for it who counts.
func TestNothingIsLost_O4(t *testing.T) {
	testenv.Each(t, func(t *testing.T, d db.DB) {
		f := &failing{DB: d}
		s := store.New(f)
		p := New(s, zerolog.Nop(), at(noon).now)
		of := store.SumOf{Kind: store.EventLoginRefused, Way: store.WayAPI, UserID: "u"}
		f.fails.Store(true)
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				for range 100 {
					p.Sum(of, "")
					p.Day(store.DayRefusedLogins, 1)
					if err := p.Flush(t.Context()); err != nil && !errors.Is(err, store.ErrUnavailable) {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		f.fails.Store(false)
		p.Sum(of, "")
		p.End()
		if got := rows(t, s, store.EventFilter{}); len(got) != 1 || got[0] != "12:00:00 LOGIN_REFUSED  REFUSED x401 of u" {
			t.Errorf("got %v", got)
		}
		days, err := s.Days(t.Context(), "2026-11-25", "2026-11-25")
		if must(t, err); len(days) != 1 || days[0].N != 400 {
			t.Errorf("days %v", days)
		}
	})
}
