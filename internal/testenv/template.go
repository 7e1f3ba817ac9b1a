package testenv

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"latchkey/internal/db"
	"latchkey/migrations"
)

// Migrating takes several times as long as copying what is migrated, so it is done
// once: by each test process in SQLite, by all of them together in PostgreSQL.

var lite struct {
	sync.Mutex
	file []byte // nil until it is made
}

// liteTemplate is the file of an empty, migrated database.
func liteTemplate(t testing.TB) []byte {
	t.Helper()
	lite.Lock()
	defer lite.Unlock()
	if lite.file != nil {
		return lite.file
	}
	path := filepath.Join(t.TempDir(), "template.db")
	d, err := db.OpenSQLite(path)
	if err != nil {
		t.Fatal(err)
	}
	migrate(t, d)
	d.Close() // and all is in the one file
	//lint:ignore G304 what was made just now
	if lite.file, err = os.ReadFile(path); err != nil {
		t.Fatal(err)
	}
	return lite.file
}

var pg struct {
	sync.Mutex
	template string // its name; "" until it is known to be there
}

// postgresTemplate is the name of a migrated database, which says what its
// migrations are: a server that runs on never has a stale one.
func postgresTemplate(t testing.TB) string {
	t.Helper()
	pg.Lock()
	defer pg.Unlock()
	if pg.template == "" {
		name := "template_" + hashOf(t, migrations.Postgres)
		nameTemplate(t, name)
		pg.template = name
	}
	return pg.template
}

// nameTemplate sees to it that there is a migrated database of this name. Several
// processes may come at once: each migrates one of its own, the first to rename
// his keeps it, and the others drop theirs. What can be renamed has nobody
// connected to it, and by this name nobody ever is, so it can be copied. A process
// that is killed before that leaves a database that nobody copies.
func nameTemplate(t testing.TB, name string) {
	t.Helper()
	base := Need(t, "TEST_POSTGRES")
	admin, err := db.OpenPostgres(context.Background(), base)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	if exists(t, admin, name) {
		return
	}
	own := create(t, admin, "template0")
	d, err := db.OpenPostgres(context.Background(), withDatabase(t, base, own))
	if err != nil {
		t.Fatal(err)
	}
	migrate(t, d)
	d.Close()
	insist(t, "name a template", func(ctx context.Context) error {
		_, err := admin.Exec(ctx, `ALTER DATABASE `+own+` RENAME TO `+name)
		if exists(t, admin, name) { // this one, or that of somebody who was faster
			return nil
		}
		return err
	})
	drop(t, admin, own) // unless it has the name
}

func exists(t testing.TB, admin db.DB, database string) (there bool) {
	t.Helper()
	insist(t, "look for a database", func(ctx context.Context) error {
		return admin.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)`, database).Scan(&there)
	})
	return there
}

func migrate(t testing.TB, d db.DB) {
	t.Helper()
	if _, err := db.Migrate(context.Background(), d, migrations.Postgres, migrations.SQLite); err != nil {
		t.Fatal(err)
	}
}

// hashOf is what tells files from others, in 16 letters.
func hashOf(t testing.TB, files fs.FS) string {
	t.Helper()
	sum := sha256.New()
	err := fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(files, path)
		fmt.Fprintf(sum, "%s %d\n%s", path, len(text), text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(sum.Sum(nil)[:8])
}
