package names_test

import (
	"strings"
	"testing"

	"latchkey/internal/names"
)

// addressOf returns an address with n bytes in all and a local part of l.
func addressOf(n, l int) string {
	domain := strings.Repeat(strings.Repeat("d", 49)+".", 6)
	return strings.Repeat("a", l) + "@" + domain[len(domain)-(n-l-1-3):] + "org"
}

// around puts white space of all kinds around s.
func around(s string) string { return " \t\u00A0\u2003" + s + "\u3000\u202F\v\r\n " }

func TestParseEmail_B1_B2_B3(t *testing.T) {
	for _, c := range []struct{ name, in, address, key string }{
		{"plain", "ada@example.org", "ada@example.org", "ada@example.org"},
		{"capitals", "Ada.L@Example.ORG", "Ada.L@example.org", "ada.l@example.org"},
		{"every sign of an atom", "!#$%&'*+-/=?^_`{|}~@example.org", "!#$%&'*+-/=?^_`{|}~@example.org", "!#$%&'*+-/=?^_`{|}~@example.org"},
		{"IDNA", "ada@bücher.example", "ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example"},
		{"IDNA, capitals", "ada@BÜCHER.Example", "ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example"},
		{"IDNA, A-label", "ada@XN--bcher-KVA.example", "ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example"},
		{"IDNA 2008 keeps sharp s", "ada@faß.example", "ada@xn--fa-hia.example", "ada@xn--fa-hia.example"},
		{"IDNA, right to left", "ada@בית.example", "ada@xn--5dbq5c.example", "ada@xn--5dbq5c.example"},
		{"digits in a domain", "ada@1.2.3.4a", "ada@1.2.3.4a", "ada@1.2.3.4a"},
		{"64 before the @", strings.Repeat("a", 64) + "@example.org", strings.Repeat("a", 64) + "@example.org", strings.Repeat("a", 64) + "@example.org"},
		{"254 in all", addressOf(254, 64), addressOf(254, 64), addressOf(254, 64)},
		{"a label of 63", "a@" + strings.Repeat("d", 63) + ".org", "a@" + strings.Repeat("d", 63) + ".org", "a@" + strings.Repeat("d", 63) + ".org"},

		{"65 before the @", strings.Repeat("a", 65) + "@example.org", "", ""},
		{"255 in all", addressOf(255, 64), "", ""},
		{"254 as sent, more in ASCII", addressOf(251, 64)[:180] + "ü" + addressOf(251, 64)[182:], "", ""},
		{"a label of 64", "a@" + strings.Repeat("d", 64) + ".org", "", ""},
		{"nothing", "", "", ""},
		{"no @", "example.org", "", ""},
		{"nothing before the @", "@example.org", "", ""},
		{"nothing behind the @", "ada@", "", ""},
		{"two @", "ada@home@example.org", "", ""},
		{"space before", " ada@example.org", "ada@example.org", "ada@example.org"},
		{"space behind", "ada@example.org ", "ada@example.org", "ada@example.org"},
		{"line break behind", "ada@example.org\r\n", "ada@example.org", "ada@example.org"},
		{"white space of all kinds around", around("Ada@example.org"), "Ada@example.org", "ada@example.org"},
		{"254 in all and white space", around(addressOf(254, 64)), addressOf(254, 64), addressOf(254, 64)},
		{"nothing but white space", around(""), "", ""},
		{"space before the @", "ada @example.org", "", ""},
		{"space behind the @", "ada@ example.org", "", ""},
		{"space without width behind", "ada@example.org\u200B", "", ""},
		{"NUL behind", "ada@example.org\x00", "", ""},
		{"line break inside", "ada\r\nBcc: eve@example.org", "", ""},
		{"NUL", "ada\x00@example.org", "", ""},
		{"DEL", "ada\x7f@example.org", "", ""},
		{"not UTF-8", "ada@ex\xffample.org", "", ""},
		{"display name", "Ada <ada@example.org>", "", ""},
		{"brackets", "<ada@example.org>", "", ""},
		{"comment", "ada(the first)@example.org", "", ""},
		{"comment in the domain", "ada@example.org(home)", "", ""},
		{"quoted", `"ada"@example.org`, "", ""},
		{"quoted with an @", `"ada@home"@example.org`, "", ""},
		{"list", "ada@example.org,eve@example.org", "", ""},
		{"list with semicolon", "ada@example.org;eve@example.org", "", ""},
		{"group", "all:ada@example.org;", "", ""},
		{"route", "<@relay.example:ada@example.org>", "", ""},
		{"scheme", "mailto:ada@example.org", "", ""},
		{"query", "ada@example.org?cc=eve@example.org", "", ""},
		{"dot first", ".ada@example.org", "", ""},
		{"dot last", "ada.@example.org", "", ""},
		{"two dots", "ada..l@example.org", "", ""},
		{"IPv4 literal", "ada@[127.0.0.1]", "", ""},
		{"IPv6 literal", "ada@[IPv6:::1]", "", ""},
		{"IPv4 address", "ada@127.0.0.1", "", ""},
		{"one label", "ada@localhost", "", ""},
		{"digits last", "ada@example.123", "", ""},
		{"dot at the end of the domain", "ada@example.org.", "", ""},
		{"dot at its beginning", "ada@.example.org", "", ""},
		{"two dots in it", "ada@example..org", "", ""},
		{"hyphen first", "ada@-example.org", "", ""},
		{"hyphen last", "ada@example-.org", "", ""},
		{"underscore in the domain", "ada@ex_ample.org", "", ""},
		{"percent in the domain", "ada@example%2eorg", "", ""},
		{"no A-label", "ada@xn--a.example", "", ""},
		{"A-label of ASCII", "ada@xn--example-.org", "", ""},

		{"encoded word", "=?utf-8?b?dmljdGlt?=@example.org", "", ""},
		{"encoded word of quoted printable", "=?ISO-8859-1?Q?victim?=@example.org", "", ""},
		{"encoded word with a language", "=?us-ascii*en?q?victim?=@example.org", "", ""},
		{"encoded word in the middle", "ada.=?utf-8?q?victim?=.x@example.org", "", ""},
		{"encoded word of nothing", "=??=@example.org", "", ""},
		{"two encoded words", "=?a?q?b?==?a?q?c?=@example.org", "", ""},
		{"the beginning of an encoded word", "=?utf-8?b?dmljdGlt@example.org", "=?utf-8?b?dmljdGlt@example.org", "=?utf-8?b?dmljdglt@example.org"},
		{"the end of one", "dmljdGlt?=@example.org", "dmljdGlt?=@example.org", "dmljdglt?=@example.org"},
		{"both in one", "=?=@example.org", "=?=@example.org", "=?=@example.org"},
		{"the end before the beginning", "a?=b=?c@example.org", "a?=b=?c@example.org", "a?=b=?c@example.org"},

		{"Kelvin sign before the @", "\u212Aelvin@example.org", "", ""},
		{"Kelvin sign in the domain", "ada@\u212Aelvin.org", "", ""},
		{"long s in the domain", "ada@\u017Fea.org", "", ""},
		{"dotted capital I", "ada@\u0130stanbul.org", "", ""},
		{"letter beyond ASCII before the @", "ádá@example.org", "", ""},
		{"full-width letters", "ada@\uFF45xample.org", "", ""},
		{"full-width @", "ada\uFF20example.org", "", ""},
		{"full-width dot", "ada@example\uFF0Eorg", "", ""},
		{"ideographic dot", "ada@example\u3002org", "", ""},
		{"small letter in a circle", "ada@\u24D4xample.org", "", ""},
		{"ligature", "ada@o\uFB03ce.org", "", ""},
		{"soft hyphen", "ada@exam\u00ADple.org", "", ""},
		{"soft hyphen before the @", "a\u00ADda@example.org", "", ""},
		{"zero width space", "ada@exam\u200Bple.org", "", ""},
		{"joiner", "ada@exam\u200Dple.org", "", ""},
		{"joiner that IDNA allows", "ada@\u0915\u094D\u200D\u0937.example", "", ""},
		{"joiner in an A-label", "ada@xn--11b2ezcw70k.example", "ada@xn--11b2ezcw70k.example", "ada@xn--11b2ezcw70k.example"},
		{"variation selector", "ada@example\uFE0F.org", "", ""},
		{"mark of direction", "ada@\u202Eexample.org", "", ""},
		{"mark of byte order", "\uFEFFada@example.org", "", ""},
		{"decomposed letter", "ada@bu\u0308cher.example", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			e, ok := names.ParseEmail(c.in)
			local, _, _ := strings.Cut(c.address, "@")
			if want := (names.Email{Address: c.address, Key: c.key, Local: local}); e != want || ok != (c.key != "") {
				t.Errorf("got %+v, %t, want %+v", e, ok, want)
			}
		})
	}
}

