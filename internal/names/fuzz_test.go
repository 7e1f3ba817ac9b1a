package names_test

import (
	"mime"
	"net/mail"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/net/idna"

	"latchkey/internal/names"
)

// upper is s with ASCII's letters in upper case.
func upper(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			r += 'A' - 'a'
		}
		return r
	}, s)
}

func ascii(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f }) < 0
}

// plainAddress is what nobody may refuse, apart from its length.
var plainAddress = regexp.MustCompile(`^[a-z0-9]{1,64}@([a-z0-9]{1,63}\.){1,3}[a-z]{2,63}$`)

// What is understood equals what was sent, but for the case and the form of the
// domain, is an address to net/mail too, shows all that it is, and is understood
// again, the same whatever its case.
func FuzzParseEmail(f *testing.F) {
	for _, seed := range []string{
		"ada@example.org", "Ada.L+x@Example.ORG", "ada@bücher.example", "ada@XN--bcher-KVA.example", "ada@faß.example",
		"ada@בית.example", "ada@\u212Aelvin.org", "ada@\uFF45xample.org", "ada@exam\u00ADple.org", "ada@\u0130stanbul.org",
		"ada@\u1E9E.example", "ada@\u0915\u094D\u200D\u0937.example", "ada@xn--11b2ezcw70k.example", "ada@xn--a.example", "ada@EXAMPLE.XN--P1AI", "ada@ΒΌΛΟΣ.example", "ada@l·l.example", " ada@example.org\r\n", "\u00A0ada@example.org\u3000", "=?utf-8?b?dmljdGlt?=@example.org", "ada@example.org\u200B", `"ada"@example.org`, "ada@[127.0.0.1]", "ada@1.2.3.4", "a@b", "@", "",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e, ok := names.ParseEmail(s)
		if bare, understood := names.ParseEmail(strings.TrimSpace(s)); bare != e || understood != ok {
			t.Fatalf("%q: got %+v, %t, without what is around it %+v, %t", s, e, ok, bare, understood)
		}
		s = strings.TrimSpace(s)
		if !ok {
			if e != (names.Email{}) || len(s) <= 254 && plainAddress.MatchString(s) {
				t.Fatalf("%q: refused with %+v", s, e)
			}
			return
		}
		if len(s) > 254 || len(e.Address) > 254 || len(e.Local) > 64 || !ascii(e.Address) || strings.Count(e.Address, "@") != 1 {
			t.Errorf("%q: out of bounds: %+v", s, e)
		}
		if !strings.HasPrefix(s, e.Local+"@") || !strings.HasPrefix(e.Address, e.Local+"@") {
			t.Errorf("%q: local part changed: %+v", s, e)
		}
		_, domain, _ := strings.Cut(e.Address, "@")
		if _, sent, _ := strings.Cut(s, "@"); upper(sent) != upper(domain) {
			if unicoded, err := idna.ToUnicode(domain); err != nil || ascii(sent) || unicoded != strings.ToLower(sent) {
				t.Errorf("%q: the domain became %q, %q", s, domain, unicoded)
			}
		}
		if strings.ContainsFunc(s, func(r rune) bool { return unicode.In(r, unicode.C, unicode.Z) }) {
			t.Errorf("%q: something in it does not show", s)
		}
		if parsed, err := mail.ParseAddress(e.Address); err != nil || *parsed != (mail.Address{Address: e.Address}) {
			t.Errorf("%q: net/mail reads %q as %v, %v", s, e.Address, parsed, err)
		}
		if e.Key != strings.ToLower(e.Address) {
			t.Errorf("%q: key %q of address %q", s, e.Key, e.Address)
		}
		if decoded, err := new(mime.WordDecoder).DecodeHeader(e.Local); err != nil || decoded != e.Local {
			t.Errorf("%q: the local part %q decodes to %q, %v", s, e.Local, decoded, err)
		}
		if again, ok := names.ParseEmail(e.Address); !ok || again != e {
			t.Errorf("%q: the address again: %+v, %t, want %+v", s, again, ok, e)
		}
		for _, same := range []string{e.Key, upper(s), upper(e.Key)} {
			if again, ok := names.ParseEmail(same); !ok || again.Key != e.Key {
				t.Errorf("%q: %q has key %q, %t, want %q", s, same, again.Key, ok, e.Key)
			}
		}
		if _, ok := names.ParseUsername(s); ok {
			t.Errorf("%q is an address and a username", s)
		}
	})
}

var username = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{1,30}[A-Za-z0-9]$`)

// A username is what B4 says, and its key one whatever its case.
func FuzzParseUsername(f *testing.F) {
	for _, seed := range []string{"ada", "Ada_L-1.x", "ADMIN", "a..b", ".ada", "ada@home", "\u212Aelvin", strings.Repeat("a", 33), " ada\n", "\u00A0ada", "ada\u200B", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u, ok := names.ParseUsername(s)
		s = strings.TrimSpace(s)
		if want := username.MatchString(s) && !names.Reserved(strings.ToLower(s)); ok != want {
			t.Fatalf("%q: taken: %t, want %t", s, ok, want)
		}
		if !ok {
			return
		}
		if u.Name != s || u.Key != strings.ToLower(s) {
			t.Errorf("%q: %+v", s, u)
		}
		for _, same := range []string{u.Key, upper(s), " " + s + "\n"} {
			if again, ok := names.ParseUsername(same); !ok || again.Key != u.Key {
				t.Errorf("%q: %q is %+v, %t, want the key %q", s, same, again, ok, u.Key)
			}
		}
	})
}
