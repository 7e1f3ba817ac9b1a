package db_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"latchkey/internal/db"
)

// lite opens a database of a file, and returns what reads the bytes of all its files.
func lite(t *testing.T) (d db.DB, files func() []byte) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "latchkey.db")
	d, err := db.OpenSQLite(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d, func() (all []byte) {
		for _, name := range []string{path, path + "-wal"} {
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, b...)
		}
		return all
	}
}

// What was deleted or changed is in no byte of the database once its log was emptied, also
// among rows that pages were split and merged for.
func TestErased_O8(t *testing.T) {
	t.Parallel()
	d, files := lite(t)
	exec := func(sql string, args ...any) {
		t.Helper()
		if _, err := d.Exec(t.Context(), sql, args...); err != nil {
			t.Fatal(err)
		}
	}
	exec(`CREATE TABLE people (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, long TEXT NOT NULL)`)
	const people = 6000
	name := func(i int) string { return fmt.Sprintf("%x-name-%06d", (i*7919)%people, i) } // in no order
	for from := 0; from < people; from += 250 {
		var stmts []db.Stmt
		for i := from; i < from+250; i++ {
			long := ""
			if i%50 == 0 { // on pages of its own
				long = strings.Repeat(name(i)+" ", 400)
			}
			stmts = append(stmts, db.Stmt{SQL: `INSERT INTO people (id, name, long) VALUES ($1, $2, $3)`, Args: []any{rand.Text(), name(i), long}})
		}
		if _, err := d.Batch(t.Context(), stmts...); err != nil {
			t.Fatal(err)
		}
	}
	gone := map[int]bool{}
	for i := range people {
		switch {
		case i%10 == 0, i > 500 && i < 900:
			exec(`DELETE FROM people WHERE name = $1`, name(i))
			gone[i] = true
		case i%10 == 1:
			exec(`UPDATE people SET name = $2 WHERE name = $1`, name(i), rand.Text())
			gone[i] = true
		}
	}
	if err := d.Scrub(t.Context()); err != nil {
		t.Fatal(err)
	}
	if done, err := d.EmptyLog(t.Context()); !done || err != nil {
		t.Fatalf("emptied: %t, %v", done, err)
	}
	var verdict string
	if err := d.QueryRow(t.Context(), `PRAGMA integrity_check`).Scan(&verdict); err != nil || verdict != "ok" {
		t.Errorf("integrity_check: %q, %v", verdict, err)
	}
	all := files()
	left := 0
	for i := range people {
		is := bytes.Contains(all, []byte(name(i)))
		if is && gone[i] {
			left++
		}
		if !is && !gone[i] {
			t.Fatalf("%s is not found: the search proves nothing", name(i))
		}
	}
	if left > 0 {
		t.Errorf("of %d names that are gone, %d are in the files", len(gone), left)
	}
}

// While somebody reads what the log alone has, it is left as it is, and nobody waits for them.
func TestEmptyLogBesideReader(t *testing.T) {
	t.Parallel()
	d, files := lite(t)
	exec := func(sql string) {
		t.Helper()
		if _, err := d.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	exec(`CREATE TABLE words (word TEXT)`)
	exec(`INSERT INTO words (word) VALUES ('before'), ('behind')`)
	rows, err := d.Query(t.Context(), `SELECT word FROM words`)
	if err != nil || !rows.Next() {
		t.Fatal(errors.Join(err, rows.Err()))
	}
	exec(`DELETE FROM words`)
	if done, err := d.EmptyLog(t.Context()); done || err != nil {
		t.Errorf("beside a reader: %t, %v", done, err)
	}
	exec(`INSERT INTO words (word) VALUES ('after')`)
	rows.Close()
	if done, err := d.EmptyLog(t.Context()); !done || err != nil {
		t.Errorf("behind the reader: %t, %v", done, err)
	}
	if all := files(); bytes.Contains(all, []byte("before")) || !bytes.Contains(all, []byte("after")) {
		t.Error("what was deleted is still there, or what is there is not")
	}
}
