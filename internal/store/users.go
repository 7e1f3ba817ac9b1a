package store

import (
	"context"
	"errors"
	"slices"
	"strings"
)

// UserFilter says which users are asked for. The zero value asks for all.
type UserFilter struct {
	Search   string // of the username's or the address's key, in lower case; or "". FindUsers takes it for their beginning, Users for a part of them
	Role     Role   // or ""
	Disabled *bool  // or nil
	Invited  *bool  // whether they were invited and have not set a password; or nil

	SecondFactor *bool // whether a login by password asks for a second factor; or nil
	Everybody    bool  // for SecondFactor: everybody has to have one
	Admins       bool  // for SecondFactor: administrators have to
}

// looks reports whether the filter has what no index knows, so that users are looked at one
// by one.
func (f UserFilter) looks() bool { return f.Search != "" || f.SecondFactor != nil }

// inPage returns the condition that users are between a page's bounds, which are $1 to
// $4, and have the filter's role and state; what the filter looks for is not part of it. Role and state
// stand in the text, so that the databases see which of the partial indexes to use.
func (f UserFilter) inPage() string {
	return `(u.created_at, u.id) < ($1, $2) AND (u.created_at, u.id) > ($3, $4)` + f.state()
}

// state returns the condition that user u has the filter's role and state, behind others.
func (f UserFilter) state() (sql string) {
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
	if f.Invited != nil && *f.Invited {
		sql += ` AND u.invited_until IS NOT NULL`
	} else if f.Invited != nil {
		sql += ` AND u.invited_until IS NULL`
	}
	return sql
}

// Users returns a page of the users whom a filter asks for, the newest first. Unless the
// filter looks at users that is one statement, which takes as long however many users there
// are. If it does, it is as many as it takes to fill the page or to look at everybody.
func (s *Store) Users(ctx context.Context, f UserFilter, p Page) ([]User, error) {
	order := p.order(`u.created_at`, `u.id`)
	var list []User
	var err error
	if !f.looks() {
		list, err = query(ctx, s.conn, scanUser, `/* Users */
			SELECT `+userColumns+` FROM users u WHERE `+f.inPage()+order+` LIMIT $5`, append(p.bounds(), p.Limit)...)
	} else {
		list, err = s.searchUsers(ctx, f, p, order)
	}
	if p.Last {
		slices.Reverse(list)
	}
	return list, err
}

// CountUsers returns how many users a filter asks for, or, if it looks at users, at least
// most where there are more than that, unless most is 0.
func (s *Store) CountUsers(ctx context.Context, f UserFilter, most int) (n int, err error) {
	if !f.looks() {
		err = s.conn.QueryRow(ctx, `/* CountUsers */
			SELECT COUNT(*) FROM users u WHERE `+f.inPage(), Page{}.bounds()...).Scan(&n)
		return n, err
	}
	for w := (Page{Limit: searchWindow}); ; {
		var found int
		err := s.conn.QueryRow(ctx, `/* CountUsers of a search */
			SELECT COUNT(*) FROM `+f.window(w)+` WHERE `+f.matches(), append(w.bounds(), w.Limit, f.pattern())...).Scan(&found)
		if err != nil {
			return 0, err
		}
		if n += found; most > 0 && n >= most {
			return n, nil
		}
		if more, err := s.nextWindow(ctx, f, &w); err != nil || !more {
			return n, err
		}
	}
}

// searchWindow is how many users one statement of a search looks at. That takes about
// 5 ms. A statement may take 2.5 s, also on a slow machine, and a large table as a whole
// would take longer.
const searchWindow = 5_000

// searchUsers looks for users whose names match, in one window after the other of those
// who could be on the page, until the page is full.
func (s *Store) searchUsers(ctx context.Context, f UserFilter, p Page, order string) ([]User, error) {
	list := []User{}
	for w := (Page{After: p.After, Before: p.Before, Last: p.Last, Limit: searchWindow}); ; {
		found, err := query(ctx, s.conn, scanUser, `/* Users of a search */
			SELECT `+userColumns+` FROM `+f.window(w)+` WHERE `+f.matches()+order+` LIMIT $7`,
			append(w.bounds(), w.Limit, f.pattern(), p.Limit-len(list))...)
		if err != nil {
			return nil, err
		}
		list = append(list, found...)
		if len(list) == p.Limit {
			return list, nil
		}
		if more, err := s.nextWindow(ctx, f, &w); err != nil || !more {
			return list, err
		}
	}
}

// window returns a table u of the users in w, $5 at most, for a search to look in.
func (f UserFilter) window(w Page) string {
	return `(SELECT * FROM users u WHERE ` + f.inPage() + w.order(`u.created_at`, `u.id`) + ` LIMIT $5) AS u`
}

// matches returns the condition that a user is one whom the filter looks for: the address or
// the username matches the search's pattern, which is $6, and there is a second factor or
// there is none.
func (f UserFilter) matches() string {
	return `(u.email_key LIKE $6 ESCAPE '!' OR LOWER(u.username) LIKE $6 ESCAPE '!')` + f.factor()
}

// factor returns the condition that user u has a second factor or none, as the filter asks,
// behind others.
func (f UserFilter) factor() string {
	switch {
	case f.SecondFactor == nil:
		return ``
	case *f.SecondFactor:
		return ` AND ` + f.hasSecond()
	}
	return ` AND NOT ` + f.hasSecond()
}

// hasSecond returns the condition that a login of user u by password asks for a second
// factor, as auth's hasSecond says: they have an app, or a passkey that is asked for.
func (f UserFilter) hasSecond() string {
	asked := `u.wants_second_factor OR u.must_enrol`
	switch {
	case f.Everybody:
		asked = `TRUE`
	case f.Admins:
		asked += ` OR u.role = 'ADMIN'`
	}
	return `(EXISTS (SELECT 1 FROM totps WHERE user_id = u.id AND removed_seq IS NULL)
		OR (` + asked + `) AND EXISTS (SELECT 1 FROM passkeys WHERE user_id = u.id AND removed_seq IS NULL))`
}

// pattern returns the pattern of LIKE that finds the search anywhere in a text.
func (f UserFilter) pattern() string { return "%" + wildcards.Replace(f.Search) + "%" }

// wildcards escapes the characters that have a meaning to LIKE.
var wildcards = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")

// nextWindow moves w on to the users behind it. It reports whether there may be any:
// if w was not full, everybody has been looked at.
func (s *Store) nextWindow(ctx context.Context, f UserFilter, w *Page) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err // nobody waits for the answer any more
	}
	var end Place
	err := s.conn.QueryRow(ctx, `/* Users, the end of a search's window */
		SELECT u.created_at, u.id FROM users u WHERE `+f.inPage()+w.order(`u.created_at`, `u.id`)+` LIMIT 1 OFFSET $5`,
		append(w.bounds(), w.Limit-1)...).Scan(&end.At, &end.ID)
	switch {
	case errors.Is(err, ErrNotFound):
		return false, nil
	case err != nil:
		return false, err
	case w.Last:
		w.Before = &end
	default:
		w.After = &end
	}
	return true, nil
}
