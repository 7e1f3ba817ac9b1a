package testenv

import (
	"context"
	"crypto/rand"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"latchkey/internal/db"
	"latchkey/migrations"
)

// A copy is what migrating makes, and nobody else's.
func TestCopiesAreMigrated(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(t testing.TB) db.DB{"sqlite": SQLite, "postgresql": Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			one, other := open(t), open(t)
			if steps, err := db.Migrate(t.Context(), one, migrations.Postgres, migrations.SQLite); steps != 0 || err != nil {
				t.Errorf("%d steps were missing, %v", steps, err)
			}
			if _, err := one.Exec(t.Context(), `DROP TABLE tokens`); err != nil {
				t.Fatal(err)
			}
			if _, err := other.Exec(t.Context(), `DELETE FROM tokens`); err != nil {
				t.Errorf("the other one: %v", err)
			}
		})
	}
}

// Of several processes that want a template at once one makes it, and all can
// copy it.
func TestTemplateOfSeveral(t *testing.T) {
	t.Parallel()
	admin, err := db.OpenPostgres(context.Background(), Need(t, "TEST_POSTGRES"))
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	name := "template_" + strings.ToLower(rand.Text())
	defer drop(t, admin, name)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			nameTemplate(t, name)
			drop(t, admin, create(t, admin, name))
		})
	}
	wg.Wait()
	if !exists(t, admin, name) {
		t.Error("there is none")
	}
}

// Other migrations are another template, whichever letter of them changed.
func TestTemplateIsNeverStale(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, files := range []fstest.MapFS{
		{"a/1.sql": {Data: []byte("x")}},
		{"a/1.sql": {Data: []byte("y")}},
		{"a/2.sql": {Data: []byte("x")}},
		{"a/1.sql": {Data: []byte("x")}, "a/2.sql": {Data: []byte("x")}},
	} {
		seen[hashOf(t, files)] = true
	}
	if len(seen) != 4 {
		t.Errorf("%d names for 4 sets of files", len(seen))
	}
}
