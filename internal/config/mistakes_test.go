package config

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// Everything wrong at once: one message, a line each, no value in it.
func TestMistakes_F3(t *testing.T) {
	t.Parallel()
	const leak = "hunter2"
	_, _, err := load(vars{
		"LATCHKEY_ENV": "prod", "HOST": "https://" + leak, "PORT": "80080", "PUBLIC_URL": "http://u:" + leak + "@auth.example.org",
		"APP_NAME": "a\nb", "DATABASE_URL": "mysql://u:" + leak + "@db/l", "REDIS_URL": "redis://:dev_" + leak + "@r",
		"SECRET_KEY":       leak + ",change-me-change-me-change-me-" + leak + ",dev_" + key,
		"ACCESS_TOKEN_TTL": "30d", "SESSION_IDLE_TTL": "2h", "SESSION_MAX_TTL": "1h", "REFRESH_GRACE": "-1s", "CONFIRM_TTL": "0s", "RESET_TTL": "0s", "EVENTS_TTL": "1m",
		"JWT_PRIVATE_KEYS": "hs256,/nowhere/" + leak + ".pem,hs256", "OAUTH_PASSWORD_GRANT": "maybe",
		"CLAIMS_FILE":   claimsFile(t, `{"sub": "`+leak+`", "who": "$`+leak+`", "role": {"$role": {"USER": "`+leak+`"}}}`, 0o644),
		"OAUTH_CLIENTS": leak + ",api:" + leak + ",latchkey:" + key + ",b c,:" + key,
		"REGISTRATION":  "maybe", "PASSWORD_HASH": "md5", "PASSWORD_MIN_LENGTH": "6", "BREACHED_PASSWORDS": "nowhere/" + leak, "BREACHED_FAILURE": "maybe",
		"CORS_ORIGINS": "*,null,https://app.example.org/", "TRUSTED_PROXIES": "10.0.0.0/8,proxy", "PASSKEY_DOMAIN": "https://" + leak + ".example.org", "PASSKEY_ORIGINS": "https://app.example.org,android:apk-key-hash:" + leak,
		"MAIL_PORT": "smtp", "MAIL_PASSWORD": leak, "MAIL_TLS": "on", "MAIL_FROM": "Ada <ada@example.org>", "MAIL_TEMPLATES": "testdata/" + leak,
		"APP_URL": "javascript:alert(1)", "ACCOUNT_URL": "/account", "CONFIRM_URL": "https://app.example.org/confirm", "RESET_URL": "https://app.example.org/reset",
		"INTROSPECTION": "true", "EXPLORER": "1", "LOG_LEVEL": "loud", "LOG_FORMAT": "xml", "ACCESS_LOG": "yes", "LOG_ADDRESSES": leak,
		"OTEL_EXPORTER_OTLP_ENDPOINT": leak, "OTEL_EXPORTER_OTLP_HEADERS": leak, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
	})
	if err == nil {
		t.Fatal("no mistake")
	}
	const golden = "testdata/mistakes.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(err.Error()+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, readErr := os.ReadFile(golden)
	if readErr != nil {
		t.Fatal(readErr)
	}
	if got := err.Error() + "\n"; got != string(want) {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if strings.Contains(err.Error(), leak) {
		t.Error("the message quotes a value")
	}
}

func TestProductionRefuses_F3(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, value, says string
	}{
		{"SECRET_KEY", "", "required"},
		{"SECRET_KEY", key[:31], "31 bytes"},
		{"SECRET_KEY", key + "," + key[:31], "secret 2"},
		{"SECRET_KEY", "dev_" + key, "development"},
		{"SECRET_KEY", "change-me-to-a-random-string-of-32-bytes", "sample"},
		{"SECRET_KEY", "Change_Me Zk3vQ8w1Lr7TnXy5Bd0HsGm9", "sample"},
		{"SECRET_KEY", "your-super-secret-jwt-token-with-at-least-32-characters", "sample"},
		{"SECRET_KEY", "a-string-secret-at-least-256-bits-long", "sample"},
		{"SECRET_KEY", strings.Repeat("k", 64), "sample"},
		{"SECRET_KEY", "0f1e2d3c4b5a69780f1e2d3c4b5a6978", "sample"}, // one block twice
		{"SECRET_KEY", "aabbaabababbabaabbabaabbababaabb", "sample"}, // two letters
		{"SECRET_KEY", "klmnopqrstuvwxyzABCDEFGHIJKLMNOP", "sample"}, // the alphabet
		{"PUBLIC_URL", "", "required"},
		{"PUBLIC_URL", "http://auth.example.org", "https://"},
		{"MAIL_SERVER", "", "required"},
		{"MAIL_FROM", "", "required"},
		{"DATABASE_URL", "postgres://latchkey:dev_only@db/latchkey", "development"},
		{"DATABASE_URL", "postgres://db/latchkey?user=latchkey&password=dev_only", "development"},
		{"REDIS_URL", "redis://:dev_only@redis:6379", "development"},
	}
	for _, tt := range tests {
		text := mistaken(t, production.with(vars{tt.name: tt.value}), tt.name)
		if !strings.Contains(text, tt.says) {
			t.Errorf("%s=%s: %q does not say %q", tt.name, tt.value, text, tt.says)
		}
		if tt.name == "SECRET_KEY" && !strings.Contains(text, "openssl rand") {
			t.Errorf("%q does not say how to make a secret", text)
		}
	}
}

