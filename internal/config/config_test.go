package config

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "rewrite golden files")

// key is as good a secret as any that was ever in a public repository.
const key = "Zk3vQ8w1Lr7TnXy5Bd0HsGm9JpUc2FaE"

// production is the least that production starts with.
var production = vars{
	"LATCHKEY_ENV": "production", "SECRET_KEY": key, "PUBLIC_URL": "https://auth.example.org",
	"MAIL_SERVER": "smtp.example.org", "MAIL_FROM": "no-reply@example.org",
}

type vars map[string]string

// with returns a copy of v with more in it.
func (v vars) with(more vars) vars {
	all := maps.Clone(v)
	maps.Copy(all, more)
	return all
}

func (v vars) environ() []string {
	var env []string
	for name, value := range v {
		env = append(env, name+"="+value)
	}
	return env
}

// load loads v without a .env file.
func load(v vars) (Config, []Warning, error) { return Load(v.environ(), "") }

// mistaken returns the text of the only mistake in v, and fails unless it is
// one about name.
func mistaken(t *testing.T, v vars, name string) string {
	t.Helper()
	_, _, err := load(v)
	var m Mistakes
	if !errors.As(err, &m) || len(m) != 1 || m[0].Name != name {
		t.Fatalf("got %v, want one mistake about %s", err, name)
	}
	return m[0].Text
}

func TestDefaultsOfDevelopment(t *testing.T) {
	t.Parallel()
	got, warnings, err := load(nil)
	if err != nil || len(warnings) != 0 {
		t.Fatalf("got %v, %v", err, warnings)
	}
	public, _ := parseOrigin("http://localhost:8080")
	want := Config{
		Env: Development, Host: "127.0.0.1", Port: 8080, PublicURL: public, AppName: "Latchkey", DataDir: "data",
		JWTKeys: []JWTKey{{Auto: true}}, OAuthPasswordGrant: true,
		JWTIssuer: "http://localhost:8080", JWTAudience: "http://localhost:8080",
		AccessTokenTTL: 15 * time.Minute, SessionIdleTTL: 720 * time.Hour, SessionMaxTTL: 4320 * time.Hour,
		RefreshGrace: 30 * time.Second, ConfirmTTL: 24 * time.Hour, ResetTTL: time.Hour, EventsTTL: 2160 * time.Hour,
		RegistrationOpen: true, PasswordHash: "argon2id", PasswordMinLength: 8, SecondFactor: "off", FreshFor: 10 * time.Minute,
		PasskeyDomain: "localhost", PasskeyOrigins: []string{"http://localhost:8080"},
		MailPort: 587, MailTLS: "starttls", MailFrom: "latchkey@localhost", MailFromName: "Latchkey",
		AdminPage: true, Introspection: true, Explorer: true, ExplorerHere: true, LogLevel: "info", LogFormat: "console",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %#v\nwant %#v", got, want)
	}
	if !got.Development() || got.Secure() || !got.Inbox() || got.ListenAddr() != "127.0.0.1:8080" {
		t.Errorf("accessors: %v %v %v %v", got.Development(), got.Secure(), got.Inbox(), got.ListenAddr())
	}
}

func TestDefaultsOfProduction_I4(t *testing.T) {
	t.Parallel()
	got, warnings, err := load(production)
	if err != nil || len(warnings) != 0 {
		t.Fatalf("got %v, %v", err, warnings)
	}
	if got.Development() || got.Inbox() || got.Introspection || got.Explorer {
		t.Errorf("development, inbox, introspection or explorer are on in production")
	}
	if !got.Secure() || got.ListenAddr() != ":8080" || got.LogFormat != "json" || got.JWTIssuer != "https://auth.example.org" {
		t.Errorf("secure %v, listen %q, log %q, issuer %q", got.Secure(), got.ListenAddr(), got.LogFormat, got.JWTIssuer)
	}
}

func TestEnvironment(t *testing.T) {
	t.Parallel()
	const dsn = "postgres://u:p@db/l"
	tests := []struct {
		env, database string
		development   bool
	}{
		{"", "", true},
		{"", dsn, false},
		{"development", dsn, true},
		{"production", "", false}, // SQLite is allowed in production
	}
	for _, tt := range tests {
		got, _, err := load(production.with(vars{"LATCHKEY_ENV": tt.env, "DATABASE_URL": tt.database, "PUBLIC_URL": "http://localhost:8080"}))
		if err != nil || got.Development() != tt.development {
			t.Errorf("LATCHKEY_ENV=%q DATABASE_URL=%q: development %v, %v", tt.env, tt.database, got.Development(), err)
		}
	}
}

