package db

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// A database of a version that overwrote nothing is as clean as another then: its free pages
// too, and what is there stays.
func TestScrubOfBefore_O8(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "latchkey.db")
	d, err := openSQLite("file:" + uriPath(path) + "?_txlock=immediate&_pragma=journal_mode(WAL)&_pragma=secure_delete(0)" + liteTimes)
	if err != nil {
		t.Fatal(err)
	}
	exec := func(sql string, args ...any) {
		t.Helper()
		if _, err := d.Exec(t.Context(), sql, args...); err != nil {
			t.Fatal(err)
		}
	}
	exec(`CREATE TABLE people (name TEXT PRIMARY KEY, more TEXT NOT NULL)`)
	name := func(i int) string { return fmt.Sprintf("%x-name-%06d", (i*7919)%3000, i) }
	var stmts []Stmt
	for i := range 3000 {
		stmts = append(stmts, Stmt{`INSERT INTO people (name, more) VALUES ($1, $2)`, []any{name(i), name(i) + " more"}})
	}
	if _, err := d.Batch(t.Context(), stmts...); err != nil {
		t.Fatal(err)
	}
	exec(`DELETE FROM people WHERE CAST(substr(name, -6) AS INTEGER) < 2500`) // most pages are free then
	d.Close()

	left := func() (gone, there int) {
		t.Helper()
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 3000 {
			switch {
			case !bytes.Contains(b, []byte(name(i))):
			case i < 2500:
				gone++
			default:
				there++
			}
		}
		return gone, there
	}
	if gone, there := left(); gone < 1000 || there != 500 {
		t.Fatalf("%d names that are gone, and %d that are there: this proves nothing", gone, there)
	}
	if d, err = OpenSQLite(path); err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := d.Scrub(t.Context()); err != nil {
		t.Fatal(err)
	}
	if done, err := d.EmptyLog(t.Context()); !done || err != nil {
		t.Fatalf("emptied: %t, %v", done, err)
	}
	if gone, there := left(); gone > 0 || there != 500 {
		t.Errorf("%d names that are gone are left, and %d that are there", gone, there)
	}
	var verdict string
	if err := d.QueryRow(t.Context(), `PRAGMA integrity_check`).Scan(&verdict); err != nil || verdict != "ok" {
		t.Errorf("integrity_check: %q, %v", verdict, err)
	}
	exec(`INSERT INTO people (name, more) SELECT name || '!', more FROM people`)
	if err := d.QueryRow(t.Context(), `PRAGMA integrity_check`).Scan(&verdict); err != nil || verdict != "ok" {
		t.Errorf("integrity_check behind another write: %q, %v", verdict, err)
	}
}
