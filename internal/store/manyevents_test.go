package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"latchkey/internal/db"
	"latchkey/internal/store"
	"latchkey/internal/testenv"
)

// Whoever has no history waits no longer for it the more others have, and neither does an
// administrator for what nobody did; and while old events are swept, people log in. How long
// it takes with as many as a large service has, TEST_REPEATS=full says.
func TestManyEvents_O4(t *testing.T) {
	n := testenv.Repeats(t, 10_000, 5_000_000)
	for name, open := range map[string]func(testing.TB) db.DB{"sqlite": testenv.SQLite, "postgresql": testenv.Postgres} {
		t.Run(name, func(t *testing.T) {
			d := open(t)
			s := store.New(d)
			fillEvents(t, d, n)
			for what, list := range map[string]func() ([]store.SecurityEvent, error){
				"of a user with none": func() ([]store.SecurityEvent, error) {
					return s.SecurityEvents(t.Context(), "nobody", store.Page{Limit: 51})
				},
				"of a kind that is rare": func() ([]store.SecurityEvent, error) {
					return s.AllSecurityEvents(t.Context(), store.EventFilter{Kinds: []store.EventKind{store.EventRoleChanged}}, store.Page{Limit: 51})
				},
				"of an actor who did nothing": func() ([]store.SecurityEvent, error) {
					return s.AllSecurityEvents(t.Context(), store.EventFilter{Actor: store.ActorAdmin, ActorID: "nobody"}, store.Page{Limit: 51})
				},
				"of all, by a day": func() ([]store.SecurityEvent, error) {
					f := store.EventFilter{From: noon.Add(-48 * time.Hour), Until: noon.Add(-24 * time.Hour)}
					return s.AllSecurityEvents(t.Context(), f, store.Page{Limit: 51})
				},
				"the last page of all": func() ([]store.SecurityEvent, error) {
					return s.AllSecurityEvents(t.Context(), store.EventFilter{}, store.Page{Limit: 51, Last: true})
				},
			} {
				var times []time.Duration
				for range 21 {
					began := time.Now()
					_, err := list()
					must(t, err)
					times = append(times, time.Since(began))
				}
				slices.Sort(times)
				t.Logf("among %d, %s: %v, at most %v", n, what, times[10], times[20])
			}

			// A fifth of them is old.
			old := noon.Add(-time.Duration(n*4/5) * time.Second)
			swept := make(chan error, 1)
			began := time.Now()
			go func() {
				_, err := s.Sweep(t.Context(), old, 0)
				swept <- err
			}()
			waits, err := logins(t, s, swept)
			took := time.Since(began)
			must(t, err)
			var left int
			must(t, d.QueryRow(t.Context(), `SELECT count(*) FROM security_events WHERE at <= $1`, old).Scan(&left))
			t.Logf("swept a fifth of them in %v; of %d logins beside it half took %v, all but a hundredth %v, the slowest %v",
				took, len(waits), waits[len(waits)/2], waits[len(waits)*99/100], waits[len(waits)-1])
			if left != 0 {
				t.Errorf("%d are left", left)
			}
		})
	}
}

// logins opens sessions one after the other until something has ended, and returns how long
// each took, the shortest first.
func logins(t *testing.T, s *store.Store, until <-chan error) (waits []time.Duration, err error) {
	t.Helper()
	u := &store.User{ID: "login", Email: "l@example.org", EmailKey: "l@example.org", Username: "login", Role: store.RoleUser, SecurityVersion: 1, CreatedAt: noon, UpdatedAt: noon}
	must(t, s.InTx(t.Context(), func(tx *store.Store) error { return tx.CreateUser(t.Context(), u, "login") }))
	for i := 0; ; i++ {
		id := fmt.Sprintf("s%08d", i)
		e := &store.SecurityEvent{ID: id, At: noon, Kind: store.EventLogin, Outcome: store.OutcomeSuccess, UserID: &u.ID, Actor: store.ActorUser, Way: store.WayAPI, SessionID: &id, Count: 1}
		began := time.Now()
		must(t, s.OpenSession(t.Context(), &store.Opening{
			Session:         &store.Session{ID: id, UserID: u.ID, RefreshKey: []byte{1}, Rotations: []byte{1}, CreatedAt: noon, LastUsedAt: noon, ExpiresAt: noon.Add(time.Hour), EndsAt: noon.Add(time.Hour)},
			SecurityVersion: 1, From: store.Whence{Client: "c", Device: "d", Network: "n"}, MaxSessions: 100, Event: e,
		}))
		waits = append(waits, time.Since(began))
		select {
		case err := <-until:
			slices.Sort(waits)
			return waits, err
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// fillEvents writes n logins, one a second until noon, and a change of a role.
func fillEvents(t *testing.T, d db.DB, n int) {
	t.Helper()
	at := fmt.Sprintf(`%d - i * 1000000`, noon.UnixMicro())
	if d.Dialect() == db.PostgreSQL {
		at = `TIMESTAMPTZ '` + noon.Format(time.RFC3339) + `' - i * INTERVAL '1 second'`
	}
	const chunk = 20_000
	for from := 1; from <= n; from += chunk {
		_, err := d.Exec(t.Context(), fmt.Sprintf(`INSERT INTO security_events (id, at, kind, outcome, user_id, actor_kind, actor_id, way, client, device, request_id, details, count)
			WITH RECURSIVE numbers(i) AS (SELECT %d UNION ALL SELECT i + 1 FROM numbers WHERE i < %d)
			SELECT 'e' || CAST(100000000 + i AS TEXT), %s, CASE i %% 100 WHEN 7 THEN 'NEW_DEVICE' WHEN 8 THEN 'LOGOUT' ELSE 'LOGIN' END, 'SUCCESS',
				'u' || CAST(i %% 100000 AS TEXT), 'USER', 'u' || CAST(i %% 100000 AS TEXT), 'API', '192.0.2.0/24', 'Firefox on Linux', 'EXPGTM2VFP6IUDFNV3NZ7MSGPI', '{}', 1 FROM numbers`,
			from, min(from+chunk-1, n), at))
		must(t, err)
	}
	must(t, store.New(d).AddSecurityEvent(t.Context(), &store.SecurityEvent{ID: "role", At: noon.Add(-time.Duration(n/2) * time.Second), Kind: store.EventRoleChanged, Actor: store.ActorAdmin, Count: 1}))
	if d.Dialect() == db.PostgreSQL {
		_, err := d.Exec(t.Context(), `ANALYZE security_events`)
		must(t, err)
	}
}
