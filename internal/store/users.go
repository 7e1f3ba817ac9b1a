package store

import (
	"context"
	"errors"
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

// Users returns a page of the users that f leaves, the newest first: by one
// statement that takes the same however many there are or, with a search, by as
// many as it takes to look at all.
func (s *Store) Users(ctx context.Context, f UserFilter, p UserPage) ([]User, error) {
	list := []User{}
	look := func(from string, args []any) (more bool, err error) {
		some, err := s.users(ctx, `SELECT `+userColumns+` FROM `+from+p.order()+` LIMIT `+param(len(args)), append(args, p.Limit-len(list))...)
		list = append(list, some...)
		return len(list) < p.Limit, err
	}
	var err error
	if f.Search != "" {
		err = s.search(ctx, f, p, look)
	} else {
		where, args := p.where(f)
		_, err = look(`users u WHERE `+where, args)
	}
	if p.Last {
		slices.Reverse(list)
	}
	return list, err
}

// CountUsers counts the users that f leaves, by looking at all of them.
func (s *Store) CountUsers(ctx context.Context, f UserFilter) (n int, err error) {
	look := func(from string, args []any) (more bool, err error) {
		some := 0
		err = s.conn.QueryRow(ctx, `SELECT COUNT(*) FROM `+from, args...).Scan(&some)
		n += some
		return true, err
	}
	if f.Search != "" {
		err = s.search(ctx, f, UserPage{}, look)
	} else {
		where, args := UserPage{}.where(f)
		_, err = look(`users u WHERE `+where, args)
	}
	return n, err
}

// searchWindow is how many users one statement of a search looks at. That takes
// about 5 ms, and a statement may take 2.5 s, on a slow machine too: all of a large
// table may not.
const searchWindow = 5_000

// search has look look for f.Search in one window of the users of p after the
// other, until it wants no more. from is what it selects from, with args.
func (s *Store) search(ctx context.Context, f UserFilter, p UserPage, look func(from string, args []any) (more bool, err error)) error {
	pattern := "%" + literally.Replace(f.Search) + "%"
	for {
		if err := ctx.Err(); err != nil {
			return err // nobody waits for it any more
		}
		where, args := p.where(f)
		var end Place // the last of this window
		err := s.conn.QueryRow(ctx, `SELECT u.created_at, u.id FROM users u WHERE `+where+p.order()+` LIMIT 1 OFFSET `+param(len(args)),
			append(slices.Clone(args), searchWindow-1)...).Scan(&end.CreatedAt, &end.ID)
		all := errors.Is(err, ErrNotFound)
		if err != nil && !all {
			return err
		}
		if !all {
			sign := ` >= `
			if p.Last {
				sign = ` <= `
			}
			where += ` AND (u.created_at, u.id)` + sign + `(` + param(len(args)) + `, ` + param(len(args)+1) + `)`
			args = append(args, end.CreatedAt, end.ID)
		}
		like := ` LIKE ` + param(len(args)) + ` ESCAPE '!'`
		more, err := look(`users u WHERE `+where+` AND (u.email_key`+like+` OR LOWER(u.username)`+like+`)`, append(args, pattern))
		switch {
		case err != nil || !more || all:
			return err
		case p.Last:
			p.Before = &end
		default:
			p.After = &end
		}
	}
}

// literally has LIKE take each sign for itself.
var literally = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")

// where is the users of p that f leaves, but for its search, as a condition. Role
// and state are part of the text, so that the databases know which of the partial
// indexes serve.
func (p UserPage) where(f UserFilter) (sql string, args []any) {
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
	if p.After != nil {
		sql += ` AND (u.created_at, u.id) < (` + param(len(args)) + `, ` + param(len(args)+1) + `)`
		args = append(args, p.After.CreatedAt, p.After.ID)
	}
	if p.Before != nil {
		sql += ` AND (u.created_at, u.id) > (` + param(len(args)) + `, ` + param(len(args)+1) + `)`
		args = append(args, p.Before.CreatedAt, p.Before.ID)
	}
	return sql, args
}

func (p UserPage) order() string {
	if p.Last {
		return ` ORDER BY u.created_at, u.id`
	}
	return ` ORDER BY u.created_at DESC, u.id DESC`
}

// param is the parameter that comes behind n others.
func param(n int) string { return `$` + strconv.Itoa(n+1) }

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
		in[i] = param(len(args))
		args = append(args, id)
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
