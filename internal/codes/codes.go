// Package codes makes and reads the codes that people type: recovery codes, which they
// keep on paper (recovery.go), and the codes of a login by mail (mailed.go).
//
// However somebody types a code, it is the same one: case, spaces and dashes do not
// count. All else does.
package codes

import (
	"strings"
	"unicode"
)

// plain is a typed text without its spaces and dashes, in lower case. No letter but those
// of ASCII becomes one of ASCII.
func plain(typed string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.Is(unicode.Pd, r): // Pd: all dashes, which programs like to put for a hyphen
			return -1
		case 'A' <= r && r <= 'Z':
			return r - 'A' + 'a'
		}
		return r
	}, typed)
}

// grouped is a code as it is shown, with a dash behind each n characters but the last.
func grouped(code string, n int) string {
	var groups []string
	for ; len(code) > n; code = code[n:] {
		groups = append(groups, code[:n])
	}
	return strings.Join(append(groups, code), "-")
}
