package db_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/internal/db"
	"latchkey/internal/testenv"
	"latchkey/migrations"
)

var t0 = time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC) // microseconds are what both keep

const insert = `INSERT INTO tokens (hash, payload, expires_at) VALUES ($1, $2, $3)`

// What one database does, the other does: values, errors, counts.
func TestBothDatabases(t *testing.T) {
	t.Parallel()
	testenv.Each(t, func(t *testing.T, d db.DB) {
		ctx := t.Context()
		if n, err := d.Exec(ctx, insert, []byte{1, 0}, []byte{}, t0); n != 1 || err != nil {
			t.Fatalf("insert: %d, %v", n, err)
		}
		var payload []byte
		var expires time.Time
		err := d.QueryRow(ctx, `SELECT payload, expires_at FROM tokens WHERE hash = $1 AND expires_at <= $2`, []byte{1, 0}, t0).Scan(&payload, &expires)
		if err != nil || len(payload) != 0 || !expires.Equal(t0) {
			t.Errorf("got %v, %v, %v; want nothing, %v", payload, expires, err, t0)
		}
		if _, err := d.Exec(ctx, insert, []byte{1, 0}, []byte{}, t0); !errors.Is(err, db.ErrConflict) {
			t.Errorf("twice: %v, want ErrConflict", err)
		}
		if err := d.QueryRow(ctx, `SELECT payload FROM tokens WHERE hash = $1`, []byte{2}).Scan(&payload); !errors.Is(err, db.ErrNoRows) {
			t.Errorf("nothing: %v, want ErrNoRows", err)
		}
		if _, err := d.Exec(ctx, `SELECT nothing FROM nowhere`); err == nil || errors.Is(err, db.ErrConflict) {
			t.Errorf("a wrong statement: %v", err)
		}
	})
}

// A batch and a transaction happen whole or not at all.
func TestAllOrNothing(t *testing.T) {
	t.Parallel()
	testenv.Each(t, func(t *testing.T, d db.DB) {
		ctx := t.Context()
		one := db.Stmt{SQL: insert, Args: []any{[]byte{1}, []byte("x"), t0}}
		if _, err := d.Batch(ctx, one, one); !errors.Is(err, db.ErrConflict) {
			t.Errorf("batch: %v, want ErrConflict", err)
		}
		boom := errors.New("boom")
		err := d.InTx(ctx, func(tx db.Conn) error {
			if _, err := tx.Exec(ctx, one.SQL, one.Args...); err != nil {
				return err
			}
			return boom
		})
		if !errors.Is(err, boom) {
			t.Errorf("transaction: %v, want boom", err)
		}
		var n int
		if err := d.QueryRow(ctx, `SELECT count(*) FROM tokens`).Scan(&n); err != nil || n != 0 {
			t.Errorf("%d rows are left, %v", n, err)
		}
		counts, err := d.Batch(ctx, one, db.Stmt{SQL: `DELETE FROM tokens WHERE hash = $1`, Args: []any{[]byte{9}}}, db.Stmt{SQL: `DELETE FROM tokens`})
		if err != nil || len(counts) != 3 || counts[0] != 1 || counts[1] != 0 || counts[2] != 1 {
			t.Errorf("counts %v, %v; want 1, 0, 1", counts, err)
		}
	})
}

// Many writers at once wait for each other, also before their statements were
// ever prepared.
func TestWritersQueue(t *testing.T) {
	t.Parallel()
	testenv.Each(t, func(t *testing.T, d db.DB) {
		const n = 40
		errs := make([]error, n)
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() {
				errs[i] = d.InTx(t.Context(), func(tx db.Conn) error {
					var count int
					if err := tx.QueryRow(t.Context(), `SELECT count(*) FROM tokens`).Scan(&count); err != nil {
						return err
					}
					_, err := tx.Exec(t.Context(), insert, []byte{byte(i)}, []byte{}, t0)
					return err
				})
			})
		}
		wg.Wait()
		if err := errors.Join(errs...); err != nil {
			t.Error(err)
		}
	})
}

// A caller who goes away in the middle leaves neither a half-known write nor a
// connection that has to be made anew.
func TestCallerLeaves(t *testing.T) {
	t.Parallel()
	testenv.Each(t, func(t *testing.T, d db.DB) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := d.Exec(ctx, insert, []byte{1}, []byte{}, t0); err != nil {
			t.Errorf("got %v", err)
		}
	})
}

