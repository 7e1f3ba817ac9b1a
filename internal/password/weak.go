package password

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// weak reports whether a password is one that guessers try first: it is on the list
// of common ones, or made of little as people do it. It looks at what is seen:
// without regard to case, to the width of letters, and to characters that show
// nothing. What is longer than weakLength is none of these.
func weak(password string) bool {
	seen := []rune(visible(password))
	if len(seen) == 0 || len(seen) > weakLength {
		return false
	}
	return common(string(seen)) || repeats(seen) || runs(seen) || date(seen) || word(seen)
}

// weakLength bounds the rules, which say little about what is longer.
const weakLength = 32

// visible is what one sees of a password, folded.
func visible(password string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.In(r, unicode.Cf, unicode.Variation_Selector), strings.ContainsRune("\u034f\u115f\u1160\u2800\u3164\uffa0", r):
			return -1
		case unicode.IsSpace(r):
			return ' '
		}
		return r
	}, fold(norm.NFKC.String(password)))
}

// repeats reports whether a password is some characters over and over: one to four
// of them, or a common word.
func repeats(p []rune) bool {
	for n := 1; n <= len(p)/2; n++ {
		again := true
		for i := n; i < len(p) && again; i++ {
			again = p[i] == p[i-n]
		}
		if again {
			return n <= 4 || stem(string(p[:n])) || runs(p[:n])
		}
	}
	return false
}

// rows are what fingers and the alphabet have side by side.
var rows = []string{
	"abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop[]", "qwertzuiop", "azertyuiop", "asdfghjkl;'", "qsdfghjklm", "zxcvbnm,./", "yxcvbnm,.-", "wxcvbn",
	"!@#$%^&*()_+", "!\"§$%&/()=?",
	"1qaz2wsx3edc4rfv5tgb6yhn7ujm", "1q2w3e4r5t6y7u8i9o0p", "q1w2e3r4t5y6u7i8o9p0", "qaz", "wsx", "edc", "rfv", "tgb", "yhn", "ujm",
}

// runs reports whether a password is nothing but up to three runs, each at least
// three characters of a row in either direction, or one character over and over.
func runs(p []rune) bool {
	for range 3 {
		if p = p[run(p):]; len(p) == 0 {
			return true
		}
	}
	return false
}

// run is how long the run is with which p begins, 0 if that is less than three.
func run(p []rune) int {
	n := 0
	for n < len(p) && p[n] == p[0] {
		n++
	}
	for _, row := range rows {
		for _, row := range []string{row, reverse(row)} {
			for k := max(n, 2) + 1; k <= len(p) && strings.Contains(row, string(p[:k])); k++ {
				n = k
			}
		}
	}
	if n < 3 {
		return 0
	}
	return n
}

func reverse(s string) string {
	var b strings.Builder
	for runes := []rune(s); len(runes) > 0; runes = runes[:len(runes)-1] {
		b.WriteRune(runes[len(runes)-1])
	}
	return b.String()
}

// date reports whether a password is a day of 1900 to 2099, with or without
// something between its parts: the year first or last, in four digits or in two.
func date(p []rune) bool {
	parts := strings.FieldsFunc(string(p), func(r rune) bool { return strings.ContainsRune(" .,-/_:", r) })
	switch digits := strings.Join(parts, ""); {
	case len(parts) == 3 && len(parts[2]) >= 2:
		return day(parts[0], parts[1], parts[2]) || day(parts[2], parts[1], parts[0])
	case len(parts) == 3:
		return day(parts[2], parts[1], parts[0])
	case len(digits) == 8:
		return day(digits[:2], digits[2:4], digits[4:]) || day(digits[6:], digits[4:6], digits[:4])
	case len(digits) == 6:
		return day(digits[:2], digits[2:4], digits[4:]) || day(digits[4:], digits[2:4], digits[:2])
	}
	return false
}

// day reports whether there is such a day, also with day and month the other way
// round.
func day(d, m, year string) bool {
	century := strings.HasPrefix(year, "19") || strings.HasPrefix(year, "20")
	return between(year, 0, 9999) && (len(year) == 4 && century || len(year) == 2) &&
		(between(d, 1, 31) && between(m, 1, 12) || between(d, 1, 12) && between(m, 1, 31))
}

func between(digits string, from, to int) bool {
	n := 0
	for _, r := range digits {
		if r < '0' || r > '9' || n > to {
			return false
		}
		n = 10*n + int(r-'0')
	}
	return digits != "" && len(digits) <= 4 && from <= n && n <= to
}

// affix is how many digits and marks people put behind a word, or before it.
const affix = 5

// word reports whether a password is a common word with a short affix, also where
// characters stand for the letters that they look like, or backwards.
func word(p []rune) bool {
	end := len(p)
	for end > 0 && len(p)-end <= affix {
		if beginsWithWord(p[:end]) {
			return true
		}
		if end--; unicode.IsLetter(p[end]) {
			break
		}
	}
	return false
}

// beginsWithWord reports whether p is a word, but for a short affix before it.
func beginsWithWord(p []rune) bool {
	if !slices.ContainsFunc(p, unicode.IsLetter) {
		return false // a number looks like some word too often
	}
	for begin := 0; begin < len(p) && begin <= affix; begin++ {
		for _, letters := range looks {
			if w := letters.Replace(string(p[begin:])); stem(w) || stem(reverse(w)) {
				return true
			}
		}
		if unicode.IsLetter(p[begin]) {
			break
		}
	}
	return false
}

// looks are two ways to read digits and marks as letters.
var looks = []*strings.Replacer{
	strings.NewReplacer("0", "o", "1", "l", "3", "e", "4", "a", "@", "a", "5", "s", "$", "s", "7", "t", "+", "t", "!", "i", "8", "b", "9", "g", "6", "g", "|", "l"),
	strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "@", "a", "5", "s", "$", "s", "7", "t", "+", "t", "!", "i", "8", "b", "9", "q", "6", "b", "|", "i"),
}
