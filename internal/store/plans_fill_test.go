package store_test

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"latchkey/internal/db"
)

// people is how many users a filled database has. What works on more rows than workBound
// of such a database works on more the more there are.
const people = 10_000

// filling are the rows of a database with people users, made of the numbers i. In them
// #i is a text that sorts as its number does, @i the time i seconds after noon, and ~i a
// value of bytes.
var filling = []rows{
	{people, `INSERT INTO users (id, email, email_key, username, password_hash, role, security_version, created_at, updated_at,
			last_login_at, disabled_at, pending_email, pending_email_key, pending_until)
		SELECT 'u' || #i, #i || '@example.org', #i || '@example.org', 'n' || #i, 'x', CASE WHEN i % 2000 = 0 THEN 'ADMIN' ELSE 'USER' END, 1, @-i, @-i,
			@-i, CASE WHEN i % 50 = 7 THEN @-i END, CASE WHEN i % 10 = 3 THEN 'p@example.org' END,
			CASE WHEN i % 10 = 3 THEN 'p' || #i || '@example.org' END, CASE WHEN i % 10 = 3 THEN @i END FROM numbers`},
	{people, `INSERT INTO usernames (key, user_id, look) SELECT 'n' || #i, 'u' || #i, 'n' || #i FROM numbers`},
	{people, `INSERT INTO usernames (key, holder, held_until, look) SELECT 'h' || #i, 'h' || #i || '@example.org', @i-2000, 'h' || #i FROM numbers`},
	{people, `INSERT INTO looks (look, last_at) SELECT 'n' || #i, @-i FROM numbers`},
	{people, `INSERT INTO registrations (id, email, email_key, username, username_key, password_hash, client, device, closed, created_at, expires_at)
		SELECT 'r' || #i, 'h', 'h' || #i || '@example.org', 'h', 'h' || #i, 'x', 'c' || #(i/3), 'd', i % 2 = 0, @-i, @i-2000 FROM numbers`},
	{people, `INSERT INTO registrars (client, last_at) SELECT 'c' || #i, @-i FROM numbers`},
	{3*people - 1, `INSERT INTO sessions (id, user_id, client_id, device_name, refresh_key, generation, rotations, created_at, last_used_at, expires_at, ends_at)
		SELECT 's' || #i, 'u' || #(i/3), 'c', 'd', ~i, 1, ~i, @-i, @-i, @i-2000, @i FROM numbers WHERE i > 2`},
	{3*people - 1, `INSERT INTO familiar (user_id, kind, value, last_seen_at)
		SELECT 'u' || #(i/3), CASE i % 3 WHEN 0 THEN 'client' WHEN 1 THEN 'device' ELSE 'network' END, 'c' || #(i/3), @-i FROM numbers WHERE i > 2`},
	{people, `INSERT INTO outbox (id, kind, dedupe, recipient_key, client, details, admitted, attempts, last_error, created_at, due_at, failed_at, line, place)
		SELECT 'm' || #i, 'password_reset', 'd' || #i, 'h' || #i || '@example.org', 'c' || #(i/3), '{}', i % 2 = 0, 1, CASE i % 4 WHEN 0 THEN 'x' ELSE '' END,
			@-i, @i-2000, CASE WHEN i % 3 = 0 THEN @-i END, 'l' || #(i/3), i FROM numbers`},
	{people, `INSERT INTO tokens (hash, payload, expires_at) SELECT ~i, ~i, @i-2000 FROM numbers`},
	{people, `INSERT INTO undo (id, user_id, seq, kind, email, email_key, username, device, at, expires_at)
		SELECT 'b' || #i, 'u' || #i, 1, 'email_changed', 'o', 'o' || #i || '@example.org', 'n', 'd', @-i, @i-2000 FROM numbers`},
	{people, `INSERT INTO held_addresses (email_key, user_id, held_until) SELECT 'o' || #i || '@example.org', 'u' || #i, @i-2000 FROM numbers`},
	{3 * people, `INSERT INTO security_events (id, at, kind, outcome, user_id, actor_kind, actor_id, way, details, count)
		SELECT 'e' || #i, @-i, CASE i % 3 WHEN 0 THEN 'LOGOUT' ELSE 'LOGIN' END, 'SUCCESS', CASE WHEN i % 100 <> 1 THEN 'u' || #(i/3) END,
			CASE i % 100 WHEN 1 THEN 'SHELL' ELSE 'USER' END, CASE i % 100 WHEN 1 THEN 'root@test' ELSE 'u' || #(i/3) END, 'API', '{}', 1 FROM numbers`},
	{people, `INSERT INTO reservations (hash, holder, held_until) SELECT ~i, ~i, @i-2000 FROM numbers`},
	{people, `INSERT INTO refusals (hash, expires_at) SELECT ~i, @i-2000 FROM numbers`},
	{people, `INSERT INTO used (hash, owner, expires_at) SELECT ~i, 's' || #i, @i-2000 FROM numbers`},
	{people, `INSERT INTO totps (id, user_id, name, secret, last_step, created_at, added_seq, removed_seq)
		SELECT 't' || #i, 'u' || #i, 'd', ~i, 1, @-i, i, CASE WHEN i % 10 = 3 THEN i END FROM numbers`},
	{people, `INSERT INTO passkeys (id, user_id, credential_id, public_key, rp_id, aaguid, transports, counter, backup_eligible, backed_up, name, created_at, added_seq, removed_seq)
		SELECT 'p' || #i, 'u' || #i, ~i, ~i, 'example.org', ~i, '', 0, TRUE, TRUE, 'd', @-i, i, CASE WHEN i % 10 = 3 THEN i END FROM numbers`},
	{people, `INSERT INTO recovery_codes (user_id, hash, created_at, added_seq, removed_seq)
		SELECT 'u' || #i, ~i, @-i, i, CASE WHEN i % 10 = 3 THEN i END FROM numbers`},
	{people, `INSERT INTO factor_tries (user_id, kind, known, hour, hour_count, day, day_count) SELECT 'u' || #i, 'TOTP', FALSE, @-i, 1, @-i, 1 FROM numbers`},
	{people, `INSERT INTO trusted_devices (id, user_id, hash, name, security_version, created_at, last_used_at, expires_at)
		SELECT 'd' || #i, 'u' || #i, ~i, 'd', 1, @-i, @-i, @i-2000 FROM numbers`},
	{400, `INSERT INTO days (day, kind, n) SELECT 'd' || #i, 'LOGINS', 1 FROM numbers`},
	{400, `INSERT INTO inbox (id, recipient_key, sealed, created_at) SELECT 'm' || #i, 'h' || #i || '@example.org', ~i, @-i FROM numbers`},
	{3, `INSERT INTO signing_keys (number, id, private, created_at, signs_at) SELECT i, 'k' || #i, ~i, @-i, @i FROM numbers`},
}

