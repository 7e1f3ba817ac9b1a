package config

import (
	"slices"
	"strings"
	"testing"
)

const apk = "android:apk-key-hash:R6s0cmM7kxuTJ6Ka5tFkmk5PKlu9ZEPyBWfmiEkGlGc"

func TestPasskeyDomain(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ public, want, off string }{
		{"https://auth.example.org", "example.org", ""},
		{"https://example.org/id", "example.org", ""},
		{"https://a.b.example.co.uk:8443", "example.co.uk", ""},
		{"https://latchkey.github.io", "latchkey.github.io", ""}, // everybody has another
		{"https://auth.corp.internal", "corp.internal", ""},
		{"http://localhost:8080", "localhost", ""},
		{"http://auth.localhost:8080", "auth.localhost", ""},
		{"https://github.io", "", "no domain of somebody's own"},
		{"https://co.uk", "", "no domain of somebody's own"},
		{"https://latchkey", "", "without a dot"},
		{"https://10.0.0.1", "", "IP addresses"},
		{"http://127.0.0.1:8080", "", "IP addresses"},
		{"https://[::1]", "", "IP addresses"},
	} {
		c, warnings, err := load(production.with(vars{"PUBLIC_URL": tt.public}))
		if err != nil || len(warnings) > 0 {
			t.Errorf("%s: %v, %v", tt.public, warnings, err)
			continue
		}
		off := c.PasskeysOff()
		if c.PasskeyDomain != tt.want || (off == "") != (tt.off == "") || !strings.Contains(off, tt.off) {
			t.Errorf("%s: %q, off %q", tt.public, c.PasskeyDomain, off)
		}
	}
	c, _, err := load(vars{"PUBLIC_URL": "http://auth.test"})
	if err != nil || c.PasskeyDomain != "" || !strings.Contains(c.PasskeysOff(), "plain http") {
		t.Errorf("plain http: %q, %q, %v", c.PasskeyDomain, c.PasskeysOff(), err)
	}
}

func TestPasskeyDomainByName(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"example.org": "example.org", "Auth.Example.org": "auth.example.org", "example.com": "example.com", "a-b.example.co.uk": "a-b.example.co.uk",
	} {
		c, _, err := load(production.with(vars{"PASSKEY_DOMAIN": value}))
		if err != nil || c.PasskeyDomain != want {
			t.Errorf("%s: %q, %v", value, c.PasskeyDomain, err)
		}
	}
	for value, says := range map[string]string{
		"https://example.org": "without scheme", "example.org:443": "without scheme, port", "example.org/": "and path", "example.org.": "a domain alone",
		".example.org": "a domain alone", "*.example.org": "a domain alone", "bücher.example": "ASCII", "a b.org": "a domain alone", "example..org": "a domain alone",
		"-example.org": "a domain alone", "example.123": "a domain alone", "example.org,example.com": "a domain alone",
		"10.0.0.1": "IP addresses", "::1": "IP addresses", "[::1]": "a domain alone",
		"org": "a dot", "latchkey": "a dot", "co.uk": "of your own", "github.io": "of your own", "vercel.app": "of your own",
	} {
		if text := mistaken(t, production.with(vars{"PASSKEY_DOMAIN": value}), "PASSKEY_DOMAIN"); !strings.Contains(text, says) {
			t.Errorf("%s: %q does not say %q", value, text, says)
		}
	}
}

func TestPasskeyOrigins(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		v    vars
		want []string
		file string
	}{
		{"alone", nil, []string{"https://auth.example.org"}, ""},
		{"frontends of one site", vars{"CORS_ORIGINS": "https://app.example.org,https://example.org"},
			[]string{"https://app.example.org", "https://auth.example.org", "https://example.org"}, ""},
		{"what has no passkeys", vars{"CORS_ORIGINS": "http://app.example.org,https://10.0.0.1,https://latchkey,https://localhost:3000,https://app.localhost,http://localhost:3000,capacitor://localhost,https://*.preview.example.org"},
			[]string{"https://auth.example.org"}, ""},
		{"another site", vars{"CORS_ORIGINS": "https://app.example.com"},
			[]string{"https://app.example.com", "https://auth.example.org"}, `{"origins":["https://app.example.com"]}`},
		{"nearly the site", vars{"CORS_ORIGINS": "https://notexample.org,https://example.org.evil.example"},
			[]string{"https://auth.example.org", "https://example.org.evil.example", "https://notexample.org"}, `{"origins":["https://example.org.evil.example","https://notexample.org"]}`},
		{"a narrow domain", vars{"PASSKEY_DOMAIN": "auth.example.org", "CORS_ORIGINS": "https://app.example.org:8443"},
			[]string{"https://app.example.org:8443", "https://auth.example.org"}, `{"origins":["https://app.example.org:8443"]}`},
		{"apps", vars{"PASSKEY_ORIGINS": apk + ", https://example.org, chrome-extension://abcdefghijklmnop, https://app.example.com"},
			[]string{apk, "chrome-extension://abcdefghijklmnop", "https://app.example.com", "https://auth.example.org", "https://example.org"}, `{"origins":["https://app.example.com"]}`},
		{"named twice", vars{"PASSKEY_ORIGINS": "https://app.example.org", "CORS_ORIGINS": "https://app.example.org"},
			[]string{"https://app.example.org", "https://auth.example.org"}, ""},
		{"this machine", vars{"PUBLIC_URL": "http://localhost:8080", "CORS_ORIGINS": "http://localhost:3000,https://app.example.org,http://127.0.0.1:3000"},
			[]string{"http://localhost:3000", "http://localhost:8080"}, ""},
	} {
		c, warnings, err := load(production.with(tt.v))
		if err != nil || !slices.Equal(c.PasskeyOrigins, tt.want) || c.RelatedOriginsFile() != tt.file {
			t.Errorf("%s: %q, file %s, %v", tt.name, c.PasskeyOrigins, c.RelatedOriginsFile(), err)
		}
		for _, w := range warnings {
			if w.Name != "CORS_ORIGINS" { // of plain http
				t.Errorf("%s: %v", tt.name, w)
			}
		}
		for _, origin := range []string{"http://localhost:3001", "http://localhost", "null", "", "https://evil.example.org", "https://x.preview.example.org", "https://AUTH.example.org", "https://auth.example.org/"} {
			if c.MayUsePasskeys(origin) {
				t.Errorf("%s: %q may use passkeys", tt.name, origin)
			}
		}
		for _, origin := range tt.want {
			if !c.MayUsePasskeys(origin) {
				t.Errorf("%s: %q may not use passkeys", tt.name, origin)
			}
		}
	}
	for _, value := range []string{
		"android:apk-key-hash:", "android:apk-key-hash:" + strings.Repeat("A", 42), apk + "=", "Android" + apk[7:], "ios:bundle-id:org.example.app",
		"http://localhost:3000", "https://10.0.0.1", "https://localhost", "https://github.io", "https://app.example.org/", "https://*.example.org", "*", "null", "file://", "app.example.org",
	} {
		mistaken(t, production.with(vars{"PASSKEY_ORIGINS": value}), "PASSKEY_ORIGINS")
	}
}

