package migrations_test

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"latchkey/internal/db"
	"latchkey/internal/store"
	"latchkey/internal/testenv"
	"latchkey/migrations"
)

var update = flag.Bool("update", false, "write down new files and what they make")

// A file that was written down is never edited: databases went through it as it was.
func TestFilesStay(t *testing.T) {
	const sums = "SHA256SUMS"
	b, err := os.ReadFile(sums)
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("*/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		sum, file, _ := strings.Cut(strings.TrimSpace(line), "  ")
		if is := sha256Of(t, file); is != sum {
			t.Errorf("%s is not what it was: %s, want %s", file, is, sum)
		}
		files = slices.DeleteFunc(files, func(f string) bool { return f == file })
	}
	if len(files) > 0 && !*update {
		t.Errorf("not in %s, where -update puts them: %q", sums, files)
	}
	for _, file := range files {
		b = fmt.Appendf(b, "%s  %s\n", sha256Of(t, file), file)
	}
	if *update {
		write(t, sums, b)
	}
}

func sha256Of(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", sha256.Sum256(b))
}

func write(t *testing.T, file string, b []byte) {
	t.Helper()
	if err := os.WriteFile(file, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// The doctor knows the columns that the files make.
func TestColumns(t *testing.T) {
	testenv.Each(t, func(t *testing.T, d db.DB) {
		got, err := store.New(d).Columns(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if *update {
			write(t, "columns.txt", []byte(strings.Join(got, "\n")+"\n"))
		} else if want := migrations.Columns(); !slices.Equal(got, want) {
			t.Errorf("the files make\n%v\ncolumns.txt has\n%v", got, want)
		}
	})
}

// Both folders describe the same tables, columns and nullability.
func TestSchemasAgree(t *testing.T) {
	lite := columns(t, testenv.SQLite(t), `
		SELECT m.name, p.name, p."notnull" = 1 OR p.pk > 0
		FROM sqlite_master m, pragma_table_info(m.name) p
		WHERE m.type = 'table' AND m.name NOT LIKE 'goose%' AND m.name NOT LIKE 'sqlite%'`)
	postgres := columns(t, testenv.Postgres(t), `
		SELECT c.table_name::text, c.column_name::text, c.is_nullable = 'NO'
		FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
		WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' AND c.table_name NOT LIKE 'goose%'`)
	if len(lite) == 0 || !slices.Equal(lite, postgres) {
		t.Errorf("sqlite\n%v\npostgresql\n%v", lite, postgres)
	}
}

// And the same indexes, by name.
func TestIndexesAgree(t *testing.T) {
	lite := names(t, testenv.SQLite(t), `SELECT name FROM sqlite_master WHERE type = 'index' AND name NOT LIKE 'sqlite%'`)
	postgres := names(t, testenv.Postgres(t), `
		SELECT indexname::text FROM pg_indexes WHERE schemaname = 'public'
		AND indexname NOT LIKE '%pkey' AND indexname NOT LIKE '%_key' AND indexname NOT LIKE '%_bytes' AND indexname NOT LIKE 'goose%'
		UNION SELECT indexname::text FROM pg_indexes WHERE indexname IN ('registrations_email_key')`)
	if len(lite) == 0 || !slices.Equal(lite, postgres) {
		t.Errorf("sqlite\n%v\npostgresql\n%v", lite, postgres)
	}
}

func columns(t *testing.T, d db.DB, sql string) (list []string) {
	t.Helper()
	rows, err := d.Query(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var table, column string
		var notNull bool
		if err := rows.Scan(&table, &column, &notNull); err != nil {
			t.Fatal(err)
		}
		list = append(list, fmt.Sprintf("%s.%s not null %t\n", table, column, notNull))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(list)
	return list
}

func names(t *testing.T, d db.DB, sql string) (list []string) {
	t.Helper()
	rows, err := d.Query(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		list = append(list, name)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(list)
	return list
}

// While a roll-out lasts, replicas of the version before write and read what can be
// taken back by its old name.
func TestOldNameOfUndo(t *testing.T) {
	d, ctx := testenv.Postgres(t), t.Context()
	exec := func(sql string, args ...any) int64 {
		t.Helper()
		n, err := d.Exec(ctx, sql, args...)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	exec(`INSERT INTO users (id, email, email_key, username, password_hash, role, security_version, created_at, updated_at)
		VALUES ('u', 'ada@example.org', 'ada@example.org', 'ada', '', 'USER', 1, now(), now())`)
	for _, id := range []string{"a", "b"} {
		exec(`INSERT INTO events (id, user_id, seq, kind, email, email_key, username, device, at, expires_at)
			SELECT $1, $2, COALESCE(MAX(seq), 0) + 1, 'password_changed', 'ada@example.org', 'ada@example.org', 'ada', 'curl', now(), now() + interval '72 hours'
			FROM events WHERE user_id = $2`, id, "u")
	}
	var seq int
	if err := d.QueryRow(ctx, `SELECT seq FROM undo WHERE id = 'b'`).Scan(&seq); err != nil || seq != 2 {
		t.Errorf("the second: %d, %v, want 2", seq, err)
	}
	if n := exec(`DELETE FROM events WHERE user_id = $1 AND seq > $2`, "u", 1); n != 1 {
		t.Errorf("%d rows taken back, want 1", n)
	}
	if n := exec(`DELETE FROM undo WHERE id = $1 AND expires_at > now()`, "a"); n != 1 {
		t.Errorf("%d rows by the new name, want 1", n)
	}
}