// rows are those of a table.
type rows struct {
	n   int
	sql string
}

func (r rows) table() string { return strings.Fields(r.sql)[2] }

// chunk is how many rows one statement writes: it must end within the time of a call.
const chunk = 1_000

// sign is one of filling's signs and what it is of.
var sign = regexp.MustCompile(`([#@~])(-?i(?:-\d+)?|\(i/3\))`)

// fill fills a database.
func fill(t *testing.T, d db.DB) {
	t.Helper()
	for _, f := range filling {
		sql := sign.ReplaceAllStringFunc(f.sql, func(s string) string {
			text, start, second := `CAST(100000000 + (`+s[1:]+`) AS TEXT)`, fmt.Sprint(noon.UnixMicro()), `1000000`
			if d.Dialect() == db.PostgreSQL {
				start, second = `TIMESTAMPTZ '`+noon.Format(time.RFC3339)+`'`, `INTERVAL '1 second'`
			}
			switch {
			case s[0] == '#':
				return text
			case s[0] == '@':
				return start + ` + (` + s[1:] + `) * ` + second
			case d.Dialect() == db.PostgreSQL:
				return `CAST(` + text + ` AS BYTEA)`
			default:
				return `CAST(` + text + ` AS BLOB)`
			}
		})
		for from := 1; from <= f.n; from += chunk {
			numbers := fmt.Sprintf(`WITH RECURSIVE numbers(i) AS (SELECT %d UNION ALL SELECT i + 1 FROM numbers WHERE i < %d) SELECT`, from, min(from+chunk-1, f.n))
			for tries := 1; ; tries++ { // the machine may be busy
				_, err := d.Exec(t.Context(), strings.Replace(sql, `SELECT`, numbers, 1))
				if err == nil {
					break
				}
				if !errors.Is(err, db.ErrUnavailable) || tries == 5 {
					t.Fatalf("%s: %v", f.table(), err)
				}
			}
		}
		if d.Dialect() == db.PostgreSQL { // as autovacuum does; nobody does it for SQLite
			_, err := d.Exec(t.Context(), `ANALYZE `+f.table())
			must(t, err)
		}
	}
}
