package store

import (
	"context"
	"errors"
	"slices"
	"strings"

	"latchkey/internal/db"
)

// A NamePlace is a place in the list that a search for a beginning makes. No user need be
// there, or be there any more.
type NamePlace struct {
	Address bool   // among those whose address alone begins so, behind all others
	Key     string // the key of the username, or of the address
}

// A NamePage is a part of that list.
type NamePage struct {
	After, Before *NamePlace // only users between these places; nil is the end of the list
	Last          bool       // the last of those instead of the first
	Limit         int        // how many at most
}

// PlaceOf returns the place of a user whom a search for f's beginning found.
func (f UserFilter) PlaceOf(u *User) NamePlace {
	if key := strings.ToLower(u.Username); strings.HasPrefix(key, f.Search) {
		return NamePlace{Key: key}
	}
	return NamePlace{Address: true, Key: u.EmailKey}
}

// FindUsers returns a page of the users whom a filter asks for and whose username or address
// begins with the filter's search: by username, and behind them, by address, those of whom
// only that begins so. What is equal to the search comes first of its kind. It takes as long
// however many users there are, unless it passes over many: users whom the filter leaves
// out, and those whose username was enough.
func (s *Store) FindUsers(ctx context.Context, f UserFilter, p NamePage) ([]User, error) {
	list := []User{}
	for _, w := range s.stretches(f, p) {
		for more := true; more && len(list) < p.Limit; {
			found, err := query(ctx, s.conn, scanUser, `/* FindUsers */
				SELECT `+userColumns+` FROM `+w.window()+` JOIN users u ON u.id = n.id WHERE `+w.only()+w.order(`n.place`)+` LIMIT $6`,
				append(w.bounds(), w.size, p.Limit-len(list))...)
			if err != nil {
				return nil, err
			}
			if list = append(list, found...); len(list) == p.Limit {
				break
			}
			if more, err = s.nextNames(ctx, w); err != nil {
				return nil, err
			}
		}
	}
	if p.Last {
		slices.Reverse(list)
	}
	return list, nil
}

// CountFound returns how many users FindUsers finds on all pages, but most at most.
func (s *Store) CountFound(ctx context.Context, f UserFilter, most int) (n int, err error) {
	for _, w := range s.stretches(f, NamePage{}) {
		for more := true; more; {
			var found int
			err := s.conn.QueryRow(ctx, `/* CountFound */
				SELECT COUNT(*) FROM (SELECT 1 FROM `+w.window()+` JOIN users u ON u.id = n.id WHERE `+w.only()+` LIMIT $6) AS c`,
				append(w.bounds(), w.size, most-n)...).Scan(&found)
			if err != nil {
				return 0, err
			}
			if n += found; n == most {
				return n, nil
			}
			if more, err = s.nextNames(ctx, w); err != nil {
				return 0, err
			}
		}
	}
	return n, nil
}

// stretch is what a search goes through of one of its two indexes.
type stretch struct {
	UserFilter
	address       bool   // of addresses, not of usernames
	bytes         string // has PostgreSQL compare byte by byte
	after, before string // only keys between these
	last          bool   // from the end
	size          int    // of the next window: how many keys one statement looks at
}

// beyond is behind every character of a key: keys are ASCII.
const beyond = "\x7f"

// firstWindow is how many keys the first statement looks at: a page's, and some whom the
// filter leaves out. searchWindow follows where that was not enough.
const firstWindow = 250

// Keys are compared byte by byte: SQLite does so, PostgreSQL where it is told, and has
// indexes for it.
const (
	bytesPostgres = ` COLLATE "C"`
	bytesSQLite   = ``
)

// stretches returns what there is of a page among usernames and among addresses, in the
// order of reading.
func (s *Store) stretches(f UserFilter, p NamePage) (list []*stretch) {
	bytes := bytesSQLite
	if s.pool.Dialect() == db.PostgreSQL {
		bytes = bytesPostgres
	}
	for _, address := range []bool{false, true} {
		w := &stretch{UserFilter: f, address: address, bytes: bytes, before: f.Search + beyond, last: p.Last, size: firstWindow}
		switch {
		case p.After == nil || p.After.Address != address && address:
		case p.After.Address != address:
			continue
		default:
			w.after = p.After.Key
		}
		switch {
		case p.Before == nil || p.Before.Address != address && !address:
		case p.Before.Address != address:
			continue
		default:
			w.before = min(w.before, p.Before.Key)
		}
		list = append(list, w)
	}
	if p.Last {
		slices.Reverse(list)
	}
	return list
}

// bounds returns the parameters $1 to $4: between which keys those lie that begin with the
// search, and between which the stretch does.
func (w *stretch) bounds() []any { return []any{w.Search, w.Search + beyond, w.after, w.before} }

func (w *stretch) order(by string) string {
	if w.last {
		return ` ORDER BY ` + by + ` DESC`
	}
	return ` ORDER BY ` + by
}

// key is the column that the stretch goes by.
func (w *stretch) key() string {
	if w.address {
		return `k.email_key` + w.bytes
	}
	return `k.key` + w.bytes
}

// from returns the rows of the stretch, in the order of reading.
func (w *stretch) from() string {
	table := `usernames`
	if w.address {
		table = `users`
	}
	key := w.key()
	return ` FROM ` + table + ` k WHERE ` + key + ` >= $1 AND ` + key + ` < $2 AND ` + key + ` > $3 AND ` + key + ` < $4` + w.order(key)
}

// window returns a table n of the places and ids of the next users, $5 at most.
func (w *stretch) window() string {
	id := `k.user_id`
	if w.address {
		id = `k.id`
	}
	return `(SELECT ` + w.key() + ` AS place, ` + id + ` AS id` + w.from() + ` LIMIT $5) AS n`
}

// only returns the condition that a user u is one whom the filter asks for, and whom the
// usernames do not have already.
func (w *stretch) only() string {
	sql := `TRUE` + w.state() + w.factor()
	if w.address {
		name := `LOWER(u.username)` + w.bytes
		sql += ` AND NOT (` + name + ` >= $1 AND ` + name + ` < $2)`
	}
	return sql
}

// nextNames moves w on to what is behind its window. It reports whether there may be any.
func (s *Store) nextNames(ctx context.Context, w *stretch) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err // nobody waits for the answer any more
	}
	var end string
	err := s.conn.QueryRow(ctx, `/* FindUsers, the end of a window */
		SELECT `+w.key()+w.from()+` LIMIT 1 OFFSET $5`, append(w.bounds(), w.size-1)...).Scan(&end)
	w.size = searchWindow
	switch {
	case errors.Is(err, ErrNotFound):
		return false, nil
	case err != nil:
		return false, err
	case w.last:
		w.before = end
	default:
		w.after = end
	}
	return true, nil
}
