// Package bare is the least that a GraphQL server could do for a `me`: the
// ceiling that Latchkey is measured against. It knows one field, verifies the
// token with HS256, and finds the user with one SELECT by primary key.
package bare

//go:generate go tool gqlgen generate

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"strings"

	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/99designs/gqlgen/graphql/handler/transport"
	"github.com/golang-jwt/jwt/v5"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/vektah/gqlparser/v2/ast"

	"latchkey/bench/bare/gen"
)

// The table that a bare server reads, on both databases, and how to fill it: with a
// person, and with a thousand others to make a list of.
const (
	Table  = `CREATE TABLE users (id TEXT PRIMARY KEY, username TEXT NOT NULL, email TEXT NOT NULL)`
	Insert = `INSERT INTO users (id, username, email) VALUES ($1, $2, $3)`
	Others = `WITH RECURSIVE n (i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 1999)
		INSERT INTO users (id, username, email) SELECT 'ffffffff-0000-7000-8000-00000000' || i, 'crowd0000' || i, 'crowd0000' || i || '@example.org' FROM n`
)

const (
	byID = `SELECT id, username, email FROM users WHERE id = $1`
	page = `SELECT id, username, email FROM users ORDER BY id DESC LIMIT $1`
)

// Lookup finds a user by id.
type Lookup func(ctx context.Context, id string) (*gen.User, error)

// List returns the users with the last n ids.
type List func(ctx context.Context, n int) ([]gen.User, error)

// Postgres looks users up through a pool of pgx's default size. pgx prepares
// the statements once a connection.
func Postgres(ctx context.Context, url string) (Lookup, List, error) {
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		return nil, nil, err
	}
	find := func(ctx context.Context, id string) (*gen.User, error) {
		var u gen.User
		return &u, pool.QueryRow(ctx, byID, id).Scan(&u.ID, &u.Username, &u.Email)
	}
	list := func(ctx context.Context, n int) ([]gen.User, error) {
		rows, err := pool.Query(ctx, page, n)
		if err != nil {
			return nil, err
		}
		return pgx.CollectRows(rows, func(row pgx.CollectableRow) (u gen.User, err error) {
			return u, row.Scan(&u.ID, &u.Username, &u.Email)
		})
	}
	return find, list, nil
}

// SQLite looks users up in a database opened with modernc.org/sqlite, by a
// statement prepared once a connection, as pgx does.
func SQLite(ctx context.Context, db *sql.DB) (Lookup, error) {
	stmt, err := db.PrepareContext(ctx, byID)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, id string) (*gen.User, error) {
		var u gen.User
		return &u, stmt.QueryRowContext(ctx, id).Scan(&u.ID, &u.Username, &u.Email)
	}, nil
}

type viewerKey struct{}

type resolver struct {
	find Lookup
	list List // nil without PostgreSQL
}

func (r *resolver) Query() gen.QueryResolver { return r }

// Me implements gen.QueryResolver.
func (r *resolver) Me(ctx context.Context) (*gen.User, error) {
	id, ok := ctx.Value(viewerKey{}).(string)
	if !ok {
		return nil, errors.New("no valid token")
	}
	return r.find(ctx, id)
}

// Users implements gen.QueryResolver. It knows no cursor: one page is as good as another.
func (r *resolver) Users(ctx context.Context, first int, _ *string) (*gen.UserConnection, error) {
	nodes, err := r.list(ctx, first)
	return &gen.UserConnection{Nodes: nodes}, err
}

// Handler serves /graphql, with gqlgen's own transport and its cache of parsed
// queries. Tokens are verified with secret, their times too.
func Handler(find Lookup, list List, secret []byte) http.Handler {
	api := handler.New(gen.NewExecutableSchema(gen.Config{Resolvers: &resolver{find, list}}))
	api.AddTransport(transport.POST{})
	api.SetQueryCache(lru.New[*ast.QueryDocument](100))
	key := func(*jwt.Token) (any, error) { return secret, nil }
	parser := jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}))

	mux := http.NewServeMux()
	mux.HandleFunc("/graphql", func(w http.ResponseWriter, r *http.Request) {
		token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		var claims jwt.RegisteredClaims
		if _, err := parser.ParseWithClaims(token, &claims, key); err == nil {
			r = r.WithContext(context.WithValue(r.Context(), viewerKey{}, claims.Subject))
		}
		api.ServeHTTP(w, r)
	})
	mux.HandleFunc("/readyz", func(http.ResponseWriter, *http.Request) {})
	return mux
}
