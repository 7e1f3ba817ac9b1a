package db

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
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

// No row changes by a scrub, whatever lies in the file: rows that do not fit on a page, in
// bytes that look like pages themselves, the map of auto_vacuum, and what others write
// meanwhile.
func TestScrubKeepsRows(t *testing.T) {
	t.Parallel()
	for _, vacuum := range []string{"none", "full", "incremental"} {
		t.Run("auto_vacuum "+vacuum, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "latchkey.db")
			d, err := openSQLite("file:" + uriPath(path) + "?_txlock=immediate&_pragma=" + busyTimeout + "&_pragma=auto_vacuum(" + vacuum + ")&_pragma=journal_mode(WAL)&_pragma=synchronous(OFF)&_pragma=secure_delete(0)" + liteTimes)
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			exec := func(ctx context.Context, sql string, args ...any) {
				t.Helper()
				if _, err := d.Exec(ctx, sql, args...); err != nil {
					t.Fatal(err)
				}
			}
			exec(t.Context(), `CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, data BLOB NOT NULL)`)
			random := rand.New(rand.NewPCG(7, 7))
			rows := map[int]string{}
			write := func(id int) {
				t.Helper()
				name, data := fmt.Sprintf("%08x-%d", random.Uint32(), id), make([]byte, random.IntN(200))
				if random.IntN(4) == 0 { // more than a page, which begins as one of rows or keys may
					data = bytes.Repeat([]byte{[]byte{2, 5, 10, 13}[random.IntN(4)], 0, 0, 0, 0, 15, 0, 0}, 200+random.IntN(2000))
				}
				exec(t.Context(), `INSERT INTO people (id, name, data) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET name = excluded.name, data = excluded.data`, id, name, data)
				rows[id] = name + string(data)
			}
			same := func() {
				t.Helper()
				var verdict string
				if err := d.QueryRow(t.Context(), `PRAGMA integrity_check`).Scan(&verdict); err != nil || verdict != "ok" {
					t.Fatalf("integrity_check: %q, %v", verdict, err)
				}
				found, err := d.Query(t.Context(), `SELECT id, name, data FROM people`)
				if err != nil {
					t.Fatal(err)
				}
				defer found.Close()
				n := 0
				for ; found.Next(); n++ {
					var id int
					var name string
					var data []byte
					if err := found.Scan(&id, &name, &data); err != nil || rows[id] != name+string(data) {
						t.Fatalf("row %d is another, %v", id, err)
					}
				}
				if err := found.Err(); err != nil || n != len(rows) {
					t.Fatalf("%d rows of %d, %v", n, len(rows), err)
				}
			}
			for range 3 {
				for range 300 {
					id := random.IntN(400)
					if write(id); random.IntN(3) == 0 {
						exec(t.Context(), `DELETE FROM people WHERE id = $1`, id)
						delete(rows, id)
					}
				}
				scrubbed := make(chan error)
				go func() { scrubbed <- d.Scrub(t.Context()) }()
				for range 50 { // meanwhile
					write(random.IntN(400))
				}
				if err := <-scrubbed; err != nil {
					t.Fatal(err)
				}
				same()
			}
			exec(t.Context(), `DELETE FROM people WHERE id % 2 = 0`)
			for id := range rows {
				if id%2 == 0 {
					delete(rows, id)
				}
			}
			// A thousand pages that are free: of so many, auto_vacuum has a second map.
			for from := 1000; from < 1500; from += 50 {
				exec(t.Context(), `WITH RECURSIVE n (i) AS (SELECT $1 UNION ALL SELECT i + 1 FROM n WHERE i < $1 + 49)
					INSERT INTO people (id, name, data) SELECT i, 'many ' || i, randomblob(9000) FROM n`, from)
			}
			exec(t.Context(), `DELETE FROM people WHERE id >= 1000`)
			if err := d.Scrub(t.Context()); err != nil {
				t.Fatal(err)
			}
			same()
			for id := range 400 {
				write(id)
			}
			same()
		})
	}
}
