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
