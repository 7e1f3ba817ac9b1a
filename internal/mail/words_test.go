package mail

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// linkers are the rules that mail clients and their libraries link text by, the
// eagerest of each kind: what none of them takes, no client will.
var linkers = map[string]*regexp.Regexp{
	"bare domain":   regexp.MustCompile(`[\p{L}\p{N}_-][.\x{3002}\x{FF0E}\x{FF61}\x{2024}][\p{L}\p{N}]`), // linkify-it's fuzzy links, Gmail, Apple Mail
	"www":           regexp.MustCompile(`(?i)\bwww[.\d]`),                                                // Outlook, Thunderbird
	"scheme":        regexp.MustCompile(`(?i)\b[a-z][a-z0-9+.-]*:[^\s]`),                                 // mailto:, tel:, https:
	"two slashes":   regexp.MustCompile(`//`),                                                            // linkify-it's "//" schema
	"address":       regexp.MustCompile(`[^\s]@[^\s]`),
	"network share": regexp.MustCompile(`\\\\`), // Outlook
	"file":          regexp.MustCompile(`(?i)\b[a-z]:[\\/]`),
	"invisible":     regexp.MustCompile(`[\p{Cf}\p{Cc}]`), // hides from these rules what a client may still see
}

// linked returns which rules make a link of s, as it is or as a client may see
// it after cleaning it.
func linked(s string) []string {
	var rules []string
	all := []string{s, norm.NFKC.String(s), strings.Map(visible, s), norm.NFKC.String(strings.Map(visible, s))}
	for i, seen := range all {
		if slices.Contains(all[:i], seen) {
			continue
		}
		for name, re := range linkers {
			if m := re.FindString(strings.ReplaceAll(seen, "\n", " ")); m != "" {
				rules = append(rules, name+": "+m)
			}
		}
	}
	return rules
}

func visible(r rune) rune {
	if unicode.Is(unicode.Cf, r) {
		return -1
	}
	return r
}

// hostile are texts that somebody might type to have a mail link to them.
var hostile = []string{
	"evil.example.com", "www.evil.com", "a@b.c", "ada.lovelace", "1.2.3.4", "evil.co-m_1",
	"https://evil.example/x?y=z", "//evil.example", "mailto:a@b", "tel:+15550100", `\\evil\share`, `file:\\evil`, "c:/x", "javascript:alert(1)",
	"evil\u3002com", "evil\uFF0Ecom", "evil\uFF61com", "evil\u2024com", "evil\u2488com", "a\uFF20b", "http\uFF1A\uFF0F\uFF0Fevil", "evil\u2025com",
	"evil\u200B.\u200Bcom", "e\u00ADvil.com", "evil\u2060.com", "\u202Emoc.live\u202C", "www\u200D.evil.com", "\u2100evil",
	"line\nSubject: x", "Firefox on evil.com <a href=//evil.com>here</a>", "[here](http://evil.com)",
}

func TestPlain_A8(t *testing.T) {
	if len(linked("evil.example.com")) == 0 || len(linked("a@b")) == 0 || len(linked("http://x")) == 0 {
		t.Fatal("the rules find no links")
	}
	for _, s := range hostile {
		if got := plain(s); len(linked(got)) > 0 {
			t.Errorf("plain(%q) = %q is linked: %q", s, got, linked(got))
		}
	}
}

func TestPlain_Text(t *testing.T) {
	for s, want := range map[string]string{
		"ada":                    "ada",
		"Ada_Lovelace-1":         "Ada_Lovelace-1",
		"ada.lovelace":           "ada·lovelace",
		"a@b.c":                  "a(at)b·c",
		"https://x":              "https∶∕∕x",
		"Firefox on Linux":       "Firefox on Linux",
		"  Åse’s   phone\t📱 ":    "Åse’s phone 📱",
		"\u202Eevil\u202C\x00":   "evil",
		strings.Repeat("x", 81):  strings.Repeat("x", 80) + "…",
		strings.Repeat("é", 80):  strings.Repeat("é", 80),
		"bad \xff utf":           "bad  utf",
		"一．二":                    "一·二",
		"<b>bold</b> & \"more\"": "<b>bold<∕b> & \"more\"", // escaping is the template's
	} {
		if got := plain(s); got != want {
			t.Errorf("plain(%q) = %q, want %q", s, got, want)
		}
	}
}

func TestMoment(t *testing.T) {
	at := time.Date(2026, 11, 24, 10, 15, 59, 0, time.FixedZone("CET", 2*3600))
	if got, want := moment(at), "24 November 2026, 08:15 UTC"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := moment(time.Time{}); got != "" {
		t.Errorf("the zero time is %q", got)
	}
}

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		24 * time.Hour:                   "24 hours",
		24*time.Hour - 4*time.Minute:     "24 hours", // the mail was a little late
		24*time.Hour - 6*time.Minute:     "23 hours",
		5*time.Hour + 50*time.Minute:     "5 hours",
		2 * time.Hour:                    "2 hours",
		90 * time.Minute:                 "90 minutes",
		time.Hour:                        "1 hour",
		time.Hour - 30*time.Second:       "1 hour",
		45 * time.Minute:                 "45 minutes",
		time.Minute:                      "1 minute",
		10 * time.Second:                 "less than a minute",
		72 * time.Hour:                   "72 hours",
		24*time.Hour - time.Microsecond:  "24 hours",
		119*time.Minute + 30*time.Second: "2 hours",
	} {
		if got := duration(d); got != want {
			t.Errorf("duration(%v) = %q, want %q", d, got, want)
		}
	}
}