// The least length and the ban on samples hold in development too; only its own
// mark is welcome there.
func TestDevelopmentSecrets_F3(t *testing.T) {
	t.Parallel()
	mistaken(t, vars{"SECRET_KEY": key[:31]}, "SECRET_KEY")
	mistaken(t, vars{"SECRET_KEY": strings.Repeat("k", 64)}, "SECRET_KEY")
	if _, _, err := load(vars{"SECRET_KEY": "dev_" + key, "DATABASE_URL": "postgres://u:dev_only@db/l", "LATCHKEY_ENV": "development"}); err != nil {
		t.Errorf("development refuses what was made for it: %v", err)
	}
}

func TestPublicURL_D7(t *testing.T) {
	t.Parallel()
	good := map[string]string{
		"https://auth.example.org":       "https://auth.example.org",
		"https://Auth.Example.org:443/":  "https://auth.example.org",
		"https://auth.example.org:8443/": "https://auth.example.org:8443",
		"http://localhost:8080":          "http://localhost:8080",
		"http://127.0.0.1":               "http://127.0.0.1",
		"http://[0:0::1]:8080":           "http://[::1]:8080",

		"https://example.org/id":          "https://example.org/id",
		"https://Example.org:443/Log_in/": "https://example.org/Log_in",
		"https://example.org/a/b.c-d/~e":  "https://example.org/a/b.c-d/~e",
	}
	for value, want := range good {
		c, _, err := load(production.with(vars{"PUBLIC_URL": value}))
		if err != nil || c.PublicURL.String() != want {
			t.Errorf("%s: got %v, %v, want %s", value, c.PublicURL, err, want)
		}
	}
	for _, value := range []string{
		"auth.example.org", "//auth.example.org", "ftp://auth.example.org", "https:auth.example.org", "https://", "https:///x",
		"https://auth.example.org/id?x=1", "https://auth.example.org/id#x", "https://auth.example.org/id//", "https://auth.example.org//id",
		"https://auth.example.org/a/../b", "https://auth.example.org/.", "https://auth.example.org/.well-known", "https://auth.example.org/a%2Fb",
		"https://auth.example.org/a;b", "https://auth.example.org/a b", "https://auth.example.org/{id}", "https://auth.example.org?x=1", "https://auth.example.org?", "https://auth.example.org#x",
		"https://me@auth.example.org", "https://me:pw@auth.example.org", "https://auth.example.org:0", "https://auth.example.org:99999",
		"https://auth.example.org:", "https://*.example.org", "https://bücher.example", "https://a b", "https://[fe80::1%25eth0]",
		"http://localhost.example.org", "http://127.0.0.1.example.org", "http://auth.localhost.",
	} {
		mistaken(t, production.with(vars{"PUBLIC_URL": value}), "PUBLIC_URL")
	}
}

