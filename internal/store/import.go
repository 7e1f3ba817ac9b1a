package store

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"latchkey/internal/db"
)

// ImportBatch is how many users ImportUsers takes at most: they are one
// transaction, which has the time that a call has, and others wait for its locks.
const ImportBatch = 250

// ImportedUser is a user that comes from elsewhere.
type ImportedUser struct {
	User
	UsernameKey string
	IDGiven     bool // it comes from elsewhere, too
}

// Standing is what the database had to say to an imported user. The zero value
// is: nothing, they are new.
type Standing struct {
	Present       bool // there is a user with this address and this username, or with this address where the username was made
	IDTaken       bool // by a user with another address
	OtherID       bool // the user who is present has another id than the one given
	EmailTaken    bool // by a user with another username, or held for one
	UsernameTaken bool // by another user, or held for another address
}

// ImportUsers looks how each of list stands and, with write, inserts those who
// are new, in one transaction. A claim that somebody else won meanwhile comes
// back as taken. Ids, addresses and usernames are each unique in list.
func (s *Store) ImportUsers(ctx context.Context, list []ImportedUser, now time.Time, write bool) ([]Standing, error) {
	if len(list) > ImportBatch {
		return nil, fmt.Errorf("import: %d users at once, not up to %d", len(list), ImportBatch)
	}
	standings, err := s.standings(ctx, list, now)
	if err != nil || !write {
		return standings, err
	}
	var stmts []db.Stmt
	var added []int // indexes of list
	for i := range list {
		if standings[i] == (Standing{}) {
			stmts = append(stmts, list[i].insert(now)...)
			added = append(added, i)
		}
	}
	if len(added) == 0 {
		return standings, nil
	}
	counts, err := s.batch(ctx, stmts...)
	if err != nil {
		return nil, err
	}
	each := len(stmts) / len(added)
	for k, i := range added {
		standings[i].EmailTaken = counts[k*each] == 0
		standings[i].UsernameTaken = counts[k*each] > 0 && counts[k*each+1] == 0
	}
	return standings, nil
}

// insert is what CreateUser and CloseRegistrations do, as statements of a batch:
// the user, the username by the rule of ownUsername if the address is not held
// either, and, if it could not be had, the user away again. The counts of the first two tell how it went.
func (u *ImportedUser) insert(now time.Time) []db.Stmt {
	return []db.Stmt{
		{SQL: `/* ImportUsers, the user */
			INSERT INTO users (id, email, email_key, username, password_hash, role, security_version, created_at, updated_at, disabled_at, username_made)
			SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11
			WHERE TRUE
			ON CONFLICT DO NOTHING`,
			Args: []any{u.ID, u.Email, u.EmailKey, u.Username, u.PasswordHash, u.Role, u.SecurityVersion, u.CreatedAt, u.UpdatedAt, u.DisabledAt, u.UsernameMade}},
		{SQL: `/* ImportUsers, the username */
			INSERT INTO usernames (key, user_id) SELECT $1, u.id FROM users u
			WHERE u.id = $2 AND u.email_key = $3 AND NOT EXISTS (SELECT 1 FROM held_addresses WHERE email_key = u.email_key AND held_until > $4)
			ON CONFLICT (key) DO UPDATE SET user_id = excluded.user_id, holder = NULL, held_until = NULL
			WHERE usernames.user_id IS NULL AND (usernames.holder = $3 OR usernames.held_until <= $4)`,
			Args: []any{u.UsernameKey, u.ID, u.EmailKey, now}},
		{SQL: `/* ImportUsers, who got no username */ 
			DELETE FROM users WHERE id = $1 AND email_key = $2 AND NOT EXISTS (SELECT 1 FROM usernames WHERE user_id = $1)`, Args: []any{u.ID, u.EmailKey}},
		{SQL: `/* ImportUsers, what they registered */
			UPDATE registrations SET closed = TRUE
			WHERE email_key = $1 AND NOT closed AND EXISTS (SELECT 1 FROM users WHERE id = $2 AND email_key = $1)`,
			Args: []any{u.EmailKey, u.ID}},
	}
}

// $1 to $250: whatever the length of a list, its statement is one.
var importBinds = sync.OnceValue(func() string {
	binds := make([]string, ImportBatch)
	for i := range binds {
		binds[i] = fmt.Sprintf("$%d", i+1)
	}
	return strings.Join(binds, ", ")
})

// bind returns the values of a key for importBinds, the last one repeated.
func bind(list []ImportedUser, key func(*ImportedUser) string) []any {
	args := make([]any, ImportBatch)
	for i := range args {
		args[i] = key(&list[min(i, len(list)-1)])
	}
	return args
}

func (s *Store) standings(ctx context.Context, list []ImportedUser, now time.Time) ([]Standing, error) {
	standings := make([]Standing, len(list))
	if len(list) == 0 {
		return standings, nil
	}
	// Who has the address, by username; "" would be somebody who only holds it.
	owners, err := s.pairs(ctx, fmt.Sprintf(`/* ImportUsers, who has the addresses */
		SELECT email_key, '' FROM held_addresses WHERE held_until > $%d AND email_key IN (%[2]s)
		UNION ALL SELECT u.email_key, n.key FROM users u JOIN usernames n ON n.user_id = u.id WHERE u.email_key IN (%[2]s)`, ImportBatch+1, importBinds()),
		append(bind(list, func(u *ImportedUser) string { return u.EmailKey }), now)...)
	if err != nil {
		return nil, err
	}
	// What the username is: "" a user's, else the address that holds it.
	holders, err := s.pairs(ctx, fmt.Sprintf(`/* ImportUsers, who has the usernames */
		SELECT key, CASE WHEN user_id IS NULL THEN holder ELSE '' END FROM usernames
		WHERE (user_id IS NOT NULL OR held_until > $%d) AND key IN (%s)`, ImportBatch+1, importBinds()),
		append(bind(list, func(u *ImportedUser) string { return u.UsernameKey }), now)...)
	if err != nil {
		return nil, err
	}
	ids, err := s.pairs(ctx, fmt.Sprintf(`/* ImportUsers, who has the ids */
		SELECT id, email_key FROM users WHERE id IN (%s)`, importBinds()), bind(list, func(u *ImportedUser) string { return u.ID })...)
	if err != nil {
		return nil, err
	}
	for i, u := range list {
		owner, hasAddress := owners[u.EmailKey]
		holder, hasName := holders[u.UsernameKey]
		sameID := ids[u.ID] == u.EmailKey
		standings[i].IDTaken = ids[u.ID] != "" && !sameID
		switch {
		case hasAddress && (owner == u.UsernameKey || u.UsernameMade && owner != ""):
			standings[i].Present, standings[i].OtherID = true, u.IDGiven && !sameID
		default:
			standings[i].EmailTaken = hasAddress
			standings[i].UsernameTaken = hasName && holder != u.EmailKey
		}
	}
	return standings, nil
}

// pairs returns a query's two columns.
func (s *Store) pairs(ctx context.Context, query string, args ...any) (map[string]string, error) {
	rows, err := s.conn.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	m := map[string]string{}
	for rows.Next() {
		var k, v string
		if err := rows.Scan(&k, &v); err != nil {
			return nil, err
		}
		m[k] = v
	}
	return m, rows.Err()
}
