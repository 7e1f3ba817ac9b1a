package migrations_test

import (
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"latchkey/internal/db"
	"latchkey/internal/store"
	"latchkey/internal/testenv"
	"latchkey/migrations"
)

// renamed are tables that have another name today.
var renamed = map[string]string{"events": "undo"}

// What was written at any step is there at each later one, as it was; and a version of any
// step goes on writing beside today's, on today's tables.
func TestFromEachStep_O7(t *testing.T) {
	for name, open := range map[string]func(t *testing.T) db.DB{
		"sqlite":     func(t *testing.T) db.DB { return opened(t)(db.OpenSQLite(filepath.Join(t.TempDir(), "latchkey.db"))) },
		"postgresql": func(t *testing.T) db.DB { return opened(t)(db.OpenPostgres(t.Context(), testenv.PostgresURL(t))) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := open(t)
			files, err := fs.Glob(migrations.SQLite, "sqlite/*.sql")
			if err != nil || len(files) < 15 {
				t.Fatalf("%d files, %v", len(files), err)
			}
			var steps []tables // what each step has
			var written []map[string][]string
			check := func() {
				t.Helper()
				for n, rows := range written {
					for table, was := range rows {
						is := rowsOf(t, d, todays(t, d, table), steps[n][table])
						for _, row := range was {
							if !slices.Contains(is, row) {
								t.Errorf("step %d to %d: %s had %s", n+1, len(steps), table, row)
							}
						}
					}
				}
			}
			for n := range files {
				if _, err := db.Migrate(t.Context(), d, firstOf(t, migrations.Postgres, n+1), firstOf(t, migrations.SQLite, n+1)); err != nil {
					t.Fatalf("step %d: %v", n+1, err)
				}
				all := tablesOf(t, d)
				steps = append(steps, all)
				check()
				fill(t, d, all, n+1, func(table string) string { return table })
				rows := map[string][]string{}
				for table, columns := range all {
					rows[table] = rowsOf(t, d, table, columns)
				}
				written = append(written, rows)
			}
			for n, all := range steps[:len(steps)-1] {
				fill(t, d, all, 1000+n, func(table string) string {
					if d.Dialect() == db.PostgreSQL { // which alone has several versions beside each other
						return table
					}
					return todays(t, d, table)
				})
			}
			check()
			users, err := store.New(d).ExportUsers(t.Context(), time.Time{}, "", 100)
			if err != nil || len(users) != 2*len(files)-1 {
				t.Errorf("today reads %d users, %v; want %d", len(users), err, 2*len(files)-1)
			}
		})
	}
}

func opened(t *testing.T) func(d db.DB, err error) db.DB {
	return func(d db.DB, err error) db.DB {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(d.Close)
		return d
	}
}

// firstOf are the first n of a folder's files.
func firstOf(t *testing.T, all fs.FS, n int) fs.FS {
	t.Helper()
	some := fstest.MapFS{}
	names, err := fs.Glob(all, "*/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(names, func(a, b string) int { return strings.Compare(path.Base(a), path.Base(b)) })
	for _, name := range names[:n] {
		b, err := fs.ReadFile(all, name)
		if err != nil {
			t.Fatal(err)
		}
		some[name] = &fstest.MapFile{Data: b}
	}
	return some
}

// tables are the columns of each table, by their names, with their types.
type tables map[string][]field

type field struct{ name, kind string }

func tablesOf(t *testing.T, d db.DB) tables {
	t.Helper()
	sql := `SELECT m.name, p.name, p.type FROM sqlite_master m, pragma_table_info(m.name) p
		WHERE m.type = 'table' AND m.name NOT LIKE 'goose%' AND m.name NOT LIKE 'sqlite%' ORDER BY m.name, p.cid`
	if d.Dialect() == db.PostgreSQL {
		sql = `SELECT c.table_name::text, c.column_name::text, c.data_type::text
			FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
			WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' AND c.table_name NOT LIKE 'goose%' ORDER BY 1, c.ordinal_position`
	}
	rows, err := d.Query(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	all := tables{}
	for rows.Next() {
		var table string
		var f field
		if err := rows.Scan(&table, &f.name, &f.kind); err != nil {
			t.Fatal(err)
		}
		all[table] = append(all[table], f)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// todays is what a table of an earlier step is called now.
func todays(t *testing.T, d db.DB, table string) string {
	t.Helper()
	if now := renamed[table]; now != "" && tablesOf(t, d)[now] != nil {
		return now
	}
	return table
}

// fill writes a row into each table, with all columns, of which those of text say where they
// are and the number n. as is what a table is called.
func fill(t *testing.T, d db.DB, all tables, n int, as func(table string) string) {
	t.Helper()
	names := []string{"users"} // others refer to it
	for table := range all {
		if table != "users" {
			names = append(names, table)
		}
	}
	for _, table := range names {
		var columns, binds []string
		var values []any
		for _, f := range all[table] {
			values = append(values, valueOf(t, table, f, n))
			columns, binds = append(columns, f.name), append(binds, fmt.Sprintf("$%d", len(values)))
		}
		_, err := d.Exec(t.Context(), `INSERT INTO `+as(table)+` (`+strings.Join(columns, `, `)+`) VALUES (`+strings.Join(binds, `, `)+`)`, values...)
		if err != nil {
			t.Fatalf("a row of step %d in %s: %v", n, table, err)
		}
	}
}

func valueOf(t *testing.T, table string, f field, n int) any {
	t.Helper()
	text := fmt.Sprintf("%s.%s.%d", table, f.name, n)
	switch at := table + "." + f.name; {
	case f.name == "user_id":
		return fmt.Sprintf("users.id.%d", n)
	case at == "familiar.kind": // of which a step makes others
		return "client"
	case at == "familiar.value":
		return fmt.Sprintf("192.0.2.%d", n%256)
	}
	switch strings.ToLower(f.kind) {
	case "text":
		return text
	case "blob", "bytea":
		return []byte(text)
	case "integer", "bigint":
		return n
	case "boolean":
		return n%2 == 0
	case "timestamp", "timestamp with time zone":
		return time.Date(2026, 11, 25, 12, 0, 0, 1000*n, time.UTC)
	}
	t.Fatalf("%s.%s has the type %q, of which this test knows no value", table, f.name, f.kind)
	return nil
}

// rowsOf returns the rows of a table as texts of these columns.
func rowsOf(t *testing.T, d db.DB, table string, columns []field) []string {
	t.Helper()
	quoted := make([]string, len(columns))
	for i, f := range columns {
		quoted[i] = `quote(` + f.name + `)`
		if d.Dialect() == db.PostgreSQL {
			quoted[i] = `quote_nullable(` + f.name + `)`
		}
	}
	return names(t, d, `SELECT `+strings.Join(quoted, ` || ' ' || `)+` FROM `+table)
}
