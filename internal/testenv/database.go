package testenv

import (
	"context"
	"crypto/rand"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"latchkey/internal/db"
	"latchkey/internal/store"
)

// SQLite returns an empty, migrated database in a new file.
func SQLite(t testing.TB) db.DB {
	t.Helper()
	path := filepath.Join(folder(t), "latchkey.db")
	if err := os.WriteFile(path, liteTemplate(t), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := db.OpenSQLite(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

// folder is an empty one that is deleted when the test ends, in memory if ./test
// found room there: SQLite waits for the disk at each commit.
func folder(t testing.TB) string {
	t.Helper()
	memory := os.Getenv("TEST_MEMORY")
	if memory == "" {
		return t.TempDir()
	}
	dir, err := os.MkdirTemp(memory, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		//lint:ignore G703 what was made just now
		_ = os.RemoveAll(dir) // ./test deletes what is left
	})
	return dir
}

// Postgres returns an empty, migrated database on the server of the tests.
func Postgres(t testing.TB) db.DB {
	t.Helper()
	d, err := db.OpenPostgres(context.Background(), MigratedURL(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

// MigratedURL makes an empty, migrated database on the server of the tests and
// returns the URL that names it. It is dropped when the test ends.
func MigratedURL(t testing.TB) string {
	t.Helper()
	return makeDatabase(t, postgresTemplate(t))
}

// PostgresURL is MigratedURL for tests of the migration itself: the database has
// no tables yet.
func PostgresURL(t testing.TB) string {
	t.Helper()
	return makeDatabase(t, "template0")
}

// makeDatabase copies a database that nobody is connected to.
func makeDatabase(t testing.TB, template string) (rawURL string) {
	t.Helper()
	base := Need(t, "TEST_POSTGRES")
	admin, err := db.OpenPostgres(context.Background(), base)
	if err != nil {
		t.Fatal(err)
	}
	name := create(t, admin, template)
	t.Cleanup(func() {
		drop(t, admin, name)
		admin.Close()
	})
	return withDatabase(t, base, name)
}

func create(t testing.TB, admin db.DB, template string) (name string) {
	t.Helper()
	insist(t, "make a database", func(ctx context.Context) error {
		name = "t_" + strings.ToLower(rand.Text()) // another one each time: the last may be there
		_, err := admin.Exec(ctx, `CREATE DATABASE `+name+` TEMPLATE `+template+` STRATEGY FILE_COPY`)
		return err
	})
	return name
}

func drop(t testing.TB, admin db.DB, name string) {
	t.Helper()
	insist(t, "drop a database", func(ctx context.Context) error {
		// Who has just left is gone in a moment. DROP itself looks again only
		// after 100 ms, so it comes when nobody is there, or nobody leaves.
		for pause := time.Millisecond; pause < 50*time.Millisecond; pause *= 2 {
			var there int
			err := admin.QueryRow(ctx, `SELECT count(*) FROM pg_stat_activity WHERE datname = $1`, name).Scan(&there)
			if err != nil {
				return err
			}
			if there == 0 {
				break
			}
			time.Sleep(pause)
		}
		_, err := admin.Exec(ctx, `DROP DATABASE IF EXISTS `+name+` WITH (FORCE)`)
		return err
	})
}

// withDatabase is the URL of another database on the same server.
func withDatabase(t testing.TB, rawURL, name string) string {
	t.Helper()
	u, err := url.Parse(rawURL)
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

// Each runs f on both databases, side by side.
func Each(t *testing.T, f func(t *testing.T, d db.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); f(t, SQLite(t)) })
	t.Run("postgresql", func(t *testing.T) { t.Parallel(); f(t, Postgres(t)) })
}

// EachStore runs f on a store on both databases, side by side.
func EachStore(t *testing.T, f func(t *testing.T, s *store.Store)) {
	t.Helper()
	Each(t, func(t *testing.T, d db.DB) { f(t, store.New(d, StoreSecret)) })
}

// StoreSecret is the SECRET_KEY of the stores of EachStore.
var StoreSecret = []byte("the secret of a store in a test, of more than 32 bytes")

// Role makes a user of the server who may log in to the database that rawURL
// names, and nothing else, and returns its name and the URL by which it does. It
// is dropped when the test ends.
func Role(t testing.TB, rawURL string) (name, roleURL string) {
	t.Helper()
	u, err := url.Parse(rawURL)
	if err != nil {
		t.Fatal(err)
	}
	admin, err := db.OpenPostgres(context.Background(), rawURL)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	name, password := "r_"+strings.ToLower(rand.Text()), rand.Text()
	insist(t, "make a role", func(ctx context.Context) error {
		_, err := admin.Exec(ctx, `CREATE ROLE `+name+` LOGIN PASSWORD '`+password+`'`)
		return err
	})
	t.Cleanup(func() {
		admin, err := db.OpenPostgres(context.Background(), rawURL)
		if err != nil {
			t.Fatal(err)
		}
		defer admin.Close()
		insist(t, "drop a role", func(ctx context.Context) error {
			_, err := admin.Batch(ctx, db.Stmt{SQL: `DROP OWNED BY ` + name + ` CASCADE`}, db.Stmt{SQL: `DROP ROLE ` + name})
			return err
		})
	})
	u.User = url.UserPassword(name, password)
	return name, u.String()
}

// Pooled is the URL of the same database through PgBouncer in transaction mode.
func Pooled(t testing.TB, rawURL string) string {
	t.Helper()
	u, err := url.Parse(rawURL)
	if err != nil {
		t.Fatal(err)
	}
	return withDatabase(t, Need(t, "TEST_PGBOUNCER"), strings.TrimPrefix(u.Path, "/"))
}
