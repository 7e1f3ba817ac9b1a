package db_test

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"latchkey/internal/db"
	"latchkey/internal/testenv"
	"latchkey/migrations"
)

const execMode = "&default_query_exec_mode=exec"

// pooled is the URL of a migrated database through a pooler in transaction mode.
func pooled(t *testing.T) string {
	t.Helper()
	return testenv.Pooled(t, testenv.MigratedURL(t))
}

func openURL(t *testing.T, url string) db.DB {
	t.Helper()
	d, err := db.OpenPostgres(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

// A pooler that mixes up prepared statements is found, and what comes of it is a
// database that is away, with the parameter that mends it.
func TestPooler_R1(t *testing.T) {
	t.Parallel()
	url := pooled(t)
	for name, c := range map[string]struct {
		d    db.DB
		lost bool
	}{
		"through it":             {openURL(t, url), true},
		"without its statements": {openURL(t, url+execMode), false},
		"directly":               {testenv.Postgres(t), false},
		"sqlite":                 {testenv.SQLite(t), false},
	} {
		for range 3 {
			err := db.Pooler(t.Context(), c.d)
			if c.lost != (err != nil) || c.lost && (!errors.Is(err, db.ErrUnavailable) || !strings.Contains(err.Error(), "default_query_exec_mode=exec")) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// Many at once on two replicas: without the parameter nothing fails in another way
// than that; with it nothing fails, and nothing stays on a connection for the next
// user of the pooler.
func TestTransactionPooling_R1(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		query string
		fails bool
	}{"prepared": {"", true}, "exec": {execMode, false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base := pooled(t)
			one, other := openURL(t, base+c.query), openURL(t, base+c.query)
			var failed atomic.Int64
			var all sync.WaitGroup
			for i := range 16 {
				d := []db.DB{one, other}[i%2]
				all.Go(func() {
					for range 20 {
						err := d.InTx(t.Context(), func(tx db.Conn) error {
							_, err := tx.Exec(t.Context(), putToken, []byte{byte(i)}, []byte{}, t0)
							return err
						})
						if err == nil {
							_, err = d.Batch(t.Context(), db.Stmt{SQL: putToken, Args: []any{[]byte{byte(i)}, []byte{}, t0}})
						}
						switch {
						case err == nil:
						case !errors.Is(err, db.ErrUnavailable):
							t.Errorf("%v, want ErrUnavailable", err)
						case strings.Contains(err.Error(), "default_query_exec_mode=exec"):
							failed.Add(1)
						}
					}
				})
			}
			all.Wait()
			if got := failed.Load() > 0; got != c.fails {
				t.Errorf("%d calls failed for the pooler, want some: %v", failed.Load(), c.fails)
			}
			mustLeaveNothing(t, base)
		})
	}
}

// mustLeaveNothing fails the test if a connection of the pooler has a setting that
// its next user did not make.
func mustLeaveNothing(t *testing.T, base string) {
	t.Helper()
	next := openURL(t, base+execMode+"&pool_max_conns=20")
	held, done := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	for range 15 { // each holds one
		all.Go(func() {
			err := next.InTx(t.Context(), func(tx db.Conn) error {
				rows, err := tx.Query(t.Context(), `SELECT name, setting FROM pg_settings WHERE source = 'session' AND name NOT IN
					('application_name', 'client_encoding', 'DateStyle', 'standard_conforming_strings', 'TimeZone')`)
				if err != nil {
					return err
				}
				for rows.Next() {
					var name, value string
					if err := rows.Scan(&name, &value); err != nil {
						return err
					}
					if name != "idle_in_transaction_session_timeout" { // which is of this transaction
						t.Errorf("%s is %s", name, value)
					}
				}
				rows.Close()
				held <- struct{}{}
				<-done
				return rows.Err()
			})
			if err != nil && !errors.Is(err, db.ErrUnavailable) {
				t.Error(err)
			}
		})
	}
	for range 15 {
		<-held
	}
	var outside string // of a transaction, on a connection that had one
	close(done)
	all.Wait()
	for range 15 {
		if err := next.QueryRow(t.Context(), `SELECT current_setting('idle_in_transaction_session_timeout')`).Scan(&outside); err != nil || outside != "0" {
			t.Errorf("the next user has idle_in_transaction_session_timeout = %s, %v", outside, err)
		}
	}
}

// Replicas that start together behind a pooler migrate once.
func TestMigrateThroughPooler_R6(t *testing.T) {
	t.Parallel()
	base := testenv.Pooled(t, testenv.PostgresURL(t)) + execMode
	var steps atomic.Int64
	var all sync.WaitGroup
	for range 3 {
		d := openURL(t, base)
		all.Go(func() {
			n, err := db.Migrate(t.Context(), d, migrations.Postgres, migrations.SQLite)
			if err != nil {
				t.Error(err)
			}
			if n > 0 && !steps.CompareAndSwap(0, int64(n)) {
				t.Error("two migrated")
			}
		})
	}
	all.Wait()
	var locks int
	err := openURL(t, base).QueryRow(t.Context(), `SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
		WHERE l.locktype = 'advisory' AND d.datname = current_database()`).Scan(&locks)
	if err != nil || locks > 0 || steps.Load() == 0 {
		t.Errorf("%d steps; %d locks are left, %v", steps.Load(), locks, err)
	}
}
