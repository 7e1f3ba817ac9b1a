package doctor

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/config"
	"latchkey/internal/jwt"
)

func parse(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// said is a report in a few words: its verdicts, and all texts.
func said(r report) (verdicts, texts string) {
	var v, s []string
	for _, f := range r {
		if f.Text == "" || (f.Verdict == OK) != (f.Advice == "") {
			s = append(s, "without text or advice: ")
		}
		v, s = append(v, string(f.Verdict)), append(s, f.Text, f.Advice)
	}
	return strings.Join(v, " "), strings.Join(s, "\n")
}

// What settings mean for browsers and client addresses is said from them alone.
func TestSettings(t *testing.T) {
	for _, c := range []struct {
		name, env, public string
		origins           []string
		proxies           int
		browsers, proxied string // verdicts
		says              string
	}{
		{"one host", "production", "https://auth.example.org", nil, 1, "ok", "ok", "only pages of https://auth.example.org"},
		{"a path of one host", "production", "https://example.org/id", nil, 1, "ok", "ok", "only pages of https://example.org may"},
		{"an app", "production", "https://auth.example.org", []string{"capacitor://localhost"}, 1, "warn", "ok", "transport BODY"},
		{"same site", "production", "https://auth.example.org", []string{"https://app.example.org"}, 1, "ok", "ok", "use the cookie"},
		{"same site by port", "development", "http://localhost:8080", []string{"http://localhost:3000"}, 0, "ok ok", "ok", "pages of this machine"},
		{"another site", "production", "https://auth.example.org", []string{"https://app.example.com"}, 1, "warn", "ok", "SameSite=Lax"},
		{"another owner of one suffix", "production", "https://a.github.io", []string{"https://b.github.io"}, 1, "warn", "ok", "SameSite=Lax"},
		{"another scheme", "production", "https://auth.example.org", []string{"http://app.example.org"}, 1, "warn", "ok", "SameSite=Lax"},
		{"addresses", "production", "https://10.0.0.1", []string{"https://10.1.0.1", "https://10.0.0.1:444"}, 1, "warn ok", "ok", "SameSite=Lax"},
		{"plain http", "development", "http://auth.example.org", nil, 0, "ok fail", "ok", "plain http"},
		{"this machine in production", "production", "http://localhost:8080", nil, 0, "ok warn", "ok", "work nowhere else"},
		{"a proxy that is not named", "production", "https://auth.example.org", nil, 0, "ok", "warn", "TRUSTED_PROXIES is empty"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &Subject{Config: config.Config{Env: c.env, PublicURL: parse(t, c.public), CORSOrigins: c.origins}}
			for range c.proxies {
				s.Config.TrustedProxies = append(s.Config.TrustedProxies, netip.MustParsePrefix("10.0.0.0/8"))
			}
			var browsers, proxies report
			s.browsers(t.Context(), &browsers)
			s.proxies(t.Context(), &proxies)
			verdicts, text1 := said(browsers)
			proxied, text2 := said(proxies)
			if verdicts != c.browsers || proxied != c.proxied || !strings.Contains(text1+text2, c.says) {
				t.Errorf("browsers %s, proxies %s; want %s, %s and %q:\n%s\n%s", verdicts, proxied, c.browsers, c.proxied, c.says, text1, text2)
			}
		})
	}
}

