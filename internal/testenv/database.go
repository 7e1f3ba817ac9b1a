package testenv

import (
	"context"
	"crypto/rand"
	"errors"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"latchkey/internal/db"
	"latchkey/internal/store"
	"latchkey/migrations"
)

// SQLite returns an empty, migrated database in a new file.
func SQLite(t testing.TB) db.DB {
	t.Helper()
	d, err := db.OpenSQLite(filepath.Join(t.TempDir(), "latchkey.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	migrate(t, d)
	return d
}

// PostgresURL makes an empty database on the server of the tests and returns
// the URL that names it. It is dropped when the test ends.
func PostgresURL(t testing.TB) string {
	t.Helper()
	base := Need(t, "TEST_POSTGRES")
	admin, err := db.OpenPostgres(context.Background(), base)
	if err != nil {
		t.Fatal(err)
	}
	var name string
	insist(t, "make a database", func(ctx context.Context) error {
		name = "t_" + strings.ToLower(rand.Text()) // another one each time: the last may be there
		_, err := admin.Exec(ctx, `CREATE DATABASE `+name+` TEMPLATE template0 STRATEGY FILE_COPY`)
		return err
	})
	t.Cleanup(func() {
		insist(t, "drop a database", func(ctx context.Context) error {
			_, err := admin.Exec(ctx, `DROP DATABASE IF EXISTS `+name+` WITH (FORCE)`)
			return err
		})
		admin.Close()
	})
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

// insist does it again while the server has no time: on a machine that is busy,
// making a database takes longer than a call may.
func insist(t testing.TB, what string, do func(ctx context.Context) error) {
	t.Helper()
	var err error
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		if err = do(context.Background()); !errors.Is(err, db.ErrUnavailable) {
			break
		}
	}
	if err != nil {
		t.Errorf("%s: %v", what, err)
	}
}

// Postgres returns an empty, migrated database on the server of the tests.
func Postgres(t testing.TB) db.DB {
	t.Helper()
	d, err := db.OpenPostgres(context.Background(), PostgresURL(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	migrate(t, d)
	return d
}

func migrate(t testing.TB, d db.DB) {
	t.Helper()
	if _, err := db.Migrate(t.Context(), d, migrations.Postgres, migrations.SQLite); err != nil {
		t.Fatal(err)
	}
}

// Each runs f on both databases, side by side.
func Each(t *testing.T, f func(t *testing.T, d db.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); f(t, SQLite(t)) })
	t.Run("postgresql", func(t *testing.T) { t.Parallel(); f(t, Postgres(t)) })
}

// EachStore runs f on a store on both databases, side by side.
func EachStore(t *testing.T, f func(t *testing.T, s *store.Store)) {
	t.Helper()
	Each(t, func(t *testing.T, d db.DB) { f(t, store.New(d)) })
}
