package store

import "time"

// A Place is a place in a list that is ordered by time and then by id, the newest first.
// No row need be there, or be there any more.
type Place struct {
	At time.Time
	ID string
}

// A Page is a part of such a list.
type Page struct {
	After, Before *Place // only rows between these places; nil is the end of the list
	Last          bool   // the last of those rows instead of the first
	Limit         int    // how many rows at most
}

// The ends of every list: nothing is as new, and nothing as old.
var (
	newest = Place{At: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}
	oldest = Place{}
)

// bounds returns the four parameters of a page: time and id of After and of Before.
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

// order returns the ORDER BY by which a page's rows are read. at and id are the columns
// of their times and ids. The last rows of a list are read from its end.
func (p Page) order(at, id string) string {
	if p.Last {
		return ` ORDER BY ` + at + `, ` + id
	}
	return ` ORDER BY ` + at + ` DESC, ` + id + ` DESC`
}
