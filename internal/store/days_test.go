package store_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"latchkey/internal/db"
	"latchkey/internal/store"
	"latchkey/internal/testenv"
)

// Processes that add to the same days at the same moment, each in an order of its own, keep
// nobody waiting who waits for them.
func TestDaysAtOnce_O4(t *testing.T) {
	t.Parallel()
	testenv.Each(t, func(t *testing.T, d db.DB) {
		s := store.New(d)
		var counts []store.DayCount
		for day := range 40 {
			counts = append(counts, store.DayCount{Day: fmt.Sprintf("2026-11-%02d", day), Kind: store.DayLogins, N: 1})
		}
		back := slices.Clone(counts)
		slices.Reverse(back)
		must(t, s.AddDays(t.Context(), counts))
		const times = 50
		var both sync.WaitGroup
		for _, list := range [][]store.DayCount{counts, back, counts, back} {
			both.Go(func() {
				for range times {
					if err := s.AddDays(t.Context(), list); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		both.Wait()
		got, err := s.Days(t.Context(), "2026-11-00", "2026-11-99")
		must(t, err)
		for _, c := range got {
			if c.N != 1+4*times {
				t.Fatalf("%s: %d", c.Day, c.N)
			}
		}
	})
}
