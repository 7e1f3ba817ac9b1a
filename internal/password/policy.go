package password

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// The bounds of a password's length in code points of its NFC.
const (
	MinLength = 8   // the least that a Policy can ask for
	MaxLength = 128 // of every password
)

// Code says what is wrong with a password.
type Code string

// What can be wrong with a password.
const (
	TooShort  Code = "too short"
	TooLong   Code = "too long"
	Invalid   Code = "invalid"    // a control character, or not UTF-8
	TooCommon Code = "too common" // on the list, or the user's or the service's own
)

// Problem is one thing that is wrong with a password.
type Problem struct {
	Code Code
	// Limit is, with TooShort, the least length in code points; with TooLong, the
	// greatest length in code points, or in bytes where bcrypt sets it; else 0.
	Limit int
}

// Policy says which passwords may be set. It has no rules of composition, such as "one
// digit". Passwords that were set before need not follow it.
type Policy struct {
	MinLength int    // code points; less than MinLength counts as that
	AppName   string // the service's name, refused as a password
	Kind      Kind   // of new hashes: bcrypt takes 72 bytes at most
}

// Check returns everything that is wrong with password; nil if nothing is. own are the
// user's own names: username, address, the local part of the address. None of them may be
// the password, in upper or lower case; "" does not count.
func (p Policy) Check(password string, own ...string) []Problem {
	if !utf8.ValidString(password) {
		return []Problem{{Code: Invalid}} // its characters cannot be counted
	}
	password = Normalize(password)
	var list []Problem
	length := utf8.RuneCountInString(password)
	if least := max(p.MinLength, MinLength); length < least {
		list = append(list, Problem{TooShort, least})
	}
	switch {
	case p.Kind == Bcrypt && len(password) > bcryptMaxBytes:
		list = append(list, Problem{TooLong, bcryptMaxBytes})
	case length > MaxLength:
		list = append(list, Problem{TooLong, MaxLength})
	}
	if strings.ContainsFunc(password, unicode.IsControl) {
		list = append(list, Problem{Code: Invalid})
	}
	folded := fold(password)
	refused := length >= MinLength && weak(password) || isOwn(folded, p.AppName)
	for _, s := range own {
		refused = refused || isOwn(folded, s)
	}
	if refused {
		list = append(list, Problem{Code: TooCommon})
	}
	return list
}

func isOwn(folded, s string) bool { return s != "" && folded == fold(s) }

// fold returns the form in which strings are compared without regard to case. It goes by
// way of upper case, since some letters, such as the long s, have the upper case of
// another one and no other lower case than themselves.
func fold(s string) string { return strings.ToLower(strings.ToUpper(Normalize(s))) }
