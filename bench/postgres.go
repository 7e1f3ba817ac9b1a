package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"net/url"
	"strings"

	_ "github.com/jackc/pgx/v5/stdlib"
)

// postgres is the server, as its superuser sees it.
type postgres struct {
	*sql.DB
	url  *url.URL
	made []string // databases
}

func openPostgres(ctx context.Context, rawURL string) (*postgres, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("pgx", rawURL)
	if err == nil {
		err = db.PingContext(ctx)
	}
	return &postgres{DB: db, url: u}, err
}

// create makes an empty database and returns its name and URL.
func (p *postgres) create(ctx context.Context) (name, dbURL string, err error) {
	name = "bench_" + strings.ToLower(rand.Text())
	if _, err = p.ExecContext(ctx, `CREATE DATABASE `+name+` TEMPLATE template0 STRATEGY FILE_COPY`); err != nil {
		return "", "", err
	}
	p.made = append(p.made, name)
	u := *p.url
	u.Path = "/" + name
	return name, u.String(), nil
}

// close drops what was made.
func (p *postgres) close() {
	for _, name := range p.made {
		_, _ = p.Exec(`DROP DATABASE ` + name + ` WITH (FORCE)`) // one left over harms nothing
	}
	_ = p.DB.Close()
}

// backends returns the ids of the processes that serve a database: on the same
// machine they can be measured.
func (p *postgres) backends(ctx context.Context, database string) ([]string, error) {
	var pids string
	err := p.QueryRowContext(ctx, `SELECT coalesce(string_agg(pid::text, ' '), '') FROM pg_stat_activity WHERE datname = $1`, database).Scan(&pids)
	return strings.Fields(pids), err
}
