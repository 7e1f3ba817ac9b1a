package admin_test

import (
	"net/http"
	"testing"
	"time"

	"latchkey/internal/testenv"
)

// A page of users takes as long among a million as among a few.
func TestUsersAmongMany_O3(t *testing.T) {
	w := newWorld(t)
	b := w.admin("ada")
	n := testenv.Repeats(t, 2_000, 1_000_000)
	const batch = 20_000
	for from := 0; from < n; from += batch {
		for _, sql := range []string{
			`WITH RECURSIVE c(i) AS (SELECT $1 + 1 UNION ALL SELECT i + 1 FROM c WHERE i < $2)
				INSERT INTO users (id, email, email_key, username, password_hash, role, security_version, created_at, updated_at)
				SELECT printf('01a2284d-de7d-73cd-87b9-%012d', i), printf('user%07d@example.org', i), printf('user%07d@example.org', i), printf('user%07d', i), '', 'USER', 1,
					1795600000000000 + i, 1795600000000000 + i FROM c`,
			`WITH RECURSIVE c(i) AS (SELECT $1 + 1 UNION ALL SELECT i + 1 FROM c WHERE i < $2)
				INSERT INTO usernames (key, user_id, look) SELECT printf('user%07d', i), printf('01a2284d-de7d-73cd-87b9-%012d', i), printf('user%07d', i) FROM c`,
		} {
			_, err := w.db.Exec(t.Context(), sql, from, min(from+batch, n))
			must(t, err)
		}
	}
	for _, at := range []string{"/admin/users", "/admin/users?role=USER", "/admin/users?search=user0001", "/admin/users?state=invited", "/admin/users?state=disabled"} {
		best := time.Hour
		for range 5 {
			start := time.Now()
			a := b.get(at).is(http.StatusOK)
			best = min(best, time.Since(start))
			if size := a.Body.Len(); size > 25<<10 {
				t.Errorf("%s has %d bytes", at, size)
			}
		}
		t.Logf("%s among %d: %v", at, n, best)
	}
}
