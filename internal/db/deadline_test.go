package db_test

import (
	"context"
	"errors"
	"net/url"
	"sync"
	"testing"
	"time"

	"latchkey/internal/db"
	"latchkey/internal/testenv"
)

// hanging is a database that answered once and does so no more, and what ends that.
func hanging(t *testing.T) (d db.DB, mend func()) {
	t.Helper()
	u, err := url.Parse(testenv.PostgresURL(t))
	if err != nil {
		t.Fatal(err)
	}
	proxy := testenv.NewProxy(t, u.Host)
	u.Host = proxy.Addr
	if d, err = db.OpenPostgres(t.Context(), u.String()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	if _, err := d.Exec(t.Context(), `SELECT 1`); err != nil {
		t.Fatal(err)
	}
	proxy.Hang()
	return d, func() { proxy.Reset(t) }
}

// Whoever waits for a moment only is told in time that a database hangs, and so
// not as late as somebody without a deadline.
func TestCallersDeadline_R1(t *testing.T) {
	t.Parallel()
	patient := make(chan struct{}) // closed when the call without a deadline is over
	over := func(what string) {
		t.Helper()
		select {
		case <-patient:
			t.Errorf("%s waited as long as a call without a deadline", what)
		default:
		}
	}
	d, mend := hanging(t)
	go func() {
		_, _ = d.Exec(t.Context(), `SELECT 1`)
		close(patient)
	}()
	ask := map[string]func(ctx context.Context) error{
		"Exec":     func(ctx context.Context) error { _, err := d.Exec(ctx, `SELECT 1`); return err },
		"QueryRow": func(ctx context.Context) error { return d.QueryRow(ctx, `SELECT 1`).Scan(new(int)) },
		"Batch":    func(ctx context.Context) error { _, err := d.Batch(ctx, db.Stmt{SQL: `SELECT 1`}); return err },
		"InTx":     func(ctx context.Context) error { return d.InTx(ctx, func(db.Conn) error { return nil }) },
		"Query": func(ctx context.Context) error {
			rows, err := d.Query(ctx, `SELECT 1`)
			if err == nil {
				rows.Next()
				err = rows.Err()
				rows.Close()
			}
			return err
		},
	}
	var all sync.WaitGroup
	for name, f := range ask {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			defer cancel()
			if err := f(ctx); !errors.Is(err, db.ErrUnavailable) {
				t.Errorf("%s: %v, want ErrUnavailable", name, err)
			}
			over(name)
		})
	}
	all.Wait()
	mend()
	<-patient
}

// The same of SQLite, whose one writer takes long.
func TestCallersDeadlineSQLite_R1(t *testing.T) {
	t.Parallel()
	d := testenv.SQLite(t)
	written, done, patient := make(chan struct{}), make(chan struct{}), make(chan struct{})
	var writer sync.WaitGroup
	writer.Go(func() {
		_ = d.InTx(t.Context(), func(db.Conn) error { // its time may run out
			close(written)
			<-done
			return nil
		})
	})
	<-written
	go func() {
		_, _ = d.Exec(t.Context(), insert, []byte{1}, []byte{}, t0)
		close(patient)
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := d.Exec(ctx, insert, []byte{2}, []byte{}, t0); !errors.Is(err, db.ErrUnavailable) {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
	select {
	case <-patient:
		t.Error("it waited as long as a call without a deadline")
	default:
	}
	close(done)
	writer.Wait()
	<-patient
}

// A transaction has the time of one call, and not that time for each of its
// statements.
func TestTransactionsEnd_R1(t *testing.T) {
	t.Parallel()
	d := testenv.Postgres(t)
	done := 0
	err := d.InTx(t.Context(), func(tx db.Conn) error {
		for range 4 {
			if _, err := tx.Exec(t.Context(), `SELECT pg_sleep(1)`); err != nil {
				return err
			}
			done++
		}
		return nil
	})
	if !errors.Is(err, db.ErrUnavailable) || done > 2 {
		t.Errorf("%d statements of a second each, %v; want 2 at most and ErrUnavailable", done, err)
	}
}
