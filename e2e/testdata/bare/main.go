// Command bare is the least that a server with a database does before it is ready: what the
// service's own start is compared with.
package main

import (
	"context"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"latchkey/internal/db"
)

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

// run serves on HOST and PORT, as soon as the database DATABASE_URL or the file
// DATABASE_FILE answers.
func run() (err error) {
	var d db.DB
	if url := os.Getenv("DATABASE_URL"); url != "" {
		d, err = db.OpenPostgres(context.Background(), url)
	} else {
		d, err = db.OpenSQLite(os.Getenv("DATABASE_FILE"))
	}
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Ping(context.Background()); err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /readyz", func(http.ResponseWriter, *http.Request) {})
	srv := &http.Server{Addr: net.JoinHostPort(os.Getenv("HOST"), os.Getenv("PORT")), Handler: mux, ReadHeaderTimeout: time.Second}
	return srv.ListenAndServe()
}