// Whatever is not set in the process may stand in .env; empty is not set.
func TestDotenv(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), ".env")
	text := "\ufeff# comment\r\nPORT=9000\r\nexport APP_NAME='A $mall # shop'\nLOG_LEVEL=debug\nMAIL_PASSWORD=\nLATCHKEY_COLOUR=red\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	got, warnings, err := Load([]string{"LOG_LEVEL=warn", "APP_NAME="}, file)
	if err != nil {
		t.Fatal(err)
	}
	if got.Port != 9000 || got.AppName != "A $mall # shop" || got.LogLevel != "warn" || got.PublicURL.Port() != "9000" {
		t.Errorf("got port %d, name %q, level %q, %v", got.Port, got.AppName, got.LogLevel, got.PublicURL)
	}
	if len(warnings) != 1 || warnings[0].Name != "LATCHKEY_COLOUR" {
		t.Errorf("warnings %v, want one about LATCHKEY_COLOUR", warnings)
	}
	if _, _, err := Load(nil, file+".missing"); err != nil {
		t.Errorf("without a file: %v", err)
	}
}

// The parser's own message would quote the file.
func TestBrokenDotenvIsNotQuoted_I7(t *testing.T) {
	t.Parallel()
	for _, broken := range []string{"PORT=8080\n\nSECRET-KEY=hunter2\n", "A='x\ny'\nMAIL_PASSWORD='hunter2\nPORT=1\n"} {
		file := filepath.Join(t.TempDir(), ".env")
		if err := os.WriteFile(file, []byte(broken), 0o600); err != nil {
			t.Fatal(err)
		}
		_, _, err := Load(nil, file)
		if err == nil || !strings.Contains(err.Error(), ".env: line 3 ") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("got %v, want a mistake in line 3 and no value", err)
		}
	}
	if _, _, err := Load(nil, t.TempDir()); err == nil {
		t.Error("a folder as .env is no mistake")
	}
}

func TestUnknownName(t *testing.T) {
	t.Parallel()
	_, warnings, err := load(vars{"LATCHKEY_PORT": "tcp://10.0.0.1:8080", "LATCHKEY_ENV": "development", "PATH": "/bin"})
	if err != nil || len(warnings) != 1 || warnings[0].Name != "LATCHKEY_PORT" {
		t.Errorf("got %v, %v; want one warning about LATCHKEY_PORT", warnings, err)
	}
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	tests := []struct {
		vars vars
		name string // "" for no warning
	}{
		{vars{"HOST": "0.0.0.0"}, "HOST"},
		{vars{"HOST": "::1"}, ""},
		{vars{"HOST": "0.0.0.0", "MAIL_SERVER": "mailpit", "MAIL_TLS": "none"}, ""},
		{production.with(vars{"MAIL_TLS": "none"}), "MAIL_TLS"},
		{production.with(vars{"MAIL_TLS": "none", "MAIL_SERVER": "127.0.0.1"}), ""},
		{vars{"MAIL_SERVER": "mx", "MAIL_TLS": "none", "MAIL_USERNAME": "u", "MAIL_PASSWORD": "p"}, "MAIL_TLS"},
		{production.with(vars{"MAIL_TLS": "tls"}), "MAIL_PORT"},
		{production.with(vars{"MAIL_TLS": "tls", "MAIL_PORT": "465"}), ""},
		{production.with(vars{"TRUSTED_PROXIES": "0.0.0.0/0"}), "TRUSTED_PROXIES"},
		{production.with(vars{"CORS_ORIGINS": "http://app.example.org"}), "CORS_ORIGINS"},
		{production.with(vars{"CORS_ORIGINS": "http://localhost:5173"}), ""},
	}
	for _, tt := range tests {
		_, warnings, err := load(tt.vars)
		if err != nil {
			t.Errorf("%v: %v", tt.vars, err)
		}
		if got := fmt.Sprint(warnings); (tt.name == "") != (len(warnings) == 0) || !strings.HasPrefix(got, "["+tt.name) {
			t.Errorf("%v: warnings %s, want about %q", tt.vars, got, tt.name)
		}
	}
}

