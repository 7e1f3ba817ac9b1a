package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"

	_ "modernc.org/sqlite"

	"latchkey/bench/bare"
)

// serve is what this program does when it starts itself as one of the servers
// that the product is measured against: hello, pgx or sqlite, the latter two
// named after the driver.
func serve(kind, database string) error {
	var find bare.Lookup
	var list bare.List
	var err error
	handler := http.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello\n") }))
	switch kind {
	case "hello":
	case "pgx":
		find, list, err = bare.Postgres(context.Background(), database)
	case "sqlite":
		var db *sql.DB
		if db, err = sql.Open(kind, database); err != nil {
			return err
		}
		conns := 2*runtime.NumCPU() + 2 // as the product
		db.SetMaxOpenConns(conns)
		db.SetMaxIdleConns(conns)
		find, err = bare.SQLite(context.Background(), db)
	default:
		err = fmt.Errorf("no server %q", kind)
	}
	if err != nil {
		return err
	}
	if find != nil {
		handler = bare.Handler(find, list, []byte(os.Getenv("BENCH_SECRET")))
	}
	//lint:ignore G114 a bare server for the bench alone, on this machine
	return http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), handler)
}

// ceiling starts this program anew, to serve.
func (b *bench) ceiling(ctx context.Context, kind, database string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	env := []string{"BENCH_SERVE=" + kind, "BENCH_DATABASE=" + database, "BENCH_SECRET=" + b.secret}
	return start(ctx, b.dir, "bare-"+kind, self, env)
}

// fill gives a bare server's database the people whom it must find.
func fill(ctx context.Context, driver, database string, people []person) error {
	db, err := sql.Open(driver, database)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(ctx, bare.Table); err != nil {
		return err
	}
	for _, p := range people {
		if _, err := db.ExecContext(ctx, bare.Insert, p.ID, p.Username, p.Email); err != nil {
			return err
		}
	}
	for _, sql := range []string{bare.Others, `ANALYZE`} {
		if _, err := db.ExecContext(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

// hashCostOf returns the cost of the product's hashes, as its database has them.
func hashCostOf(ctx context.Context, dbURL string) (hashCost, error) {
	db, err := sql.Open("pgx", dbURL)
	if err != nil {
		return hashCost{}, err
	}
	defer func() { _ = db.Close() }()
	var phc string
	if err := db.QueryRowContext(ctx, `SELECT password_hash FROM users LIMIT 1`).Scan(&phc); err != nil {
		return hashCost{}, err
	}
	return parseCost(phc)
}
