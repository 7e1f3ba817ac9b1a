// Package names says which addresses and usernames Latchkey takes, and how the names of
// devices are kept.
//
// An address or a username is kept as it was typed, and beside it a key that it is
// compared by. [ParseEmail] and [ParseUsername] are the way to a key of a new one,
// [ParseKnownEmail] and [ParseKnownUsername] to that of one which somebody has already.
// They are strict, so that names that look the same have the same key (B4), and that
// what is kept is what was sent (B2): nothing in it is mapped or guessed. White space
// around it is taken off, since phones and clipboards add it and nobody means it: a name
// with it looks like the name without, and has its key.
package names

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Trim returns s without the white space around it, as Unicode has that, line breaks
// included. What a person typed as a name goes through it; a password never does.
func Trim(s string) string { return strings.TrimSpace(s) }

// Lower returns s with the letters of ASCII in lower case, as keys have them. It leaves all
// other letters alone: some of them, such as the Kelvin sign, would become ASCII. NUL,
// which PostgreSQL does not take, becomes a question mark.
func Lower(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r == 0:
			return '?'
		}
		return r
	}, s)
}

// Printable returns at most n characters of s, without control and format characters and
// without space around them. It is for names that are only shown and never compared: two
// that look alike may differ.
func Printable(s string, n int) string {
	s = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
			return -1
		}
		return r
	}, s)
	s = strings.TrimSpace(s)
	if utf8.RuneCountInString(s) > n {
		s = strings.TrimSpace(string([]rune(s)[:n]))
	}
	return s
}
