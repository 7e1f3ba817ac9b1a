package config

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/mail"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

// canary stands for a secret within a value.
const canary = "hunter2"

// settings are all names that there are, in their order.
var settings = sync.OnceValue(func() []string {
	r := newReader(nil, "")
	read(r)
	return slices.Sorted(maps.Keys(r.asked))
})

// sameFromFile loads v from a .env file at path, where its values stand between
// single quotes, and fails unless that comes to what the environment does.
func sameFromFile(t *testing.T, path string, v vars) {
	t.Helper()
	var file strings.Builder
	for name, value := range v {
		if strings.ContainsAny(value, "'\r\n") || strings.HasSuffix(value, `\`) {
			return // cannot be written so
		}
		fmt.Fprintf(&file, "%s='%s'\n", name, value)
	}
	write(t, path, file.String())
	c, warnings, err := load(v)
	fromFile, fileWarnings, fileErr := Load(nil, path)
	if !reflect.DeepEqual(fromFile, c) || !reflect.DeepEqual(fileWarnings, warnings) || !reflect.DeepEqual(fileErr, err) {
		t.Errorf("from .env: %#v, %v, %v; from the environment: %#v, %v, %v", fromFile, fileWarnings, fileErr, c, warnings, err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// quiet fails if what Load says repeats a value, or is no list of lines about
// settings.
func quiet(t *testing.T, warnings []Warning, err error) {
	t.Helper()
	mistakes, ok := errors.AsType[Mistakes](err)
	if err != nil && (!ok || len(mistakes) == 0) {
		t.Fatalf("got %v, want Mistakes", err)
	}
	text := fmt.Sprint(err, warnings)
	if strings.Contains(text, canary) {
		t.Errorf("repeats a value: %s", text)
	}
	if err != nil && (strings.Count(err.Error(), "\n") != len(mistakes) || !utf8.ValidString(err.Error())) {
		t.Errorf("%d mistakes in %q", len(mistakes), err)
	}
	for _, m := range mistakes {
		if m.Name != ".env" && !slices.Contains(settings(), m.Name) {
			t.Errorf("a mistake about %s", m.Name)
		}
	}
}

// Whatever one setting says beside good ones is a mistake about it, in which it
// is not repeated, or a value within its bounds.
func FuzzSettings(f *testing.F) {
	names := settings()
	for i := range names {
		for j, value := range []string{
			" ", canary, "", "\x00", "\xff", "0", "-1", "on", "off", "1s", "99999999999h", "development", "https://a.example", "http://u:hunter2@a.example",
			"https://a.example/?{token}#x", "10.0.0.0/8,::/0", "a:" + key + ",b", "postgres://u:dev_hunter2@h/d", "unix:///x", "tls", "a@b.example", "a\nb", "hs256,hs256", "auto", "hs256,auto,auto",
			key, key + "," + key, "testdata", "https://a.example:443,null,*", "tauri://localhost,https://*.a.example", "https://a.example/id/", "[::1]", "::ffff:1.2.3.4", "%gh&%ij", "https://[::1%25hunter2]", "https://a.example:hunter2", `\`,
		} {
			if j < 3 || (i+j)%6 == 0 {
				f.Add(i, j%2 == 0, value)
			}
		}
	}
	path := filepath.Join(f.TempDir(), ".env")
	f.Fuzz(func(t *testing.T, which int, inProduction bool, value string) {
		name := names[((which%len(names))+len(names))%len(names)]
		if name == "JWT_PRIVATE_KEYS" && (strings.Contains(value, "dev") || strings.Contains(value, "proc")) {
			t.Skip("files that may not end")
		}
		v := vars{name: value}
		if inProduction {
			v = production.with(v)
		}
		sameFromFile(t, path, v)
		for _, hiding := range []string{value, value + canary, canary + value, value + "," + canary, "https://" + canary + value} {
			v[name] = hiding
			c, warnings, err := load(v)
			quiet(t, warnings, err)
			if err == nil {
				within(t, c)
			} else if !reflect.DeepEqual(c, Config{}) {
				t.Errorf("a Config beside %v", err)
			}
		}
	})
}

// within fails unless a configuration that was taken is what its fields promise.
func within(t *testing.T, c Config) {
	t.Helper()
	wrong := func(what string, value any) {
		t.Helper()
		t.Errorf("%s is %q", what, fmt.Sprint(value))
	}
	line := func(s string) bool { return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl) }
	for what, s := range map[string]string{
		"Host": c.Host, "AppName": c.AppName, "DataDir": c.DataDir, "JWTIssuer": c.JWTIssuer, "JWTAudience": c.JWTAudience, "MailServer": c.MailServer,
		"MailFrom": c.MailFrom, "MailFromName": c.MailFromName, "SupportEmail": c.SupportEmail, "ConfirmURL": c.ConfirmURL, "ResetURL": c.ResetURL, "CORSOrigins": strings.Join(c.CORSOrigins, ","),
		"PublicURL": c.PublicURL.String(),
	} {
		if !line(s) {
			wrong(what, s)
		}
	}
	if again, err := parsePublic(c.PublicURL.String()); err != nil || again.String() != c.PublicURL.String() {
		wrong("PublicURL", c.PublicURL)
	}
	if d := c.PasskeyDomain; d != "" {
		if u, err := url.Parse("https://" + d); err != nil || u.Host != d || u.Port() != "" || strings.ToLower(d) != d || net.ParseIP(d) != nil {
			wrong("PasskeyDomain", d)
		}
	}
	if (c.PasskeyDomain == "") != (c.PasskeysOff() != "") || c.PasskeyDomain == "" && len(c.PasskeyOrigins) > 0 {
		wrong("PasskeysOff", c.PasskeysOff())
	}
	for _, o := range c.PasskeyOrigins {
		if !line(o) || !c.MayUsePasskeys(o) || strings.Contains(o, "*") {
			wrong("PasskeyOrigins", o)
		}
	}
	for _, o := range c.CORSOrigins {
		u, err := url.Parse(o)
		if err != nil || u.Scheme+"://"+u.Host != o || strings.ToLower(o) != o || strings.Contains(o, "*") || u.User != nil {
			wrong("CORSOrigins", o)
		}
	}
	for _, host := range c.CORSPreviews {
		if again := checkPreviews(anyLabel + host); again != nil || strings.ContainsAny(host, "*/@?#, ") || !strings.Contains(host, ".") {
			wrong("CORSPreviews", host)
		}
	}
	if !c.Development() && !c.Secure() && !loopback(c.PublicURL.Hostname()) {
		wrong("PublicURL", c.PublicURL)
	}
	if a, err := mail.ParseAddress(c.MailFrom); err != nil || a.Address != c.MailFrom {
		wrong("MailFrom", c.MailFrom)
	}
	if c.Port < 1 || c.Port > 65535 || c.MailPort < 1 || c.MailPort > 65535 || c.PasswordMinLength < 8 || c.PasswordMinLength > 64 {
		wrong("a number", []int{c.Port, c.MailPort, c.PasswordMinLength})
	}
	if c.AccessTokenTTL < time.Second || c.AccessTokenTTL >= c.SessionIdleTTL || c.SessionIdleTTL > c.SessionMaxTTL || c.RefreshGrace < 0 ||
		c.ConfirmTTL < time.Second || c.ResetTTL < time.Second {
		wrong("a duration", c.AccessTokenTTL)
	}
	for _, secret := range c.SecretKeys {
		if len(secret) < 32 || !c.Development() && strings.HasPrefix(string(secret), "dev_") {
			wrong("SecretKeys", len(secret))
		}
	}
	if !c.Development() && len(c.SecretKeys) == 0 {
		wrong("SecretKeys", "empty")
	}
	for _, client := range c.OAuthClients {
		if client.ID == "" || len(client.ID) > 64 || len(client.Secret) < 32 || !line(client.ID+client.Secret) {
			wrong("OAuthClients", client.ID)
		}
	}
	for _, p := range c.TrustedProxies {
		if !p.IsValid() || p.Masked() != p {
			wrong("TrustedProxies", p)
		}
	}
}

// Any file is read, or its first bad line named, without a word of it.
func FuzzDotenv(f *testing.F) {
	for _, seed := range []string{
		"", "\n", "PORT=9000\n", "PORT='9000'\r\nHOST=\"::1\"\r\n", "# hunter2\n", "export PORT=9000", "PORT: 9000", "hunter2", "A=1\nhunter2\nB=2\n", "A='hunter2",
		"A=\"hunter2\\n$B ${C} \\$D\"\n", "SECRET_KEY=hunter2\nSECRET_KEY=hunter2\n", "\ufeffPORT=x", "\xff\xfe=1", "A=\x00", "=hunter2", "A==hunter2", "LATCHKEY_ENV=hunter2 # x",
		"A=$A", "A=${A", "A='''", "A=\"\\", "A=1;B=2", "MAIL_PASSWORD=  hunter2  ", strings.Repeat("A=1\n", 300) + "hunter2", "A=\n=\nhunter2", "hunter2\n" + strings.Repeat("A=1\n", 5000),
	} {
		f.Add(seed)
	}
	path := filepath.Join(f.TempDir(), ".env")
	f.Fuzz(func(t *testing.T, text string) {
		write(t, path, text)
		began := time.Now()
		c, warnings, err := Load(nil, path)
		again, _, _ := Load(nil, path)
		if !reflect.DeepEqual(c, again) {
			t.Errorf("%+v, and then %+v", c, again)
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("took %v", took)
		}
		mistakes, _ := errors.AsType[Mistakes](err)
		for _, m := range mistakes {
			n := 0
			if _, scanErr := fmt.Sscanf(m.Text, "line %d ", &n); m.Name == ".env" && (scanErr != nil || n < 1 || n > strings.Count(text, "\n")+1) {
				t.Errorf("says %q", m.Text)
			}
		}
		named := slices.ContainsFunc(warnings, func(w Warning) bool { return strings.Contains(w.Name, canary) }) // names are no values
		if !named {
			quiet(t, warnings, err)
		}
		if err == nil {
			within(t, c)
		}
	})
}
