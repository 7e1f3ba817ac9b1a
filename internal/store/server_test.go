package store_test

import (
	"context"
	"path/filepath"
	"testing"

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
