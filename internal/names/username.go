package names

import (
	"crypto/rand"
	"fmt"
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

// ParseUsername returns the key that a username is compared by, and reports whether it is
// one that Latchkey takes: what RFC 8265 would take, of ASCII alone, with a letter or a
// digit at both ends. So a username never looks like an address, an option of a command or
// a hidden file. Beside false the key is that of a name that is reserved, or "".
func ParseUsername(s string) (key string, ok bool) {
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
