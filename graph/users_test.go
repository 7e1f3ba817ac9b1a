package graph_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/db"
	"latchkey/internal/store"
	"latchkey/internal/testenv"
)

// BenchmarkUsers asks for pages of users as an administrator does, over the
// handler of the HTTP API, of a thousand users and of a million with a session
// each. Filling the large tables takes a few minutes:
//
//	./test with go test ./graph -run '^$' -bench Users -count 3 -timeout 1h
//
// A page should take the same in both; a count and a search for what is rare may
// look at every user.
func BenchmarkUsers(b *testing.B) {
	for _, open := range []struct {
		name string
		new  func(testing.TB) db.DB
	}{{"sqlite", testenv.SQLite}, {"postgresql", testenv.Postgres}} {
		for _, n := range []int{1_000, 1_000_000} {
			b.Run(fmt.Sprintf("%s/%d", open.name, n), func(b *testing.B) {
				d := open.new(b)
				fill(b, d, n)
				fillSessions(b, d, n)
				if d.Dialect() == db.PostgreSQL { // as its autovacuum would
					for _, table := range []string{"users", "sessions"} {
						if _, err := d.Exec(b.Context(), `ANALYZE `+table); err != nil {
							b.Fatal(err)
						}
					}
				}
				benchmarkPages(b, setup(b, d), n)
			})
		}
	}
}

func benchmarkPages(b *testing.B, f *fixture, n int) {
	l := f.ada(b)
	if _, err := f.SetUserRole(b.Context(), auth.Shell("test"), auth.SetUserRoleInput{UserID: l.User.ID, Role: store.RoleAdmin}); err != nil {
		b.Fatal(err)
	}
	last := 50
	deep, err := f.Users(b.Context(), auth.UserList{Last: &last})
	if err != nil {
		b.Fatal(err)
	}
	const fields = ` { nodes { id username email role createdAt lastLoginAt disabledAt } pageInfo { hasNextPage endCursor } } }`
	for _, bm := range []struct {
		name, query string
		least       string // in the answer
	}{
		{"first", `{ users` + fields, `"hasNextPage":true`},
		{"last", `{ users(last: 50)` + fields, `"hasNextPage":false`},
		{"before", `{ users(last: 50, before: "` + *deep.PageInfo.StartCursor + `")` + fields, `"hasNextPage":true`},
		{"role-ADMIN", `{ users(role: ADMIN)` + fields, `"username":"user1"`},
		{"role-USER", `{ users(role: USER)` + fields, `"hasNextPage":true`},
		{"disabled", `{ users(disabled: true)` + fields, `"username":"user2"`},
		{"enabled-USER", `{ users(role: USER, disabled: false)` + fields, `"hasNextPage":true`},
		{"disabled-ADMIN", `{ users(role: ADMIN, disabled: true)` + fields, `"nodes":[]`},
		{"search-common", `{ users(search: "USER")` + fields, `"hasNextPage":true`},
		{"search-rare", `{ users(search: "user1@")` + fields, `"username":"user1"`},
		{"search-name", `{ users(search: "user17")` + fields, `"username":"user17"`},
		{"search-nobody", `{ users(search: "nobody")` + fields, `"nodes":[]`},
		{"search-count", `{ users(search: "user", first: 0) { totalCount totalCountIsExact } }`, `"totalCount":1000`},
		{"contains-common", `{ users(search: "USER", match: CONTAINS)` + fields, `"hasNextPage":true`},
		{"contains-rare", `{ users(search: "ser1@", match: CONTAINS)` + fields, `"username":"user1"`},
		{"sessions", `{ users { nodes { username sessions { deviceName lastUsedAt } } } }`, `"sessions":[{`},
		{"totalCount", `{ users(first: 0) { totalCount } }`, fmt.Sprintf(`"totalCount":%d`, n+1)},
	} {
		b.Run(bm.name, func(b *testing.B) {
			for b.Loop() {
				w := f.post(b, bm.query, nil, "Authorization", "Bearer "+l.Tokens.AccessToken)
				if body := w.Body.String(); w.Code != http.StatusOK || !strings.Contains(body, bm.least) || strings.Contains(body, `"errors"`) {
					b.Fatalf("%s, want %s", body, bm.least)
				}
			}
		})
	}
}