// In development every page of localhost may use passkeys, and none that only looks so.
func TestPasskeysHere(t *testing.T) {
	t.Parallel()
	c, _, err := load(vars{"CORS_ORIGINS": "https://app.example.org"})
	if err != nil {
		t.Fatal(err)
	}
	for origin, want := range map[string]bool{
		"http://localhost:3000": true, "http://localhost:8080": true, "https://localhost": true, "https://localhost:65535": true,
		"http://localhost:": false, "http://localhost:03000": false, "http://localhost:3000/": false, "http://LOCALHOST:3000": false, "http://localhost.": false,
		"http://127.0.0.1:3000": false, "http://[::1]:3000": false, "http://app.localhost:3000": false, "http://localhost.evil.example": false,
		"http://localhost:3000.evil.example": false, "http://ada@localhost:3000": false, "capacitor://localhost": false, "https://app.example.org": false, "null": false, "": false,
	} {
		if c.MayUsePasskeys(origin) != want {
			t.Errorf("%q may use passkeys: %v", origin, !want)
		}
	}
	c, warnings, err := load(vars{"PUBLIC_URL": "http://127.0.0.1:8080", "PASSKEY_DOMAIN": "localhost"})
	if err != nil || len(warnings) > 0 || !c.MayUsePasskeys("http://localhost:3000") {
		t.Errorf("an address, and pages of localhost: %v, %v", warnings, err)
	}
}

// Browsers read no more than five names of sites: more is a mistake of whoever sets passkeys
// up, and stops nobody who did not.
func TestRelatedOriginsAreFew(t *testing.T) {
	t.Parallel()
	five := "https://a.example.com,https://b.example.com,https://example.co.uk,https://two.org,https://three.org,https://four.org,https://five.org"
	c, warnings, err := load(production.with(vars{"CORS_ORIGINS": five, "PASSKEY_DOMAIN": "example.org"}))
	if err != nil || len(warnings) > 0 || len(c.RelatedOrigins()) != 7 {
		t.Errorf("five: %v, %v, %v", c.RelatedOrigins(), warnings, err)
	}
	six := vars{"CORS_ORIGINS": five + ",https://six.org"}
	for name, value := range map[string]string{"PASSKEY_DOMAIN": "example.org", "PASSKEY_ORIGINS": apk} {
		if text := mistaken(t, production.with(six).with(vars{name: value}), "PASSKEY_DOMAIN"); !strings.Contains(text, "pages of 6") {
			t.Errorf("six: %s", text)
		}
	}
	if _, warnings, err := load(production.with(six)); err != nil || len(warnings) != 1 || warnings[0].Name != "PASSKEY_DOMAIN" {
		t.Errorf("six, and nothing of passkeys: %v, %v", warnings, err)
	}
}

func TestPasskeyWarnings(t *testing.T) {
	t.Parallel()
	for says, v := range map[string]vars{
		"spelled right": production.with(vars{"PASSKEY_DOMAIN": "exmaple.org"}),
		"of no use":     {"PUBLIC_URL": "http://auth.test", "PASSKEY_DOMAIN": "auth.test"},
	} {
		_, warnings, err := load(v)
		if err != nil || len(warnings) != 1 || warnings[0].Name != "PASSKEY_DOMAIN" || !strings.Contains(warnings[0].Text, says) {
			t.Errorf("%v: %v, %v", v, warnings, err)
		}
	}
}
