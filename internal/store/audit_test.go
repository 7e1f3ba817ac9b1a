package store_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"latchkey/internal/db"
	"latchkey/internal/store"
	"latchkey/internal/testenv"
)

// Whatever is asked for together, and from wherever, a page has the events that a look at
// each of them finds.
func TestEventsThatAreAskedFor(t *testing.T) {
	t.Parallel()
	testenv.Each(t, func(t *testing.T, d db.DB) {
		s, r := store.New(d), rand.New(rand.NewPCG(7, 7))
		kinds := []store.EventKind{store.EventLogin, store.EventLogout, store.EventRoleChanged, store.EventLoginRefused}
		var all []store.SecurityEvent
		for i := range 400 {
			e := store.SecurityEvent{
				ID: fmt.Sprintf("%04d", r.IntN(10_000)*10+i%10), At: noon.Add(time.Duration(r.IntN(50)) * time.Minute), Kind: pick(r, kinds), Outcome: store.OutcomeSuccess,
				Actor: pick(r, store.Actors()), Way: store.WayAPI, Count: 1,
			}
			if i%5 > 0 {
				e.UserID = new(fmt.Sprint("u", r.IntN(4)))
			}
			switch e.Actor {
			case store.ActorUser:
				if e.UserID == nil {
					e.UserID = new("u0")
				}
				e.ActorID = e.UserID
			case store.ActorAdmin, store.ActorShell:
				e.ActorID = new(fmt.Sprint("u", r.IntN(3)))
			}
			if slices.ContainsFunc(all, func(o store.SecurityEvent) bool { return o.ID == e.ID }) {
				continue
			}
			must(t, s.AddSecurityEvent(t.Context(), &e))
			all = append(all, e)
		}
		place := func(e store.SecurityEvent) store.Place { return store.Place{At: e.At, ID: e.ID} }
		order := func(a, b store.Place) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.ID, a.ID)) }
		slices.SortFunc(all, func(a, b store.SecurityEvent) int { return order(place(a), place(b)) })
		for range 400 {
			var f store.EventFilter
			p := store.Page{Limit: 1 + r.IntN(20), Last: r.IntN(2) == 0}
			for range r.IntN(3) {
				f.Kinds = append(f.Kinds, pick(r, kinds))
			}
			slices.Sort(f.Kinds)
			f.Kinds = slices.Compact(f.Kinds)
			if r.IntN(3) == 0 {
				f.Actor = pick(r, store.Actors())
			}
			if r.IntN(3) == 0 {
				f.ActorID = fmt.Sprint("u", r.IntN(3))
			}
			if r.IntN(3) == 0 {
				f.UserID = fmt.Sprint("u", r.IntN(4))
			}
			if r.IntN(3) == 0 {
				f.From = noon.Add(time.Duration(r.IntN(50)) * time.Minute)
			}
			if r.IntN(3) == 0 {
				f.Until = noon.Add(time.Duration(r.IntN(50)) * time.Minute)
			}
			if f.Actor != "" && f.ActorID == "" && f.UserID == "" && len(f.Kinds) == 0 {
				f.Kinds = kinds // as package auth has it
			}
			if r.IntN(3) == 0 {
				p.After = new(place(pick(r, all)))
			}
			if r.IntN(3) == 0 {
				p.Before = new(place(pick(r, all)))
			}
			var want []string
			for _, e := range all {
				if (len(f.Kinds) == 0 || slices.Contains(f.Kinds, e.Kind)) && (f.Actor == "" || e.Actor == f.Actor) &&
					(f.ActorID == "" || e.ActorID != nil && *e.ActorID == f.ActorID) && (f.UserID == "" || e.UserID != nil && *e.UserID == f.UserID) &&
					(f.From.IsZero() || !e.At.Before(f.From)) && (f.Until.IsZero() || e.At.Before(f.Until)) &&
					(p.After == nil || order(place(e), *p.After) > 0) && (p.Before == nil || order(place(e), *p.Before) < 0) {
					want = append(want, e.ID)
				}
			}
			if len(want) > p.Limit && p.Last {
				want = want[len(want)-p.Limit:]
			} else if len(want) > p.Limit {
				want = want[:p.Limit]
			}
			list, err := s.AllSecurityEvents(t.Context(), f, p)
			must(t, err)
			var got []string
			for _, e := range list {
				got = append(got, e.ID)
			}
			if !slices.Equal(got, want) {
				t.Fatalf("%+v %+v:\ngot  %v\nwant %v", f, p, got, want)
			}
		}
	})
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

// What is older than it is kept goes, and of what administrators and the shell did what is
// older than 400 days; in however many batches, and whatever stays between.
func TestEventsAreSwept_O4(t *testing.T) {
	t.Parallel()
	testenv.Each(t, func(t *testing.T, d db.DB) {
		s := store.New(d)
		day := 24 * time.Hour
		add := func(n int, actor store.ActorKind, ago time.Duration) {
			for i := range n {
				must(t, s.AddSecurityEvent(t.Context(), &store.SecurityEvent{
					ID: fmt.Sprint(actor, ago, i), At: noon.Add(-ago), Kind: store.EventLogin, Outcome: store.OutcomeSuccess, Actor: actor, Way: store.WayAPI, Count: 1,
				}))
			}
		}
		left := func() (list []string) {
			for _, actor := range store.Actors() {
				var n int
				must(t, d.QueryRow(t.Context(), `SELECT count(*) FROM security_events WHERE actor_kind = $1`, actor).Scan(&n))
				list = append(list, fmt.Sprint(actor, " ", n))
			}
			return list
		}
		add(1200, store.ActorUser, 91*day)
		add(3, store.ActorUser, 89*day)
		add(700, store.ActorAdmin, 91*day)
		add(2, store.ActorShell, 399*day)
		add(4, store.ActorShell, 401*day)
		add(5, store.ActorNobody, 90*day) // to the moment
		rows, err := s.Sweep(t.Context(), noon, 90*day)
		n := rows["security_events"]
		must(t, err)
		want := []string{"USER 3", "ADMIN 700", "SHELL 2", "SYSTEM 0", "CLIENT 0", "NOBODY 0"}
		if got := left(); n != 1209 || !slices.Equal(got, want) {
			t.Errorf("%d are swept, %v are left, want %v", n, got, want)
		}
		if rows, err := s.Sweep(t.Context(), noon, 90*day); rows["security_events"] != 0 || err != nil {
			t.Errorf("again: %v, %v", rows, err)
		}
		if rows, err := s.Sweep(t.Context(), noon.Add(day), 500*day); rows["security_events"] != 0 || err != nil { // the operator's time is longer
			t.Errorf("kept longer: %v, %v", rows, err)
		}
	})
}
