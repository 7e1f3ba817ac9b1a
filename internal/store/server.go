package store

import (
	"context"
	"slices"
	"time"

	"latchkey/internal/db"
)

// Server is what a database server says of itself.
type Server struct {
	Version string
	Number  int       // of PostgreSQL: 150004 is 15.4; 0 of SQLite
	Clock   time.Time // of PostgreSQL; zero of SQLite, whose clock is this machine's
}

// Each database has words of its own for this.
const (
	serverPostgres = `/* Server */ SELECT current_setting('server_version'), CAST(current_setting('server_version_num') AS INTEGER), clock_timestamp()`
	serverSQLite   = `/* Server */ SELECT sqlite_version()`
)

// Server asks the database what it is.
func (s *Store) Server(ctx context.Context) (*Server, error) {
	var v Server
	if s.pool.Dialect() == db.SQLite {
		err := s.conn.QueryRow(ctx, serverSQLite).Scan(&v.Version)
		return &v, err
	}
	err := s.conn.QueryRow(ctx, serverPostgres).Scan(&v.Version, &v.Number, &v.Clock)
	return &v, err
}

// These ask whether the table of migrations is there.
const (
	hasStepsPostgres = `/* Steps, whether there are any */ SELECT to_regclass('goose_db_version') IS NOT NULL`
	hasStepsSQLite   = `/* Steps, whether there are any */ SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'goose_db_version')`
)

// Steps returns the numbers of the migrations that the database went through, in order;
// none for an empty database.
func (s *Store) Steps(ctx context.Context) ([]int64, error) {
	query := hasStepsSQLite
	if s.pool.Dialect() == db.PostgreSQL {
		query = hasStepsPostgres
	}
	steps := []int64{}
	var has bool
	if err := s.conn.QueryRow(ctx, query).Scan(&has); err != nil || !has {
		return steps, err
	}
	rows, err := s.conn.Query(ctx, `/* Steps */ SELECT version_id FROM goose_db_version WHERE is_applied AND version_id > 0 ORDER BY version_id`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var step int64
		if err := rows.Scan(&step); err != nil {
			return nil, err
		}
		steps = append(steps, step)
	}
	return steps, rows.Err()
}

// These ask for the columns of our tables, as table.column.
const (
	columnsPostgres = `/* Columns */ SELECT c.relname || '.' || a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
		WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND c.relname NOT LIKE 'goose%' AND a.attnum > 0 AND NOT a.attisdropped`
	columnsSQLite = `/* Columns */ SELECT m.name || '.' || p.name FROM sqlite_master m, pragma_table_info(m.name) p
		WHERE m.type = 'table' AND m.name NOT LIKE 'goose%' AND m.name NOT LIKE 'sqlite%'`
)

// Columns returns the columns of all tables but that of the migrations, as table.column,
// sorted.
func (s *Store) Columns(ctx context.Context) ([]string, error) {
	sql := columnsSQLite
	if s.pool.Dialect() == db.PostgreSQL {
		sql = columnsPostgres
	}
	list, err := query(ctx, s.conn, func(row db.Row) (*string, error) {
		var column string
		return &column, row.Scan(&column)
	}, sql)
	slices.Sort(list)
	return list, err
}

// Rights are those of the user who is logged in, in the schema where tables are
// made. Names are quoted as SQL has them.
type Rights struct {
	Role, Schema string
	Create       bool // may make tables
}

// Rights asks PostgreSQL what this user may do; in SQLite everybody may all.
func (s *Store) Rights(ctx context.Context) (*Rights, error) {
	r := Rights{Create: true}
	if s.pool.Dialect() == db.SQLite {
		return &r, nil
	}
	err := s.conn.QueryRow(ctx, `/* Rights */
		SELECT quote_ident(current_user), quote_ident(COALESCE(current_schema(), 'public')),
			current_schema() IS NOT NULL AND has_schema_privilege(current_schema(), 'CREATE')`).Scan(&r.Role, &r.Schema, &r.Create)
	return &r, err
}

// Missing is the statement by which an owner of the database lets this user make
// tables, or "" if they may.
func (r *Rights) Missing() string {
	if r.Create {
		return ""
	}
	return "have the owner of the database run: GRANT USAGE, CREATE ON SCHEMA " + r.Schema + " TO " + r.Role
}
