// Package names knows what people are called by: the addresses and usernames
// that Latchkey takes, and the names of devices.
//
// An address or a username is kept as it was typed, beside a key that it is
// compared by. ParseEmail and ParseUsername are the only way from the one to the
// other. They take little, so that what looks the same has the same key, and what
// was sent is what is kept: nothing is trimmed, mapped or guessed.
package names

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Lower returns s with the letters of ASCII in lower case, as they are in keys.
// It leaves all others alone, some of which would become ASCII by it. NUL, which
// PostgreSQL does not take, becomes a question mark.
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

// Printable returns at most n characters of s, without control and format
// characters and without space around it. It is for names that only people read:
// two that look alike may still differ.
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
