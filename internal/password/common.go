package password

import (
	_ "embed"
	"strings"
	"unicode"
)

// commonList is common/passwords.txt: folded words, sorted by bytes, each with a
// line break behind it. It is searched where the linker put it, so that it
// takes no memory but the pages a search touches.
//
//go:embed common/passwords.txt
var commonList string

// common reports whether a folded password is on the list.
func common(folded string) bool {
	at := commonList[listed(folded):]
	return strings.HasPrefix(at, folded) && strings.HasPrefix(at[len(folded):], "\n") && !strings.Contains(folded, "\n") && folded != ""
}

// stem reports whether a folded word is one that common passwords are made of: it
// is on the list, or is there with nothing but digits behind it. The list has no
// words of less than eight characters by themselves.
func stem(folded string) bool {
	if len(folded) < 4 || strings.ContainsFunc(folded, func(r rune) bool { return !unicode.IsLetter(r) }) {
		return false
	}
	// Digits come before letters, and so what this is about before all other words
	// that begin with it.
	rest := commonList[listed(folded):]
	for strings.HasPrefix(rest, folded) {
		line, next, _ := strings.Cut(rest, "\n")
		behind := line[len(folded):]
		if strings.Trim(behind, "0123456789") == "" {
			return true
		}
		if behind[0] > '9' {
			break
		}
		rest = next
	}
	return false
}

// listed returns where the first word of the list begins that is not less than
// folded.
func listed(folded string) int {
	// All words before lo are less than folded, all from hi on are not; both are at
	// the beginning of a line.
	lo, hi := 0, len(commonList)
	for lo < hi {
		mid := (lo + hi) / 2
		begin := strings.LastIndexByte(commonList[lo:mid], '\n') + 1 + lo
		end := begin + strings.IndexByte(commonList[begin:], '\n')
		if commonList[begin:end] < folded {
			lo = end + 1
		} else {
			hi = begin
		}
	}
	return lo
}
