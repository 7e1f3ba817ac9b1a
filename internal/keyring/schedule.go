package keyring

import (
	"time"

	"latchkey/internal/store"
)

// signFor is how long a key signs.
const signFor = 90 * 24 * time.Hour

// Periods are the lengths of time that a key's life is made of.
type Periods struct {
	// Lead is how long a key is published before it signs, at least: until every
	// replica and every backend that keeps the set has it.
	Lead time.Duration
	// Live is how long a key is published and verifies after the next one has taken over: as long
	// as its tokens live, whatever the replicas' clocks say.
	Live time.Duration
	// Tell is how long it is kept after that, to tell a device that was away from a
	// token that it has expired and is none of a stranger's.
	Tell time.Duration
}

// State is what a key is for at a time.
type State string

// The states of keys, in the order of a key's life.
const (
	Next      State = "next"    // it is published, and will sign
	Signing   State = "signing" // it signs
	Old       State = "old"     // it is published, and verifies what it signed
	retired   State = "retired" // it tells that its tokens have expired
	forgotten State = ""        // it is to be deleted
)

// stateOf is a key's state, and if it signs no longer, when the last of its tokens expires.
type stateOf struct {
	is    State
	until time.Time
}

// states returns the states of keys, which are in the order in which they sign. The last
// whose time has come signs; if there is none, since a clock was set back, the first.
func (p Periods) states(rows []store.SigningKey, now time.Time) []stateOf {
	list := make([]stateOf, len(rows))
	for i, row := range rows {
		if i > 0 && row.SignsAt.After(now) {
			list[i] = stateOf{is: Next}
			continue
		}
		list[i] = stateOf{is: Signing}
		if i+1 == len(rows) || rows[i+1].SignsAt.After(now) {
			continue
		}
		until := rows[i+1].SignsAt.Add(p.Live)
		list[i] = stateOf{until: until}
		switch {
		case now.Before(until):
			list[i].is = Old
		case now.Before(until.Add(p.Tell)):
			list[i].is = retired
		}
	}
	return list
}

// missing returns the keys that are to be made: the next one, and if there is none at all
// one that signs at once.
func (p Periods) missing(rows []store.SigningKey, now time.Time) []store.SigningKey {
	if len(rows) == 0 {
		return p.pair(1, now)
	}
	last := rows[len(rows)-1]
	if last.SignsAt.After(now) && len(rows) > 1 {
		return nil
	}
	at := last.SignsAt.Add(signFor)
	if soonest := now.Add(p.Lead); at.Before(soonest) {
		at = soonest
	}
	return []store.SigningKey{{Number: last.Number + 1, CreatedAt: now, SignsAt: at}}
}

// pair returns a key that signs at once, and the next one.
func (Periods) pair(number int64, now time.Time) []store.SigningKey {
	return []store.SigningKey{
		{Number: number, CreatedAt: now, SignsAt: now},
		{Number: number + 1, CreatedAt: now, SignsAt: now.Add(signFor)},
	}
}