// A server that people reach from elsewhere is none for development, said or not.
func TestPublicDevelopment_F5(t *testing.T) {
	t.Parallel()
	for _, value := range []string{
		"https://auth.example.org", "http://auth.example.org:8080", "https://203.0.113.7", "https://[2001:db8::7]", "http://localhost.example.org",
		"https://auth.internal",
	} {
		for _, env := range []string{"", "development"} {
			if text := mistaken(t, vars{"LATCHKEY_ENV": env, "PUBLIC_URL": value}, "PUBLIC_URL"); !strings.Contains(text, "LATCHKEY_ENV=production") {
				t.Errorf("%s: %q does not say what to set", value, text)
			}
		}
	}
	for _, value := range []string{
		"http://localhost:9000", "http://auth.localhost", "http://127.0.0.1:8080", "http://[::1]", "http://192.168.1.20:8080", "http://[fd00::1]:8080",
		"http://latchkey:8080", "http://auth.test",
	} {
		if _, _, err := load(vars{"PUBLIC_URL": value}); err != nil {
			t.Errorf("%s: %v", value, err)
		}
	}
}

func TestCORSOrigins_I5(t *testing.T) {
	t.Parallel()
	for _, value := range []string{
		"*", "null", "https://*", "https://*.", "https://*.*.example.org", "https://*example.org", "https://app.*.example.org", "http://*.example.org", "capacitor://*.example.org",
		"https://*.org", "https://*.co.uk", "https://*.vercel.app", "https://*.localhost", "https://*.127.0.0.1", "https://*.[::1]", "https://*.example.org/", "https://*.Example.org",
		"https://*.example.org:443", "https://*.example.org.", "https://*.me@example.org",
		"capacitor://localhost/", "capacitor://localhost/x", "capacitor://", "Capacitor://localhost", "capacitor://Localhost", "capacitor:localhost", "app://a?b", "app://a#b", "app://a@b",
		"file:///home", "file://localhost", "javascript://localhost", "data://x", "blob://x", "ws://localhost", "1app://x", "app://a b", "app.example.org", "https://app.example.org/", "https://app.example.org/x",
		"https://App.example.org", "https://app.example.org:443", "http://app.example.org:80", "https://me@app.example.org",
		"https://app.example.org?", "https://app.example.org#", "file://", "https://app.example.org:08443", "https://bücher.example",
	} {
		mistaken(t, vars{"CORS_ORIGINS": "https://ok.example.org," + value}, "CORS_ORIGINS")
	}
	named := []string{
		"https://app.example.org", "http://localhost:5173", "http://tauri.localhost", "https://[::1]:3000", "capacitor://localhost", "ionic://localhost", "tauri://localhost",
		"app://bundle", "chrome-extension://abcdefghijklmnopabcdefghijklmnop", "com.example.app://localhost",
	}
	previews := []string{"example.org", "preview.example.co.uk:8443", "shop.pages.dev"}
	text := strings.Join(named, ",")
	for _, host := range previews {
		text += ",https://*." + host
	}
	for _, v := range []vars{{"CORS_ORIGINS": text}, production.with(vars{"CORS_ORIGINS": text})} {
		c, warnings, err := load(v)
		if err != nil || len(warnings) > 0 || !slices.Equal(c.CORSOrigins, named) || !slices.Equal(c.CORSPreviews, previews) {
			t.Errorf("got %q and %q, %v, %v", c.CORSOrigins, c.CORSPreviews, warnings, err)
		}
	}
}

// What is advised is taken, and is nothing else.
func TestAdviceForOrigins_I5(t *testing.T) {
	t.Parallel()
	const before = "https://app.example.org,https://*.example.org"
	c, _, err := load(vars{"CORS_ORIGINS": before})
	if err != nil {
		t.Fatal(err)
	}
	for _, origin := range []string{"http://192.168.1.5:5173", "https://other.example", "tauri://localhost"} {
		got := c.AdviceFor(origin)
		if got != "CORS_ORIGINS="+before+","+origin {
			t.Errorf("%s: got %q", origin, got)
		}
		if _, _, err := load(vars{"CORS_ORIGINS": strings.TrimPrefix(got, "CORS_ORIGINS=")}); err != nil {
			t.Error(err)
		}
	}
	if got := c.AdviceFor("null"); got == "" || strings.Contains(got, "CORS_ORIGINS") {
		t.Errorf("null: got %q", got)
	}
	for _, origin := range []string{"", "*", "https://*.example.com", "file://", "https://a.example,https://b.example", "https://a.example\n", "hunter2", "https://hunter2@a.example", "https://a.example/x"} {
		if got := c.AdviceFor(origin); got != "" {
			t.Errorf("%q: got %q", origin, got)
		}
	}
}

