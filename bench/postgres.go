package main

import (
	"context"
	"crypto/rand"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5"
)

// postgres is the server, by a connection of its superuser.
type postgres struct {
	url  *url.URL
	conn *pgx.Conn
	made []string // databases
}

func openPostgres(ctx context.Context, rawURL string) (*postgres, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, err
	}
	conn, err := pgx.Connect(ctx, rawURL)
	return &postgres{url: u, conn: conn}, err
}

// create makes an empty database and returns its name and URL.
func (p *postgres) create(ctx context.Context) (name, dbURL string, err error) {
	name = "bench_" + strings.ToLower(rand.Text())
	_, err = p.conn.Exec(ctx, `CREATE DATABASE `+name+` TEMPLATE template0 STRATEGY FILE_COPY`)
	if err != nil {
		return "", "", err
	}
	p.made = append(p.made, name)
	u := *p.url
	u.Path = "/" + name
	return name, u.String(), nil
}

// close drops what was made.
func (p *postgres) close(ctx context.Context) {
	for _, name := range p.made {
		_, _ = p.conn.Exec(ctx, `DROP DATABASE `+name+` WITH (FORCE)`) // a database left over harms nothing
	}
	_ = p.conn.Close(ctx)
}

// backends returns the ids of the processes that serve a database.
func (p *postgres) backends(ctx context.Context, database string) ([]int, error) {
	rows, err := p.conn.Query(ctx, `SELECT pid FROM pg_stat_activity WHERE datname = $1`, database)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int])
}

// setting returns what SHOW says.
func (p *postgres) setting(ctx context.Context, name string) (value string, err error) {
	err = p.conn.QueryRow(ctx, `SELECT current_setting($1)`, name).Scan(&value)
	return value, err
}

// hashOf returns the password hash of some user of the product.
func hashOf(ctx context.Context, dbURL string) (phc string, err error) {
	conn, err := pgx.Connect(ctx, dbURL)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close(ctx) }()
	err = conn.QueryRow(ctx, `SELECT password_hash FROM users LIMIT 1`).Scan(&phc)
	return phc, err
}
