package names

import (
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Bounds of a username in characters, all of which are ASCII.
const (
	MinUsername = 3
	MaxUsername = 32
)

// reserved has the keys of usernames that nobody may have: people would take who has one
// for the service itself, or programs would take it for something else.
var reserved = map[string]bool{
	"admin": true, "administrator": true, "root": true, "system": true, "support": true, "help": true, "security": true,
	"abuse": true, "postmaster": true, "webmaster": true, "hostmaster": true, "noreply": true, "no-reply": true,
	"mailer-daemon": true, "me": true, "self": true, "user": true, "users": true, "anonymous": true, "guest": true,
	"null": true, "nil": true, "undefined": true, "true": true, "false": true, "api": true, "graphql": true, "login": true,
	"logout": true, "register": true, "settings": true, "account": true, "moderator": true, "staff": true, "official": true,
	"latchkey": true, "everyone": true, "nobody": true, "owner": true, "www": true,
}

// operators are words of which people take a name for the service's own wherever in it
// they stand: support-team, the.admin.
var operators = []string{
	"admin", "administrator", "root", "system", "support", "help", "security", "abuse", "postmaster", "webmaster", "hostmaster",
	"noreply", "mailerdaemon", "api", "login", "settings", "account", "moderator", "staff", "official", "latchkey",
}

// ParseUsername returns the key that a username is compared by, and reports whether it is
// one that Latchkey takes: what RFC 8265 would take, of ASCII alone, with a letter or a
// digit at both ends, so that a username never looks like an address, an option of a
// command or a hidden file; none that is reserved or looks so, and none with a part that
// looks like the operator's. Beside false the key is that of a name that is reserved so, or
// "".
func ParseUsername(s string) (key string, ok bool) {
	key, ok = ParseKnownUsername(s)
	return key, ok && !looksReserved(key)
}

// ParseKnownUsername is ParseUsername for a name that its user has elsewhere already:
// of those that look like others it refuses only what is reserved letter by letter.
func ParseKnownUsername(s string) (key string, ok bool) {
	if len(s) < MinUsername || len(s) > MaxUsername {
		return "", false
	}
	for i := range len(s) {
		c := s[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		end := i == 0 || i == len(s)-1
		if !letter && (end || c != '.' && c != '_' && c != '-') {
			return "", false
		}
	}
	key = Lower(s)
	return key, !reserved[key]
}

// Look is what a username's key looks like: I, l and 1 are one letter, and so are O and
// 0. Of two names that look alike, as paypal, paypaI and paypa1, nobody can get the
// second.
func Look(key string) string { return looks.Replace(key) }

var looks = strings.NewReplacer("i", "l", "1", "l", "0", "o")

// reservedLooks and operatorLooks are what reserved names and operators look like.
var (
	reservedLooks = lookSet(slices.Collect(maps.Keys(reserved)))
	operatorLooks = lookSet(operators)
)

func lookSet(words []string) map[string]bool {
	set := make(map[string]bool, len(words))
	for _, word := range words {
		set[Look(strings.Join(parts(word), ""))] = true
	}
	return set
}

// looksReserved reports whether the whole of a key looks like a reserved name, whatever
// stands between its parts, or some parts of it in a row look like an operator.
func looksReserved(key string) bool {
	all := parts(Look(key))
	if reservedLooks[strings.Join(all, "")] {
		return true
	}
	for from := range all {
		for to := from + 1; to <= len(all); to++ {
			if operatorLooks[strings.Join(all[from:to], "")] {
				return true
			}
		}
	}
	return false
}

// parts are what stands between the dots, underscores and hyphens of a name.
func parts(name string) []string {
	return strings.FieldsFunc(name, func(r rune) bool { return r == '.' || r == '_' || r == '-' })
}

// The letters of usernames that are made: none that is told apart from another
// with effort, and few that spell what nobody wants to be called.
const (
	consonants = "bdklmnrstvz"
	vowels     = "aeiou"
)

// MakeUsername makes a username for somebody who gave none: four syllables and
// three digits, "tobanelu481". There are eight thousand million of them, so that
// it is free, but for chance.
func MakeUsername() string {
	random := make([]byte, 10)
	rand.Read(random) // never fails since Go 1.24
	name := make([]byte, 0, 11)
	for i := range 4 {
		name = append(name, consonants[int(random[2*i])%len(consonants)], vowels[int(random[2*i+1])%len(vowels)])
	}
	return fmt.Sprintf("%s%d", name, 100+(int(random[8])<<8+int(random[9]))%900)
}