// What passkeys are made for is said, and what another host has to answer.
func TestPasskeys(t *testing.T) {
	base := []string{"LATCHKEY_ENV=production", "SECRET_KEY=Zk3vQ8w1Lr7TnXy5Bd0HsGm9JpUc2FaE", "MAIL_SERVER=smtp.example.org", "MAIL_FROM=no-reply@example.org"}
	for _, c := range []struct{ environ, verdicts, says string }{
		{"LATCHKEY_ENV=production PUBLIC_URL=https://auth.example.org", "ok", "made for example.org (PASSKEY_DOMAIN), and used by https://auth.example.org"},
		{"LATCHKEY_ENV=production PUBLIC_URL=https://auth.example.org CORS_ORIGINS=https://app.example.com", "ok warn",
			"https://app.example.com may use them only if https://example.org/.well-known/webauthn lists them"},
		{"LATCHKEY_ENV=production PUBLIC_URL=https://auth.example.org CORS_ORIGINS=https://app.example.com", "ok warn", `answer {"origins":["https://app.example.com"]}, as`},
		{"LATCHKEY_ENV=production PUBLIC_URL=https://example.org CORS_ORIGINS=https://app.example.com", "ok ok", "by the file that this service has"},
		{"LATCHKEY_ENV=production PUBLIC_URL=https://10.0.0.1", "warn", "there can be no passkeys. PUBLIC_URL: there are no passkeys for IP addresses"},
		{"LATCHKEY_ENV=development PUBLIC_URL=http://127.0.0.1:8080", "warn", "PASSKEY_DOMAIN=localhost"},
		{"LATCHKEY_ENV=development PUBLIC_URL=http://auth.test", "warn", "plain http"},
		{"LATCHKEY_ENV=development", "ok", "used by http://localhost:8080, every page of localhost"},
	} {
		cfg, _, err := config.Load(append(slices.Clone(base), strings.Fields(c.environ)...), "")
		if err != nil {
			t.Fatal(err)
		}
		var r report
		(&Subject{Config: cfg}).passkeys(t.Context(), &r)
		if verdicts, texts := said(r); verdicts != c.verdicts || !strings.Contains(texts, c.says) {
			t.Errorf("%s: %s, want %s and %q:\n%s", c.environ, verdicts, c.verdicts, c.says, texts)
		}
	}
}

func TestConfiguration(t *testing.T) {
	s := &Subject{Config: config.Config{Env: config.Development, PublicURL: parse(t, "http://latchkey:8080"),
		SecretKeys: [][]byte{make([]byte, 64), make([]byte, 40)}},
		Warnings: []config.Warning{{Name: "MAIL_TLS", Text: "is none"}}}
	var r report
	s.configuration(t.Context(), &r)
	s.keys(t.Context(), &r)
	verdicts, texts := said(r)
	if verdicts != "ok warn warn ok" {
		t.Errorf("verdicts %s:\n%s", verdicts, texts)
	}
	for _, want := range []string{"MAIL_TLS: is none", "runs for development", "2 secrets of 40 bytes or more"} {
		if !strings.Contains(texts, want) {
			t.Errorf("nothing says %q:\n%s", want, texts)
		}
	}
}

// The claims of the operator's own that are in force are named.
func TestClaims_F6(t *testing.T) {
	template, problems := jwt.ParseTemplate([]byte(`{"db_role": "$role", "https://example.org/x": 1}`))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	var none, some report
	(&Subject{}).claims(t.Context(), &none)
	(&Subject{Config: config.Config{Claims: template}}).claims(t.Context(), &some)
	if verdicts, text := said(some); len(none) > 0 || verdicts != "ok" || !strings.Contains(text, "db_role, https://example.org/x (CLAIMS_FILE)") {
		t.Errorf("without a file %v, with one %s: %s", none, verdicts, text)
	}
}

func TestClockAndVersion(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		drift time.Duration
		want  string
	}{{0, ""}, {4 * time.Second, ""}, {-4 * time.Second, ""}, {6 * time.Second, "warn"}, {-time.Hour, "warn"}} {
		var r report
		r.clock("database", "PostgreSQL", now.Add(c.drift), now)
		if got, _ := said(r); got != c.want {
			t.Errorf("%v apart: %q, want %q", c.drift, got, c.want)
		}
	}
	for version, want := range map[string]bool{"6.0.16": true, "5.9": true, "6.2.0": false, "7.0.15": false, "10.1": false, "valkey": false} {
		if tooOld(version) != want {
			t.Errorf("Redis %s too old: %v", version, !want)
		}
	}
}

func TestSteps(t *testing.T) {
	for _, c := range []struct {
		known, taken     []int64
		pending, unknown int
	}{{[]int64{1, 2}, nil, 2, 0}, {[]int64{1, 2}, []int64{1, 2}, 0, 0}, {[]int64{1, 2}, []int64{1}, 1, 0}, {[]int64{1}, []int64{1, 2, 3}, 0, 2}} {
		if pending, unknown := steps(c.known, c.taken); pending != c.pending || unknown != c.unknown {
			t.Errorf("%v, %v: %d, %d; want %d, %d", c.known, c.taken, pending, unknown, c.pending, c.unknown)
		}
	}
}