func TestTargets_D8(t *testing.T) {
	t.Parallel()
	const page = "https://app.example.org/confirm#token={token}"
	c, _, err := load(production.with(vars{"APP_URL": "http://localhost:5173/", "CONFIRM_URL": page, "RESET_URL": page}))
	if err != nil || c.AppURL.String() != "http://localhost:5173/" || c.ConfirmURL != page || c.ResetURL != page {
		t.Errorf("got %v, %q, %v", c.AppURL, c.ConfirmURL, err)
	}
	for _, value := range []string{"/welcome", "http://app.example.org", "javascript:alert(1)", "https://a@b.example", "app://x"} {
		mistaken(t, vars{"APP_URL": value}, "APP_URL")
	}
	for _, value := range []string{
		"/confirm?token={token}", "http://app.example.org/?t={token}", "https://app.example.org/", "https://{token}.example.org/",
		"https://app.example.org/?t={token}&e={email}", "https://app.example.org/{{token}}", "javascript:{token}",
	} {
		mistaken(t, vars{"CONFIRM_URL": value}, "CONFIRM_URL")
		mistaken(t, vars{"RESET_URL": value}, "RESET_URL")
	}
}

// One wrong value each, beside good ones.
func TestWrongValues(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, values string }{
		{"LATCHKEY_ENV", "Production|prod"},
		{"HOST", "localhost:80|[::1|http://x|*|-x"},
		{"PORT", "0|65536|-1|http|80.5"},
		{"APP_NAME", "a\x00b|" + strings.Repeat("x", 65) + "|\xff"},
		{"DATABASE_URL", "host=db user=u|sqlite:x|db:5432"},
		{"REDIS_URL", "localhost:6379|http://r"},
		{"ACCESS_TOKEN_TTL", "0|-1m|900|15 m|999ms|720h"},
		{"SESSION_IDLE_TTL", "0s|30d|4321h"},
		{"SESSION_MAX_TTL", "0s|x"},
		{"REFRESH_GRACE", "-1s|30"},
		{"CONFIRM_TTL", "0s|1d"},
		{"RESET_TTL", "0s|1d"},
		{"EVENTS_TTL", "59m|90d"},
		{"EMAIL_LOGIN", "yes|1"},
		{"TRUSTED_DEVICE_TTL", "30d|4321h|-1s"},
		{"LOGIN_URL", "https://app.example.org/login|https://app.example.org/login?code={token}|http://app.example.org/#{code}"},
		{"REGISTRATION", "on|Closed"},
		{"PASSWORD_HASH", "scrypt|BCRYPT"},
		{"PASSWORD_MIN_LENGTH", "7|65|eight"},
		{"TRUSTED_PROXIES", "proxy|10.0.0.0/33|fe80::1%eth0|*|::ffff:10.0.0.0/104"},
		{"MAIL_SERVER", "smtp://x|mail:587|a b"},
		{"MAIL_PORT", "0|x"},
		{"MAIL_USERNAME", ""},
		{"MAIL_PASSWORD", "x"},
		{"MAIL_TLS", "ssl|TLS"},
		{"MAIL_FROM", "a|a@|<a@b.example>|Ada <a@b.example>|a@b.example, c@d.example|\"a b\"@c.example|ä@b.example|a@b.example (x)"},
		{"MAIL_FROM_NAME", "a\r\nBcc: x"},
		{"SUPPORT_EMAIL", "help|Help <a@b.example>|a@b.example\r\nBcc: x|mailto:a@b.example"},
		{"MAIL_TEMPLATES", "nowhere|config.go|a\x00b"},
		{"OAUTH_PASSWORD_GRANT", "true|ON"},
		{"INTROSPECTION", "true|yes|ON"},
		{"EXPLORER", "1"},
		{"LOG_LEVEL", "trace|INFO"},
		{"LOG_FORMAT", "text"},
	}
	for _, tt := range tests {
		for value := range strings.SplitSeq(tt.values, "|") {
			if value != "" {
				mistaken(t, production.with(vars{"DATABASE_URL": "postgres://db/l", tt.name: value}), tt.name)
			}
		}
	}
}

func TestGraceMayBeZero_E2(t *testing.T) {
	t.Parallel()
	if c, _, err := load(vars{"REFRESH_GRACE": "0"}); err != nil || c.RefreshGrace != 0 {
		t.Errorf("got %v, %v, want 0", c.RefreshGrace, err)
	}
}

func TestMailUserWithoutPassword(t *testing.T) {
	t.Parallel()
	mistaken(t, vars{"MAIL_USERNAME": "u"}, "MAIL_PASSWORD")
}
