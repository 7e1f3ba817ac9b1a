package names_test

import (
	"testing"

	"latchkey/internal/names"
)

func TestLower_B4(t *testing.T) {
	for in, want := range map[string]string{
		"Ada_L-1815.X": "ada_l-1815.x", "": "", "ada\x00": "ada?",
		"\u212Aelvin": "\u212Aelvin", "\u0130": "\u0130", "ÁDÁ": "ÁdÁ", // strings.ToLower makes ASCII of the first two
	} {
		if got := names.Lower(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestTrim_B2(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "ada": "ada", " a d a ": "a d a", "\t\v\f\r\n\u0085\u00A0\u1680\u2000\u200A\u2028\u2029\u202F\u205F\u3000ada\u00A0": "ada",
		"\u200Bada\uFEFF": "\u200Bada\uFEFF", "\x00 ada": "\x00 ada", "ada\xff ": "ada\xff", " \xa0ada": "\xa0ada",
	} {
		if got := names.Trim(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestPrintable_B5(t *testing.T) {
	for _, c := range []struct {
		in   string
		n    int
		want string
	}{
		{"Ada’s laptop", 64, "Ada’s laptop"},
		{"Ada’s laptop", 5, "Ada’s"},
		{"Ada’s laptop", 6, "Ada’s"}, // no space at the cut
		{" \t Ada \r\n", 64, "Ada"},
		{"A\u202Ed\u200Ba\x00\x1b\u2028\u2029\xff\uFEFF", 64, "Ada"},
		{"\u200B \u200B", 64, ""},
		{"世界", 1, "世"},
		{"Ada", 0, ""},
	} {
		if got := names.Printable(c.in, c.n); got != c.want {
			t.Errorf("%q, %d: got %q, want %q", c.in, c.n, got, c.want)
		}
	}
}
