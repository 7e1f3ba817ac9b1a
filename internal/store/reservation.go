package store

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"slices"
	"strings"
	"time"

	"latchkey/internal/db"
	"latchkey/internal/names"
)

// The names of an account that is deleted stay taken for a while, and nobody is to read
// them from the database then: the table reservations has their HMACs by a key from
// SECRET_KEY. A username is kept by what it looks like, so that this one hash finds all
// that is taken with it.

// What is reserved: no username is an address.
const (
	reservedLook    = "username"
	reservedAddress = "address"
)

// hashes returns what is kept of a name, by each key of the server; the first is that by
// which new ones are kept.
func (s *Store) hashes(what, name string) [][]byte {
	all := make([][]byte, len(s.keys))
	for i, key := range s.keys {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(what + "\x00" + name))
		all[i] = mac.Sum(nil)
	}
	return all
}

// listOf adds values to the parameters of a statement and returns a list of them, "($7, $8)".
// Without values it is one that nothing is in.
func listOf(args *[]any, values [][]byte) string {
	binds := make([]string, len(values))
	for i, v := range values {
		*args = append(*args, v)
		binds[i] = param(len(*args))
	}
	if len(binds) == 0 {
		return "(NULL)"
	}
	return "(" + strings.Join(binds, ", ") + ")"
}

// reserved is the condition that a username with this key, or one that looks so, is reserved
// for somebody else than the address with emailKey. now is the parameter with the time;
// those that it needs itself are added to args.
func (s *Store) reserved(args *[]any, key, emailKey, now string) string {
	looks, holders := listOf(args, s.hashes(reservedLook, names.Look(key))), listOf(args, s.hashes(reservedAddress, emailKey))
	return `(EXISTS (SELECT 1 FROM reservations WHERE hash IN ` + looks + ` AND held_until > ` + now + `)
		AND NOT EXISTS (SELECT 1 FROM reservations WHERE hash IN ` + looks + ` AND holder IN ` + holders + ` AND held_until > ` + now + `))`
}

// addressReserved is the same condition for an address, which nobody gets back.
func (s *Store) addressReserved(args *[]any, emailKey, now string) string {
	return `EXISTS (SELECT 1 FROM reservations WHERE hash IN ` + listOf(args, s.hashes(reservedAddress, emailKey)) + ` AND held_until > ` + now + `)`
}

// reservation is a name that a deleted account leaves.
type reservation struct {
	what, name string
	holder     string // the key of the address that may have it back, or ""
	until      time.Time
}

// errNoKey is of a Store that was made without SECRET_KEY.
var errNoKey = errors.New("store: no secret to keep the names of deleted accounts by")

// reserve returns the statements that write reservations.
func (s *Store) reserve(all []reservation) ([]db.Stmt, error) {
	if len(s.keys) == 0 {
		return nil, errNoKey
	}
	stmts := make([]db.Stmt, len(all))
	for i, r := range all {
		holder := []byte{}
		if r.holder != "" {
			holder = s.hashes(reservedAddress, r.holder)[0]
		}
		stmts[i] = db.Stmt{SQL: `/* reserve */
			INSERT INTO reservations (hash, holder, held_until) VALUES ($1, $2, $3)
			ON CONFLICT (hash, holder) DO UPDATE SET held_until = excluded.held_until`,
			Args: []any{s.hashes(r.what, r.name)[0], holder, r.until}}
	}
	return stmts, nil
}

// leavesOf returns the names that u leaves when they are deleted: what they are called, which
// their address alone may have back until heldUntil, and what is held for them, which nobody
// may.
func (s *Store) leavesOf(ctx context.Context, u *User, now, heldUntil time.Time) ([]reservation, error) {
	usernames, addresses, err := s.Held(ctx, u.ID, now)
	if err != nil {
		return nil, err
	}
	all := []reservation{{reservedLook, names.Look(names.Lower(u.Username)), u.EmailKey, heldUntil}}
	for _, h := range usernames {
		all = append(all, reservation{reservedLook, names.Look(h.Name), "", h.Until})
	}
	for _, h := range addresses {
		all = append(all, reservation{reservedAddress, h.Name, "", h.Until})
	}
	return all, nil
}

// looksOf returns the looks among reservations, each once, in the order in which all wait
// for each other at them.
func looksOf(all []reservation) (looks []string) {
	for _, r := range all {
		if r.what == reservedLook {
			looks = append(looks, r.name)
		}
	}
	slices.Sort(looks)
	return slices.Compact(looks)
}
