package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// crowd is a product on PostgreSQL whose database has many users, with three sessions
// each.
type crowd struct {
	size      int
	product   *process
	database  string
	pages     []request // of users: the first 50
	deepPages []request // the 50 behind the middle of the list
	me        []request // by sessions from all over the table
	logins    []request // of users from all over the table
	chains    []worker
}

// How many of a crowd's sessions ask `me`, the same number whatever its size.
const askers = 300

// A user of a crowd has its number in all that it is known by. A session has the number
// of its user, and that number plus once or twice the crowd's size.
const (
	crowdUser    = "01900000-0000-7000-8000-%012x"
	crowdSession = "01900000-0000-7000-9000-%012x"
	crowdName    = "crowd%08d"
)

func crowdPerson(i int) person {
	name := fmt.Sprintf(crowdName, i)
	return person{ID: fmt.Sprintf(crowdUser, i), Username: name, Email: name + "@example.org"}
}

// What fills a product's database, $1 is how many users. They have the password of the
// one who is there. Nothing is checked meanwhile, and indexes are made afterwards.
var crowdSQL = []string{
	`INSERT INTO users (id, email, email_key, username, password_hash, role, security_version, created_at, updated_at)
		SELECT '01900000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'), n || '@example.org', n || '@example.org', n, u.password_hash, 'USER', 1, t, t
		FROM (SELECT password_hash FROM users LIMIT 1) u, generate_series(1, $1::int) i,
		LATERAL (SELECT 'crowd' || lpad(i::text, 8, '0') AS n, timestamptz '2024-01-01' + i * interval '1 second' AS t) x`,
	`INSERT INTO usernames (key, user_id, look)
		SELECT username, id, replace(replace(replace(username, 'i', 'l'), '1', 'l'), '0', 'o') FROM users WHERE username LIKE 'crowd%' AND $1::int > 0`,
	`INSERT INTO sessions (id, user_id, client_id, device_name, user_agent, ip_address, refresh_key, generation, rotations, created_at, last_used_at, expires_at, ends_at)
		SELECT '01900000-0000-7000-9000-' || lpad(to_hex(i), 12, '0'), '01900000-0000-7000-8000-' || lpad(to_hex((i - 1) % $1::int + 1), 12, '0'),
		s.client_id, s.device_name, s.user_agent, s.ip_address, sha256(i::text::bytea), 1, s.rotations, s.created_at, s.last_used_at, s.expires_at, s.ends_at
		FROM (SELECT * FROM sessions LIMIT 1) s, generate_series(1, 3 * $1::int) i`,
}

// fillCrowd fills the database of a product in which one user has one session.
func (b *bench) fillCrowd(ctx context.Context, url string, size int) (err error) {
	p, err := openPostgres(ctx, url)
	if err != nil {
		return err
	}
	defer func() { _ = p.Close() }()
	p.SetMaxOpenConns(1) // what is set stays set
	const tables = `('users', 'usernames', 'sessions')`
	var drop, create string
	err = p.QueryRowContext(ctx, `SELECT string_agg('DROP INDEX ' || indexname, ';'), string_agg(indexdef, ';') FROM pg_indexes
		WHERE tablename IN `+tables+` AND indexname NOT IN (SELECT conname FROM pg_constraint)`).Scan(&drop, &create)
	if err != nil {
		return err
	}
	run := func(sql string, args ...any) {
		if err == nil {
			_, err = p.ExecContext(ctx, sql, args...)
		}
	}
	run(`SET session_replication_role = replica`) // no foreign key is looked up
	run(`SET maintenance_work_mem = '256MB'`)
	for _, sql := range strings.Split(drop, ";") {
		run(sql)
	}
	for _, sql := range crowdSQL {
		run(sql, size)
	}
	for _, sql := range strings.Split(create, ";") {
		run(sql)
	}
	for _, table := range []string{"users", "usernames", "sessions"} {
		run(`VACUUM ANALYZE ` + table) // or it would begin by itself in the middle of a load
	}
	run(`CHECKPOINT`)
	return err
}

