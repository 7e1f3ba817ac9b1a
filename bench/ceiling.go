package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"

	"github.com/jackc/pgx/v5"
	_ "modernc.org/sqlite"

	"latchkey/bench/bare"
)

// serve is what this program does when it starts itself as one of the servers
// that the product is measured against: hello, postgres or sqlite.
func serve(kind string) error {
	handler, err := ceiling(context.Background(), kind, os.Getenv("BENCH_DATABASE"))
	if err != nil {
		return err
	}
	return http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), handler)
}

func ceiling(ctx context.Context, kind, database string) (http.Handler, error) {
	var find bare.Lookup
	var err error
	switch kind {
	case "hello":
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello\n") }), nil
	case "postgres":
		find, err = bare.Postgres(ctx, database)
	case "sqlite":
		var db *sql.DB
		if db, err = openSQLite(database); err == nil {
			find, err = bare.SQLite(ctx, db)
		}
	default:
		err = fmt.Errorf("no server %q", kind)
	}
	return bare.Handler(find, []byte(os.Getenv("BENCH_SECRET"))), err
}

// openSQLite opens a file as the product does.
func openSQLite(path string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(2000)&_pragma=journal_mode(WAL)")
	if err == nil {
		conns := 2*runtime.NumCPU() + 2
		db.SetMaxOpenConns(conns)
		db.SetMaxIdleConns(conns)
	}
	return db, err
}

// fillPostgres gives a bare server's database the people whom it must find.
func fillPostgres(ctx context.Context, dbURL string, people []person) error {
	conn, err := pgx.Connect(ctx, dbURL)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	return fill(people, func(query string, args ...any) error {
		_, err := conn.Exec(ctx, query, args...)
		return err
	})
}

func fillSQLite(ctx context.Context, path string, people []person) error {
	db, err := openSQLite(path)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	return fill(people, func(query string, args ...any) error {
		_, err := db.ExecContext(ctx, query, args...)
		return err
	})
}

func fill(people []person, exec func(query string, args ...any) error) error {
	if err := exec(bare.Table); err != nil {
		return err
	}
	for _, p := range people {
		if err := exec(bare.Insert, p.ID, p.Username, p.Email); err != nil {
			return err
		}
	}
	return exec(`ANALYZE`)
}
