package store

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"
)

// UserFilter leaves some of all users. The zero value leaves all.
type UserFilter struct {
	Search   string // part of a username's or an address's key, in lower case
	Role     Role
	Disabled *bool
}

// Place is where a user stands in the list of all: the newest first, and of one
// moment by id. Nobody needs to stand there (any more).
type Place struct {
	CreatedAt time.Time
	ID        string
}

// UserPage is a part of the list of users.
type UserPage struct {
	After, Before *Place // only users between these, or nil
	Last          bool   // the last of them instead of the first
	Limit         int    // how many at most
}

// Users returns a page of the users that f leaves, the newest first.
func (s *Store) Users(ctx context.Context, f UserFilter, p UserPage) ([]User, error) {
	where, args := f.where()
	for _, side := range []struct {
		place *Place
		sign  string
	}{{p.After, "<"}, {p.Before, ">"}} {
		if side.place != nil {
			where += ` AND (u.created_at, u.id) ` + side.sign + ` ($` + strconv.Itoa(len(args)+1) + `, $` + strconv.Itoa(len(args)+2) + `)`
			args = append(args, side.place.CreatedAt, side.place.ID)
		}
	}
	order := `ORDER BY u.created_at DESC, u.id DESC`
	if p.Last {
		order = `ORDER BY u.created_at, u.id`
	}
	args = append(args, p.Limit)
	list, err := s.users(ctx, `SELECT `+userColumns+` FROM users u WHERE `+where+` `+order+` LIMIT $`+strconv.Itoa(len(args)), args...)
	if p.Last {
		slices.Reverse(list)
	}
	return list, err
}

// CountUsers counts the users that f leaves, by looking at all of them.
func (s *Store) CountUsers(ctx context.Context, f UserFilter) (n int, err error) {
	where, args := f.where()
	err = s.conn.QueryRow(ctx, `SELECT COUNT(*) FROM users u WHERE `+where, args...).Scan(&n)
	return n, err
}

// where is f as a condition. Role and state are part of the text, so that the
// databases know which of the partial indexes serve.
func (f UserFilter) where() (sql string, args []any) {
	sql = `TRUE`
	switch f.Role {
	case RoleUser:
		sql += ` AND u.role = 'USER'`
	case RoleAdmin:
		sql += ` AND u.role = 'ADMIN'`
	}
	if f.Disabled != nil && *f.Disabled {
		sql += ` AND u.disabled_at IS NOT NULL`
	} else if f.Disabled != nil {
		sql += ` AND u.disabled_at IS NULL`
	}
	if f.Search != "" {
		sql += ` AND (u.email_key LIKE $1 ESCAPE '!' OR LOWER(u.username) LIKE $1 ESCAPE '!')`
		args = append(args, "%"+literally.Replace(f.Search)+"%")
	}
	return sql, args
}

// literally has LIKE take each sign for itself.
var literally = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")

func (s *Store) users(ctx context.Context, sql string, args ...any) ([]User, error) {
	rows, err := s.conn.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	list := []User{}
	for rows.Next() {
		u, err := scanUser(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, *u)
	}
	return list, rows.Err()
}

// UserByAny returns the user with an id, an address's key or a username's key,
// or ErrNotFound. None of them can be taken for another.
func (s *Store) UserByAny(ctx context.Context, id, emailKey, usernameKey string) (*User, error) {
	return scanUser(s.conn.QueryRow(ctx, `
		SELECT `+userColumns+` FROM users u
		WHERE u.id = $1 OR u.email_key = $2 OR u.id = (SELECT user_id FROM usernames WHERE key = $3)`, id, emailKey, usernameKey))
}

// SessionsOf returns the live sessions of several users by their ids, of each
// the most recently used first. Who has none is not in the answer.
func (s *Store) SessionsOf(ctx context.Context, userIDs []string, now time.Time) (map[string][]Session, error) {
	all := make(map[string][]Session, len(userIDs))
	if len(userIDs) == 0 {
		return all, nil
	}
	args, in := []any{now}, make([]string, len(userIDs))
	for i, id := range userIDs {
		args = append(args, id)
		in[i] = `$` + strconv.Itoa(i+2)
	}
	rows, err := s.conn.Query(ctx, `
		SELECT `+sessionColumns+` FROM sessions s WHERE s.expires_at > $1 AND s.user_id IN (`+strings.Join(in, `, `)+`)
		ORDER BY s.last_used_at DESC, s.id DESC`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var v Session
		if err := rows.Scan(v.dest()...); err != nil {
			return nil, err
		}
		all[v.UserID] = append(all[v.UserID], *v.scanned())
	}
	return all, rows.Err()
}