// Of two transactions that wait for each other one is tried again.
func TestCollision_R1(t *testing.T) {
	t.Parallel()
	d := testenv.Postgres(t)
	for _, hash := range []byte{1, 2} {
		if _, err := d.Exec(t.Context(), insert, []byte{hash}, []byte{}, t0); err != nil {
			t.Fatal(err)
		}
	}
	var first, second sync.WaitGroup // of each transaction's first statement, once
	first.Add(1)
	second.Add(1)
	touch := func(tx db.Conn, hash byte) error {
		_, err := tx.Exec(t.Context(), `UPDATE tokens SET payload = $2 WHERE hash = $1`, []byte{hash}, []byte("x"))
		return err
	}
	run := func(a, b byte, mine, other *sync.WaitGroup) error {
		tries := 0
		return d.InTx(t.Context(), func(tx db.Conn) error {
			if err := touch(tx, a); err != nil {
				return err
			}
			if tries++; tries == 1 {
				mine.Done()
				other.Wait()
			}
			return touch(tx, b)
		})
	}
	var errs [2]error
	var wg sync.WaitGroup
	wg.Go(func() { errs[0] = run(1, 2, &first, &second) })
	wg.Go(func() { errs[1] = run(2, 1, &second, &first) })
	wg.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		t.Error(err)
	}
}

// A server that refuses, and one that takes the connection and says nothing.
func TestServerAway_R1(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	for name, addr := range map[string]string{"refuses": "127.0.0.1:1", "hangs": l.Addr().String()} {
		d, err := db.OpenPostgres(t.Context(), "postgres://u:s3cret@"+addr+"/x?sslmode=disable")
		if err != nil {
			t.Fatal(err)
		}
		_, err = d.Exec(t.Context(), `SELECT 1`) // and ends: see TestBounded_R1
		if !errors.Is(err, db.ErrUnavailable) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v, want ErrUnavailable", name, err)
		}
		d.Close()
	}
	if _, err := db.OpenPostgres(t.Context(), "postgres://u:s3cret@host:port/x"); err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("a wrong URL: %v", err)
	}
}

// The file is for nobody else, whatever the umask, and so are its companions.
func TestFileMode(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a#b?c%.db")
	d, err := db.OpenSQLite(path)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, err := db.Migrate(t.Context(), d, migrations.Postgres, migrations.SQLite); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode != 0o600 {
			t.Errorf("%q has mode %o, want 600", suffix, mode)
		}
	}
}

// Replicas that start together migrate once.
func TestMigrateTogether_R6(t *testing.T) {
	t.Parallel()
	url := testenv.PostgresURL(t)
	const n = 4
	steps, errs := make([]int, n), make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			d, err := db.OpenPostgres(context.Background(), url)
			if err != nil {
				errs[i] = err
				return
			}
			defer d.Close()
			steps[i], errs[i] = db.Migrate(t.Context(), d, migrations.Postgres, migrations.SQLite)
		})
	}
	wg.Wait()
	done := 0
	for i := range n {
		if errs[i] != nil {
			t.Error(errs[i])
		}
		done += steps[i]
	}
	files, err := migrations.Postgres.ReadDir("postgres")
	if err != nil || done != len(files) {
		t.Errorf("%d steps in all, want %d; %v", done, len(files), err)
	}
}

func TestGate_R1(t *testing.T) {
	t.Parallel()
	testenv.Each(t, func(t *testing.T, d db.DB) {
		g := db.NewGate(d)
		ask := map[string]func() error{
			"Exec":     func() error { _, err := g.Exec(t.Context(), `DELETE FROM tokens`); return err },
			"QueryRow": func() error { return g.QueryRow(t.Context(), `SELECT count(*) FROM tokens`).Scan(new(int)) },
			"Batch":    func() error { _, err := g.Batch(t.Context(), db.Stmt{SQL: `DELETE FROM tokens`}); return err },
			"InTx":     func() error { return g.InTx(t.Context(), func(db.Conn) error { return nil }) },
			"Query": func() error {
				rows, err := g.Query(t.Context(), `SELECT 1`)
				if err == nil {
					rows.Close()
				}
				return err
			},
		}
		for name, f := range ask {
			if err := f(); !errors.Is(err, db.ErrUnavailable) {
				t.Errorf("%s while it is shut: %v", name, err)
			}
		}
		g.Open()
		for name, f := range ask {
			if err := f(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