func TestParseUsername_B3_B4(t *testing.T) {
	for _, c := range []struct{ in, key string }{
		{"ada", "ada"},
		{" ada", "ada"}, {"Ada\n", "ada"}, {around("ada"), "ada"}, {around(strings.Repeat("a", 32)), strings.Repeat("a", 32)},
		{around(""), ""}, {around("ab"), ""}, {around("a b"), ""},
		{"Ada_Lovelace-1815.x", "ada_lovelace-1815.x"},
		{"0x0", "0x0"},
		{"a..b", "a..b"},
		{strings.Repeat("a", 32), strings.Repeat("a", 32)},
		{"administrators", "administrators"},
		{"xn--a", "xn--a"},
		{"", ""}, {"ab", ""}, {strings.Repeat("a", 33), ""},
		{".ada", ""}, {"ada.", ""}, {"-ada", ""}, {"ada-", ""}, {"_ada", ""}, {"ada_", ""},
		{"ada@home", ""}, {"ada@example.org", ""}, {"ada lovelace", ""}, {"ada\x00", ""},
		{"ádá", ""}, {"\u212Aelvin", ""}, {"ada\u200B", ""}, {"\uFF41\uFF44\uFF41", ""}, {"ada\xff", ""}, {"ада", ""},
		{"a/b", ""}, {"a+b", ""}, {"a:b", ""}, {"a\\b", ""}, {"<b>", ""},
	} {
		u, ok := names.ParseUsername(c.in)
		if ok != (c.key != "") || u.Key != c.key || u.Name != "" && u.Name != strings.TrimSpace(c.in) || ok != (u.Name != "") {
			t.Errorf("%q: got %+v, %t, want %q", c.in, u, ok, c.key)
		}
	}
	for _, name := range []string{
		"admln", "adm1n", "Admln", "r00t", "latchkeY", "1atchkey", "supp0rt", "m-e", "ad.min", "sup_port", "no.reply", "nu11", // look like one
		"support-team", "the.admin", "paypal_support", "a-admin-b", "Help-Desk", "account-security", "no-reply-2", "ad-min-team", "the-adm1n", // have a part that does
	} {
		if key, ok := names.ParseUsername(name); ok {
			t.Errorf("%s is taken", name)
		} else if known, ok := names.ParseKnownUsername(name); name != "latchkeY" && (!ok || known.Key != names.Lower(name)) || key != known {
			t.Errorf("%s: known as %q, %t", name, known, ok)
		}
	}
	for _, name := range []string{"administrators", "supporter", "helpful", "kiss-me", "power-user", "true.story", "owner-of-dogs", "rooted", "apis", "apia-island"} {
		if _, ok := names.ParseUsername(name); !ok {
			t.Errorf("%s is refused", name)
		}
	}
	for _, name := range []string{"admin", "root", "support", "system", "me", "null", "Admin", "ROOT", "No-Reply", "latchkey", "postmaster"} {
		if _, ok := names.ParseUsername(name); ok {
			t.Errorf("%s is not reserved", name)
		}
	}
}

// What is made is a username of one length, and hardly ever one that was made.
func TestMakeUsername(t *testing.T) {
	made := map[string]bool{}
	for range 10_000 {
		name := names.MakeUsername()
		if u, ok := names.ParseUsername(name); !ok || u.Key != name || len(name) != 11 {
			t.Fatalf("%q", name)
		}
		made[name] = true
	}
	if len(made) < 9_990 { // by chance alone, all but one or two in a hundred such tests
		t.Errorf("%d names in 10,000", len(made))
	}
}

// Names that look alike have one look, and others have not.
func TestLook_B4(t *testing.T) {
	for _, alike := range [][]string{{"paypal", "paypai", "paypa1"}, {"ada0", "adao"}, {"0i1l", "olll", "o1l1"}, {"ivan", "lvan", "1van"}} {
		for _, key := range alike {
			if names.Look(key) != names.Look(alike[0]) {
				t.Errorf("%s looks like %q, %s like %q", key, names.Look(key), alike[0], names.Look(alike[0]))
			}
		}
	}
	if names.Look("ada") != "ada" || names.Look("a.b_c-d") != "a.b_c-d" || names.Look("paypal") == names.Look("paypals") {
		t.Error("names that look different have one look")
	}
}
