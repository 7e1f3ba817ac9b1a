package names

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// Email is an address that ParseEmail took.
type Email struct {
	Address string // the local part as it was typed, the domain in its ASCII form; no white space around
	Key     string // what addresses are compared by: all of it in ASCII lower case
	Local   string // the local part as it was typed
}

// MaxEmail is how many bytes an address has at most: the 256 of a path in SMTP, without its
// two brackets (RFC 5321 section 4.5.3.1.3).
const MaxEmail = 254

// Bounds of the parts of an address in bytes, RFC 5321 section 4.5.3.1.
const (
	maxLocal  = 64
	maxDomain = 253
	maxLabel  = 63
)

// domains maps no more than case and A-labels, and refuses what IDNA 2008 does.
var domains = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.CheckJoiners(true), idna.StrictDomainName(true), idna.Transitional(false))

// ParseEmail reads an address, which may have white space around it, and reports whether it
// is one that Latchkey takes. That is a bare addr-spec (RFC 5322 section 3.4.1), with a dot-atom of ASCII before the @ and a host
// name of at least two labels behind it. It takes no quoting, comments, display names,
// lists or literals, and nothing that some step would make another of (B3), such as a
// character that folds or an encoded word: the address that comes out is the one that
// was sent.
func ParseEmail(s string) (Email, bool) {
	e, ok := ParseKnownEmail(s)
	if !ok || encodedWord(e.Local) {
		return Email{}, false
	}
	return e, true
}

// ParseKnownEmail is ParseEmail for an address that an account may have already. It
// reads encoded words, too, since whoever has such an address goes on using it.
func ParseKnownEmail(s string) (Email, bool) {
	s = Trim(s)
	local, domain, ok := strings.Cut(s, "@")
	if !ok || len(s) > MaxEmail || !dotAtom(local) {
		return Email{}, false
	}
	domain, ok = asciiDomain(domain)
	if !ok || len(local)+1+len(domain) > MaxEmail {
		return Email{}, false
	}
	address := local + "@" + domain
	return Email{Address: address, Key: Lower(address), Local: local}, true
}

// encodedWord reports whether something in s looks like an encoded word (RFC 2047 section
// 2), as =?utf-8?b?dmljdGlt?=. A mail server that decodes it writes to another mailbox.
func encodedWord(s string) bool {
	_, text, begins := strings.Cut(s, "=?")
	return begins && strings.Contains(text, "?=")
}

// dotAtom reports whether s is RFC 5322's dot-atom of at most 64 bytes.
func dotAtom(s string) bool {
	if s == "" || len(s) > maxLocal || s[0] == '.' || s[len(s)-1] == '.' || strings.Contains(s, "..") {
		return false
	}
	for i := range len(s) {
		c := s[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && strings.IndexByte(".!#$%&'*+-/=?^_`{|}~", c) < 0 {
			return false
		}
	}
	return true
}

// asciiDomain returns a domain's A-label form in lower case.
func asciiDomain(s string) (string, bool) {
	if s == "" || len(s) > maxDomain || !utf8.ValidString(s) || strings.ContainsFunc(s, isFormat) {
		return "", false
	}
	ascii, err := domains.ToASCII(s)
	if err != nil || len(ascii) > maxDomain {
		return "", false
	}
	labels := strings.Split(ascii, ".")
	for _, label := range labels {
		if label == "" || len(label) > maxLabel || label[0] == '-' || label[len(label)-1] == '-' {
			return "", false
		}
	}
	if last := labels[len(labels)-1]; len(labels) < 2 || strings.Trim(last, "0123456789") == "" {
		return "", false // a local name, or an IPv4 address
	}
	// The way back must lead to what was sent, but for the case of letters that
	// are not ASCII's look-alikes: U+212A is not k, a full-width dot not a dot.
	back, err := domains.ToUnicode(ascii)
	if err != nil || !sameButCase(s, back) {
		if !strings.EqualFold(s, ascii) || !isASCII(s) { // sent as an A-label
			return "", false
		}
	}
	return ascii, true
}

// sameButCase compares rune by rune; no rune beyond ASCII equals one of ASCII.
func sameButCase(sent, lower string) bool {
	a, b := []rune(sent), []rune(lower)
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if unicode.ToLower(a[i]) != b[i] || (a[i] < utf8.RuneSelf) != (b[i] < utf8.RuneSelf) {
			return false
		}
	}
	return true
}

// isFormat reports whether r shows nothing, as the joiners that IDNA 2008 allows in
// some scripts: two domains that differ in one look the same. Who has such a
// domain sends its A-label.
func isFormat(r rune) bool { return unicode.Is(unicode.Cf, r) }

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
