package db_test

import (
	"context"
	"io/fs"
	"path/filepath"
	"testing"
	"testing/fstest"

	"latchkey/internal/db"
	"latchkey/internal/testenv"
	"latchkey/migrations"
)

// Looking at a schema tells what is pending and what is newer, and makes nothing.
func TestCheckSchema(t *testing.T) {
	t.Parallel()
	lite, err := db.OpenSQLite(filepath.Join(t.TempDir(), "latchkey.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer lite.Close()
	pg, err := db.OpenPostgres(context.Background(), testenv.PostgresURL(t))
	if err != nil {
		t.Fatal(err)
	}
	defer pg.Close()
	for name, d := range map[string]db.DB{"sqlite": lite, "postgresql": pg} {
		check := func(postgres, sqlite fs.FS, want db.Schema) {
			t.Helper()
			got, err := db.CheckSchema(t.Context(), d, postgres, sqlite)
			if err != nil || got != want {
				t.Errorf("%s: %+v, %v; want %+v", name, got, err, want)
			}
		}
		files, err := fs.Glob(migrations.SQLite, "sqlite/*.sql")
		if err != nil || len(files) == 0 {
			t.Fatal(files, err)
		}
		for range 2 { // the second time too: looking made no table
			check(migrations.Postgres, migrations.SQLite, db.Schema{Pending: len(files)})
		}
		if _, err := db.Migrate(t.Context(), d, migrations.Postgres, migrations.SQLite); err != nil {
			t.Fatal(err)
		}
		check(migrations.Postgres, migrations.SQLite, db.Schema{})
		older := fstest.MapFS{"postgres/9999_later.sql": {}, "sqlite/9999_later.sql": {}}
		check(older, older, db.Schema{Pending: 1, Unknown: len(files)})
	}
}