// gather starts a product, fills its database and prepares what is asked of it.
func (b *bench) gather(ctx context.Context, size int) (*crowd, error) {
	c := &crowd{size: size}
	name := fmt.Sprintf("crowd-%d", size)
	database, url, err := b.pg.create(ctx)
	if err != nil {
		return nil, err
	}
	c.database = database
	env := settings(b.secret, b.dir, url, b.redis)
	if c.product, err = start(ctx, b.dir, name, b.program, env); err != nil {
		return nil, err
	}
	b.crowds = append(b.crowds, c)
	admin, err := createUser(ctx, b.program, env, "boss", "--admin")
	if err != nil {
		return nil, err
	}
	signedIn, err := openSessions(c.product.addr, []person{admin}, 1)
	if err != nil {
		return nil, c.product.explain(err)
	}
	if err := b.fillCrowd(ctx, url, size); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	access := signedIn[0].AccessToken
	c.pages = []request{usersRequest(access, "")}
	c.deepPages = []request{usersRequest(access, crowdCursor(size/2+50))}
	for i := range askers {
		n := 1 + i*size/askers%size
		p := crowdPerson(n)
		token, err := forge(b.secret, access, p, fmt.Sprintf(crowdSession, n+i%3*size))
		if err != nil {
			return nil, err
		}
		c.me = append(c.me, meRequest(session{person: p, AccessToken: token}))
	}
	people := make([]person, visitors+devices)
	for i := range people {
		people[i] = crowdPerson(1 + (2*i+1)*size/(2*len(people)))
	}
	for i := range 1024 {
		c.logins = append(c.logins, loginRequest(people[i%visitors], i))
	}
	sessions, err := openSessions(c.product.addr, people[visitors:], devices)
	if err != nil {
		return nil, c.product.explain(err)
	}
	for _, v := range sessions {
		c.chains = append(c.chains, refreshChain(v))
	}
	return c, nil
}

// forge returns the access token of another user's session than the one that a token is of.
func forge(secret, token string, p person, session string) (string, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return "", errors.New("not a JWT")
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return "", err
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		return "", err
	}
	claims["sub"], claims["sid"], claims["email"], claims["role"] = p.ID, session, p.Email, "USER"
	for _, name := range []string{"iat", "exp"} { // not 1.8e9
		if seconds, ok := claims[name].(float64); ok {
			claims[name] = int64(seconds)
		}
	}
	if payload, err = json.Marshal(claims); err != nil {
		return "", err
	}
	signed := parts[0] + "." + base64.RawURLEncoding.EncodeToString(payload)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(signed))
	return signed + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil)), nil
}

// usersRequest asks for 50 users behind a cursor, or for the first.
func usersRequest(access, after string) request {
	check := func(body []byte) error {
		if n := strings.Count(string(body), `"id":"`); n != 50 {
			return fmt.Errorf("users answered %d, want 50: %.300s", n, body)
		}
		return nil
	}
	body := fmt.Sprintf(`{"query":"query ($after: String) { users(first: 50, after: $after) { nodes { id username email } } }","variables":{"after":%q}}`, after)
	if after == "" {
		body = strings.Replace(body, `""`, `null`, 1)
	}
	return request{post(body, "Authorization: Bearer "+access+"\r\n"), check}
}

// usersConns is how many ask for pages at once.
const usersConns = 8

// pages measures the first page and a deep one in each crowd, beside a bare SELECT of as
// many rows.
func (b *bench) pages(ctx context.Context) error {
	s := b.sides[0]
	bare := []request{usersRequest("", "")}
	for _, c := range b.crowds {
		name := fmt.Sprintf("users %d", c.size)
		if err := b.load(ctx, "bare beside "+name, s.bare, s.bareDB, spread(usersConns, bare)); err != nil {
			return err
		}
		if err := b.load(ctx, name, c.product, c.database, spread(usersConns, c.pages)); err != nil {
			return err
		}
		if err := b.load(ctx, "deep "+name, c.product, c.database, spread(usersConns, c.deepPages)); err != nil {
			return err
		}
	}
	return nil
}

// crowdCursor is the place behind a crowd's user, as the product writes it.
func crowdCursor(i int) string {
	const begin = 1704067200 // 2024-01-01
	text := fmt.Sprintf("1 %d "+crowdUser, int64(begin+i)*1e6, i)
	return base64.RawURLEncoding.EncodeToString([]byte(text))
}
