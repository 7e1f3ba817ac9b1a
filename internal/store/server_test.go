package store_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"latchkey/internal/db"
	"latchkey/internal/store"
	"latchkey/internal/testenv"
	"latchkey/migrations"
)

// Looking at an empty database makes nothing in it.
func TestSteps(t *testing.T) {
	t.Parallel()
	lite, err := db.OpenSQLite(filepath.Join(t.TempDir(), "latchkey.db"))
	must(t, err)
	defer lite.Close()
	pg, err := db.OpenPostgres(context.Background(), testenv.PostgresURL(t))
	must(t, err)
	defer pg.Close()
	for name, d := range map[string]db.DB{"sqlite": lite, "postgresql": pg} {
		s := store.New(d)
		for range 2 {
			if steps, err := s.Steps(t.Context()); err != nil || len(steps) > 0 {
				t.Errorf("%s: empty: %v, %v", name, steps, err)
			}
		}
		n, err := db.Migrate(t.Context(), d, migrations.Postgres, migrations.SQLite)
		must(t, err)
		if steps, err := s.Steps(t.Context()); err != nil || len(steps) != n || steps[0] != 1 {
			t.Errorf("%s: migrated %d: %v, %v", name, n, steps, err)
		}
	}
}

// What a database says of itself, and whether somebody looks after users.
func TestServerAndAdministrator(t *testing.T) {
	t.Parallel()
	testenv.EachStore(t, func(t *testing.T, s *store.Store) {
		v, err := s.Server(t.Context())
		must(t, err)
		if v.Version == "" || v.Number != 0 && (v.Number < 150000 || time.Since(v.Clock).Abs() > time.Minute) {
			t.Errorf("got %+v", v)
		}
		disabled := noon
		for i, c := range []struct {
			role     store.Role
			disabled *time.Time
			want     bool
		}{{store.RoleUser, nil, false}, {store.RoleAdmin, &disabled, false}, {store.RoleAdmin, nil, true}} {
			id := fmt.Sprint("user", i)
			_, err := s.ImportUsers(t.Context(), []store.ImportedUser{{UsernameKey: id, User: store.User{
				ID: id, Email: id + "@example.org", EmailKey: id + "@example.org", Username: id, Role: c.role, SecurityVersion: 1, CreatedAt: noon, UpdatedAt: noon, DisabledAt: c.disabled,
			}}}, noon, &store.SecurityEvent{ID: id, At: noon, Kind: store.EventUsersImported})
			must(t, err)
			if has, err := s.HasAdmin(t.Context()); has != c.want || err != nil {
				t.Errorf("with %s: %v, %v; want %v", id, has, err, c.want)
			}
		}
	})
}
