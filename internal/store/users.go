package store

import (
	"context"
	"errors"
	"slices"
	"strings"
)

// UserFilter leaves some of all users. The zero value leaves all.
type UserFilter struct {
	Search   string // part of a username's or an address's key, in lower case
	Role     Role
	Disabled *bool
}

// inPage is the condition on the users of a page and a filter, but for the
// filter's search. $1 to $4 are the page's bounds. Role and state are part of the
// text, so that the databases know which of the partial indexes serve.
func (f UserFilter) inPage() string {
	sql := `(u.created_at, u.id) < ($1, $2) AND (u.created_at, u.id) > ($3, $4)`
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
	return sql
}

// Users returns a page of the users whom a filter leaves, the newest first. One
// statement does it, which takes the same however many users there are; with a
// search it takes as many as it needs to find a page, or to look at everybody.
func (s *Store) Users(ctx context.Context, f UserFilter, p Page) ([]User, error) {
	order := p.order(`u.created_at`, `u.id`)
	var list []User
	var err error
	if f.Search == "" {
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

// CountUsers counts the users whom a filter leaves, by looking at all of them.
func (s *Store) CountUsers(ctx context.Context, f UserFilter) (n int, err error) {
	if f.Search == "" {
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
		n += found
		if more, err := s.nextWindow(ctx, f, &w); err != nil || !more {
			return n, err
		}
	}
}

// searchWindow is how many users one statement of a search looks at. That takes
// about 5 ms, and a statement may take 2.5 s, on a slow machine too: all of a large
// table may not.
const searchWindow = 5_000

// searchUsers looks for a part of a name in one window of the page's users after
// the other, until it has found as many as the page may have.
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

// window is the users of a page as a table u, in which a search then looks. $5 is
// how many there are at most.
func (f UserFilter) window(w Page) string {
	return `(SELECT * FROM users u WHERE ` + f.inPage() + w.order(`u.created_at`, `u.id`) + ` LIMIT $5) AS u`
}

// matches is the condition on users in whose address or username the search's
// pattern, $6, is found.
func (UserFilter) matches() string {
	return `(u.email_key LIKE $6 ESCAPE '!' OR LOWER(u.username) LIKE $6 ESCAPE '!')`
}

// pattern is what LIKE compares with: the search anywhere in a text.
func (f UserFilter) pattern() string { return "%" + wildcards.Replace(f.Search) + "%" }

// wildcards puts an escape before the characters that mean something to LIKE.
var wildcards = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")

// nextWindow moves w behind its last user. It reports false if there was room for
// more users in w than there were: then everybody has been looked at.
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