// fill inserts n users, a second apart and all before ada, of whom the oldest is
// an administrator and the next is disabled.
func fill(t testing.TB, d db.DB, n int) {
	t.Helper()
	byPieces(t, d, n, `
		INSERT INTO users (id, email, email_key, username, password_hash, role, security_version, created_at, updated_at, disabled_at)
		SELECT '00000000-0000-7000-8000-' || (100000000000 + i), 'user' || i || '@example.org', 'user' || i || '@example.org', 'user' || i, '',
			CASE i WHEN 1 THEN 'ADMIN' ELSE 'USER' END, 1, at, at, CASE i WHEN 2 THEN at END FROM t`)
	byPieces(t, d, n, `
		INSERT INTO usernames (key, user_id, look) SELECT 'user' || i, '00000000-0000-7000-8000-' || (100000000000 + i), 'user' || i FROM t`)
}

// fillSessions inserts a session for each of them.
func fillSessions(t testing.TB, d db.DB, n int) {
	t.Helper()
	byPieces(t, d, n, `
		INSERT INTO sessions (id, user_id, client_id, device_name, refresh_key, generation, rotations, created_at, last_used_at, expires_at, ends_at)
		SELECT '00000000-0000-7000-9000-' || (100000000000 + i), '00000000-0000-7000-8000-' || (100000000000 + i), 'latchkey', 'Firefox on Linux',
			$5, 1, $5, at, at, $4, $4 FROM t`, t0.Add(time.Hour), []byte{})
}

// byPieces has insert select from t (i, at), i from 1 to n and a second apart. A
// call to the database has a deadline, so it goes by pieces.
func byPieces(t testing.TB, d db.DB, n int, insert string, args ...any) {
	t.Helper()
	const piece = 2_000
	at := `$1 + i * 1000000` // SQLite has microseconds
	if d.Dialect() == db.PostgreSQL {
		at = `$1::timestamptz + i * INTERVAL '1 second'`
	}
	series := `WITH RECURSIVE n (i) AS (SELECT CAST($2 AS INTEGER) UNION ALL SELECT i + 1 FROM n WHERE i < CAST($3 AS INTEGER)),
		t (i, at) AS (SELECT i, ` + at + ` FROM n)`
	for i := 1; i <= n; i += piece {
		bounds := []any{t0.Add(-time.Duration(n+1) * time.Second), i, min(n, i+piece-1)}
		if _, err := d.Exec(t.Context(), series+insert, append(bounds, args...)...); err != nil {
			t.Fatal(err)
		}
	}
}

// A search looks at all users, also where one statement would take too long.
func TestSearchOfMany_O2(t *testing.T) {
	t.Parallel()
	testenv.Each(t, func(t *testing.T, d db.DB) {
		const n = 5_000 // with ada one more than a statement looks at
		fill(t, d, n)
		f := setup(t, d)
		f.ada(t)
		find := func(q auth.UserList, want ...string) {
			t.Helper()
			c, err := f.Users(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			got := []string{}
			for _, u := range c.Nodes {
				got = append(got, u.Username)
			}
			if !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		}
		find(auth.UserList{Match: auth.MatchContains, Search: new("user1@")}, "user1")
		find(auth.UserList{Match: auth.MatchContains, Search: new("user1@"), Last: new(2)}, "user1")
		find(auth.UserList{Match: auth.MatchContains, Search: new("ada"), Last: new(2)}, "ada")
		find(auth.UserList{Match: auth.MatchContains, Search: new("user100"), Last: new(3)}, "user1001", "user1000", "user100")
		find(auth.UserList{Match: auth.MatchContains, Search: new("nobody")})
		find(auth.UserList{Match: auth.MatchContains, Search: new("user1@"), Disabled: new(true)})
		c, err := f.Users(t.Context(), auth.UserList{First: new(0), Match: auth.MatchContains, Search: new("user")})
		if err != nil {
			t.Fatal(err)
		}
		if got, exact, err := f.CountUsers(t.Context(), c); err != nil || got != 1000 || exact {
			t.Errorf("counted %d, %t, %v, want 1000 and more", got, exact, err)
		}
		find(auth.UserList{Search: new("user100"), Role: new(store.RoleUser)}, "user100", "user1000", "user1001", "user1002", "user1003", "user1004",
			"user1005", "user1006", "user1007", "user1008", "user1009")
		find(auth.UserList{Search: new("user"), Last: new(1)}, "user999")
		find(auth.UserList{Search: new("user"), Disabled: new(true)}, "user2") // behind many whom the filter leaves out
		find(auth.UserList{Search: new("user"), Role: new(store.RoleAdmin), Last: new(5)}, "user1")
		if c, err = f.Users(t.Context(), auth.UserList{First: new(0), Search: new("user")}); err != nil {
			t.Fatal(err)
		}
		if got, exact, err := f.CountUsers(t.Context(), c); err != nil || got != 1000 || exact {
			t.Errorf("counted %d, %t, %v, want 1000 and more", got, exact, err)
		}
	})
}