func TestLists_I5(t *testing.T) {
	t.Parallel()
	got, _, err := load(vars{
		"CORS_ORIGINS":    " https://app.example.org , http://localhost:5173,",
		"TRUSTED_PROXIES": "10.1.2.3/8, 192.0.2.7,::ffff:192.0.2.8,fd00::1",
		"SECRET_KEY":      key + "," + "dev_" + key,
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"https://app.example.org", "http://localhost:5173"}; !slices.Equal(got.CORSOrigins, want) {
		t.Errorf("origins %q, want %q", got.CORSOrigins, want)
	}
	var proxies []netip.Prefix
	for _, s := range []string{"10.0.0.0/8", "192.0.2.7/32", "192.0.2.8/32", "fd00::1/128"} {
		proxies = append(proxies, netip.MustParsePrefix(s))
	}
	if !slices.Equal(got.TrustedProxies, proxies) {
		t.Errorf("proxies %v, want %v", got.TrustedProxies, proxies)
	}
	if len(got.SecretKeys) != 2 || string(got.SecretKeys[0]) != key {
		t.Errorf("%d secrets, or the wrong first one", len(got.SecretKeys))
	}
}

func TestOwnOrigin_I5(t *testing.T) {
	t.Parallel()
	tests := []struct {
		vars vars
		want string
	}{
		{nil, "http://localhost:8080"},
		{vars{"PORT": "80"}, "http://localhost"},
		{vars{"PUBLIC_URL": "https://Tunnel.test:443/"}, "https://tunnel.test"},
		{production, "https://auth.example.org"},
		{production.with(vars{"PUBLIC_URL": "http://[::1]:8080"}), "http://[::1]:8080"},
		{production.with(vars{"PUBLIC_URL": "https://example.org/id/"}), "https://example.org"},
	}
	for _, tt := range tests {
		c, _, err := load(tt.vars)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Origin(); got != tt.want {
			t.Errorf("%v: got %q, want %q", tt.vars, got, tt.want)
		}
	}
}

// A Config that is printed shows no secret.
func TestPrinted_I7(t *testing.T) {
	t.Parallel()
	c, _, err := load(production.with(vars{"MAIL_USERNAME": "u", "MAIL_PASSWORD": "hunter2", "DATABASE_URL": "postgres://u:hunter2@db/l"}))
	if err != nil {
		t.Fatal(err)
	}
	for _, printed := range []string{fmt.Sprint(c), fmt.Sprintf("%+v", c), (&c).String()} {
		if printed != "production on :8080" {
			t.Errorf("printed as %q", printed)
		}
	}
}

// Where new passwords are looked up is nowhere, a service or a file.
func TestBreached(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "breaches.lkb")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		set, service, file string
		wrong              bool
	}{
		{"", "", "", false},
		{"off", "", "", false},
		{"hibp", "https://api.pwnedpasswords.com/range/", "", false},
		{"https://pwned.example.org/api/range/", "https://pwned.example.org/api/range/", "", false},
		{"http://localhost:8081/range/", "http://localhost:8081/range/", "", false},
		{"http://pwned.example.org/range/", "", "", true}, // whoever sits on the way reads the digits
		{"https://pwned.example.org/", "", "", true},
		{"https://pwned.example.org/range", "", "", true},
		{"https://pwned.example.org/?/range/", "", "", true},
		{"https://u:p@pwned.example.org/range/", "", "", true},
		{"ftp://pwned.example.org/range/", "", "", true},
		{file, "", file, false},
		{file + ".not", "", "", true},
		{filepath.Dir(file), "", "", true},
		{"hipb", "", "", true},
	} {
		c, _, err := load(vars{"BREACHED_PASSWORDS": tt.set})
		service := ""
		if c.BreachedService != nil {
			service = c.BreachedService.String()
		}
		if (err != nil) != tt.wrong || service != tt.service || c.BreachedFile != tt.file {
			t.Errorf("%q: %q, %q, %v", tt.set, service, c.BreachedFile, err)
		}
	}
}
