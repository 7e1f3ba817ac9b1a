package migrations_test

import (
	"fmt"
	"slices"
	"testing"

	"latchkey/internal/db"
	"latchkey/internal/testenv"
)

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
		AND indexname NOT LIKE '%pkey' AND indexname NOT LIKE '%_key' AND indexname NOT LIKE 'goose%'
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
