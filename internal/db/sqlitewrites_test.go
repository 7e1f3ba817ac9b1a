package db

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"
)

// waiters is a database whose writes wait until let is called.
type waiters struct {
	*lite
	path string
	let  func()
	all  sync.WaitGroup
	n    int
}

const keep = `INSERT INTO kept (v) VALUES ($1)`

func holdWrites(t *testing.T) *waiters {
	t.Helper()
	path := filepath.Join(t.TempDir(), "writes.db")
	d, err := OpenSQLite(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	w := &waiters{lite: d.(*lite), path: path}
	for _, sql := range []string{`CREATE TABLE kept (v INTEGER PRIMARY KEY)`, `INSERT INTO kept (v) VALUES (0)`} {
		if _, err := d.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	if w.let, err = w.writes.begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	return w
}

// add has f called, and returns when it waits for its turn.
func (w *waiters) add(f func()) {
	w.n++
	w.all.Go(f)
	for {
		w.writes.mu.Lock()
		n := len(w.writes.waiting)
		w.writes.mu.Unlock()
		if n == w.n {
			return
		}
		runtime.Gosched()
	}
}

// logged returns how many bytes the log of writes has.
func (w *waiters) logged(t *testing.T) int64 {
	t.Helper()
	info, err := os.Stat(w.path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// kept returns how many rows there are.
func (w *waiters) kept(t *testing.T) (n int) {
	t.Helper()
	if err := w.QueryRow(t.Context(), `SELECT count(*) FROM kept`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// Writes that wait together are one commit, and each is answered with its own count.
func TestWritesTogether(t *testing.T) {
	t.Parallel()
	w := holdWrites(t)
	before := w.logged(t)
	for i := range 20 {
		w.add(func() {
			counts, err := w.Batch(t.Context(), Stmt{keep, []any{i + 1}}, Stmt{`DELETE FROM kept WHERE v = $1`, []any{i + 1000}})
			if err != nil || counts[0] != 1 || counts[1] != 0 {
				t.Errorf("write %d: %v, %v", i, counts, err)
			}
		})
	}
	w.let()
	w.all.Wait()
	if n := w.kept(t); n != 21 {
		t.Errorf("%d rows are kept, want 21", n)
	}
	const page = 4096 + 24 // with its header
	if n := (w.logged(t) - before) / page; n != 1 {
		t.Errorf("20 writes to one page wrote it %d times, want once", n)
	}
}

// What one of several writes comes to is nothing to the others: one that breaks a
// constraint, one whose time is over before its turn.
func TestWritesApart_R1(t *testing.T) {
	t.Parallel()
	w := holdWrites(t)
	write := func(i int) func() {
		return func() {
			if n, err := w.Exec(t.Context(), keep, i); n != 1 || err != nil {
				t.Errorf("write %d: %d, %v", i, n, err)
			}
		}
	}
	w.add(write(1))
	w.add(func() {
		if counts, err := w.Batch(t.Context(), Stmt{keep, []any{2}}, Stmt{keep, []any{0}}); !errors.Is(err, ErrConflict) || counts != nil {
			t.Errorf("a batch with a row that is there: %v, %v; want ErrConflict", counts, err)
		}
	})
	w.add(write(3))
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := w.Exec(ctx, keep, 4); !errors.Is(err, ErrUnavailable) {
		t.Errorf("a write whose time is over: %v, want ErrUnavailable", err)
	}
	w.let()
	w.all.Wait()
	if n := w.kept(t); n != 3 { // 0, 1 and 3
		t.Errorf("%d rows are kept, want 3", n)
	}
}
