package store

import "time"

// A Place is where a row stands in a list that is in the order of its times,
// the newest first, and of one moment by id. Nothing need stand there (any more).
type Place struct {
	At time.Time
	ID string
}

// A Page is a part of such a list.
type Page struct {
	After, Before *Place // only rows between these; nil: from the newest, to the oldest
	Last          bool   // the last of them instead of the first
	Limit         int    // how many at most
}

// The ends of every list: nothing is as new, and nothing as old.
var (
	newest = Place{At: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}
	oldest = Place{}
)

// bounds are the four parameters of a page: its places, as times and ids.
func (p Page) bounds() []any {
	after, before := newest, oldest
	if p.After != nil {
		after = *p.After
	}
	if p.Before != nil {
		before = *p.Before
	}
	return []any{after.At, after.ID, before.At, before.ID}
}

// order is the order in which a page's rows are read, by the columns of their
// times and ids: the last of a list are the first from its other end.
func (p Page) order(at, id string) string {
	if p.Last {
		return ` ORDER BY ` + at + `, ` + id
	}
	return ` ORDER BY ` + at + ` DESC, ` + id + ` DESC`
}
