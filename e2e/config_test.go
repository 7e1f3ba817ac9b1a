package e2e_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"latchkey/internal/testenv"
)

// productionEnv is the least that production starts with, on SQLite, and more
// settings, which go before.
func productionEnv(more ...string) []string {
	return append([]string{
		"LATCHKEY_ENV=production", "SECRET_KEY=" + knownSecret, "PUBLIC_URL=https://auth.example.org",
		"MAIL_SERVER=127.0.0.1", "MAIL_FROM=auth@example.org", "HOST=127.0.0.1", "PORT=9",
		"GORACE=atexit_sleep_ms=0", // the detector waits a second at the end
	}, more...)
}

// mustNotStart fails the test unless the server refuses to start with this
// environment and names each of the settings, without a value of theirs.
func mustNotStart(t *testing.T, what, dir string, env []string, names ...string) (message string) {
	t.Helper()
	out, message, code := testenv.Command(t, dir, "", env)
	if code != 2 || out != "" {
		t.Errorf("%s: exit code %d, want 2:\n%s%s", what, code, out, message)
	}
	for _, name := range names {
		if !strings.Contains(message, "\n  "+name+": ") {
			t.Errorf("%s: the message does not name %s:\n%s", what, name, message)
		}
	}
	if n := strings.Count(message, "\n  "); n != len(names) {
		t.Errorf("%s: %d mistakes, want %d:\n%s", what, n, len(names), message)
	}
	for _, pair := range env {
		name, value, _ := strings.Cut(pair, "=")
		if secret := strings.Contains(name, "SECRET") || strings.Contains(name, "PASSWORD"); secret && len(value) > 8 && strings.Contains(message, value) {
			t.Errorf("%s: the message shows a value of %s:\n%s", what, name, message)
		}
	}
	if strings.Contains(message, typed) {
		t.Errorf("%s: the message shows a password:\n%s", what, message)
	}
	return message
}

// A template of the operator's own that would fail at some mail fails at the start.
func TestMailTemplatesAreTriedAtTheStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"new_device.txt": "{{define \"title\"}}x{{end}}{{define \"why\"}}x{{end}}\n{{define \"body\"}}{{.Notice.Devise}}{{end}}",
		"password_reset.html": "{{define \"title\"}}x{{end}}{{define \"preheader\"}}x{{end}}{{define \"why\"}}x{{end}}" +
			"{{define \"body\"}}<p>Ask me for the link.</p>{{end}}",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	message := mustNotStart(t, "wrong templates", t.TempDir(), productionEnv("MAIL_TEMPLATES="+dir), "MAIL_TEMPLATES", "MAIL_TEMPLATES")
	for _, says := range []string{"new_device.txt:2:", "Devise", "password_reset.html"} {
		if !strings.Contains(message, says) {
			t.Errorf("the message does not say %q:\n%s", says, message)
		}
	}
	mustNotStart(t, "no folder, and another mistake", t.TempDir(), productionEnv("LOG_LEVEL=loud", "MAIL_TEMPLATES="+filepath.Join(dir, "none")), "MAIL_TEMPLATES", "LOG_LEVEL")
}

// Production refuses secrets that are short, known or made for development, and
// says how to make one.
func TestSecrets_F3(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, secret := range []string{
		"", "change-me", knownSecret[:31], strings.Repeat("x", 64), "0123456789abcdef0123456789abcdef", "dev_" + knownSecret,
		"change-me-to-what-openssl-rand-base64-48-prints", "super-secret-jwt-token-with-at-least-32-characters-long",
		knownSecret + "," + knownSecret[:31], knownSecret + ",dev_" + knownSecret,
	} {
		message := mustNotStart(t, secret, dir, productionEnv("SECRET_KEY="+secret), "SECRET_KEY")
		if !strings.Contains(message, "openssl rand -base64 48") {
			t.Errorf("%q: the message does not say how to make one:\n%s", secret, message)
		}
	}
	// With a good one the next thing that is missing is a server to ask.
	if _, message, code := testenv.Command(t, dir, "", productionEnv(), "healthcheck"); code != 1 {
		t.Errorf("a good configuration: exit code %d, want 1:\n%s", code, message)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("a server that did not start left %v, %v", left, err)
	}
}

// What the example file shows is refused by production, value by value.
func TestExampleIsNoProduction_F3(t *testing.T) {
	t.Parallel()
	example, err := os.ReadFile("../.env.example")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	text := regexp.MustCompile(`(?m)^#([A-Z_]+=)`).ReplaceAllString(string(example), "$1")
	if err := os.WriteFile(filepath.Join(dir, ".env"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	message := mustNotStart(t, "the example", dir, []string{"LATCHKEY_ENV=production", "GORACE=atexit_sleep_ms=0"}, "DATABASE_URL", "SECRET_KEY", "OAUTH_CLIENTS")
	if strings.Contains(message, "dev_only") || strings.Contains(message, "change-me-to") {
		t.Errorf("the message shows a value:\n%s", message)
	}
}

// What else production refuses: several mistakes come together, one a line.
func TestProductionRefuses_F3(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for names, env := range map[string][]string{
		"LATCHKEY_ENV": {"LATCHKEY_ENV=" + typed},
		"PUBLIC_URL MAIL_SERVER MAIL_FROM DATABASE_URL": {
			"PUBLIC_URL=", "MAIL_SERVER=", "MAIL_FROM=", "DATABASE_URL=postgres://latchkey:dev_" + typed + "@localhost/latchkey",
		},
		"PUBLIC_URL DATABASE_URL REDIS_URL MAIL_FROM": {
			"PUBLIC_URL=http://auth.example.org", "DATABASE_URL=mysql://latchkey:" + typed + "@localhost/latchkey",
			"REDIS_URL=redis://:dev_" + typed + "@localhost", "MAIL_FROM=Ada <ada@example.org>",
		},
		"PUBLIC_URL CORS_ORIGINS TRUSTED_PROXIES APP_URL": {
			"PUBLIC_URL=https://ada:" + typed + "@auth.example.org", "CORS_ORIGINS=*", "TRUSTED_PROXIES=10.0.0.0/8,everybody", "APP_URL=javascript:alert(1)",
		},
		"PUBLIC_URL CORS_ORIGINS CONFIRM_URL MAIL_PASSWORD": {
			"PUBLIC_URL=https://auth.example.org/a/../b", "CORS_ORIGINS=null", "CONFIRM_URL=http://app.example.org/?token={token}", "MAIL_USERNAME=ada",
		},
		"SECRET_KEY ACCESS_TOKEN_TTL INTROSPECTION LOG_LEVEL": {
			"SECRET_KEY=" + typed, "ACCESS_TOKEN_TTL=0", "INTROSPECTION=true", "LOG_LEVEL=trace",
		},
	} {
		mustNotStart(t, strings.Join(env, " "), dir, productionEnv(env...), strings.Fields(names)...)
	}
	for _, line := range []string{"SECRET_KEY='" + typed, "this is " + typed} {
		if err := os.WriteFile(filepath.Join(dir, ".env"), []byte("PORT=8080\n"+line+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		mustNotStart(t, line, dir, productionEnv(), ".env")
	}
}

// A development server makes its secret once, for itself alone, and keeps it;
// production does not take it.
func TestDevelopmentSecret_F3(t *testing.T) {
	t.Parallel()
	s := testenv.Embedded(t)
	dir := s.Replicas[0].Dir
	path := filepath.Join(dir, "data", "secret")
	for name, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700 | os.ModeDir} {
		if info, err := os.Stat(name); err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v; want the mode %v", filepath.Base(name), info, err, want)
		}
	}
	read := func() string {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(b))
	}
	secret := read()
	if len(secret) < 32 || !strings.HasPrefix(secret, "dev_") {
		t.Errorf("the secret has %d bytes", len(secret))
	}
	ada := s.Join(t)
	s.Restart(t, 0)
	if read() != secret {
		t.Error("a restart made another secret")
	}
	mustBe(t, s.URL(), ada.Access, ada.ID)
	refresh(t, s.URL(), ada.Refresh)
	if strings.Contains(s.Log(), secret) || strings.Contains(s.Log(), strings.TrimPrefix(secret, "dev_")) {
		t.Error("the log shows the secret")
	}
	mustNotStart(t, "a development secret in production", t.TempDir(), productionEnv("SECRET_KEY="+secret), "SECRET_KEY")

	// Nobody else's file is taken for it, nor shown.
	other := t.TempDir()
	if err := os.MkdirAll(filepath.Join(other, "data"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(other, "data", "secret"), []byte(typed), 0o600); err != nil {
		t.Fatal(err)
	}
	out, message, code := testenv.Command(t, other, "", []string{"HOST=127.0.0.1", "PORT=" + testenv.FreePort(t)})
	if code != 1 || strings.Contains(out+message, typed) {
		t.Errorf("another file as the secret: exit code %d\n%s%s", code, out, message)
	}
}

// Production runs on SQLite as well, with nothing of development in it and
// nobody in it.
func TestProductionOnSQLite_F3(t *testing.T) {
	t.Parallel()
	s := testenv.NewProduction(t, "DATABASE_URL=", "REDIS_URL=")
	s.Add(t)
	s.AwaitReady(t)
	awaitLog(t, s, `"env":"production"`, `"database":"sqlite","tokens":"sqlite","mail":"smtp `)
	for _, login := range [][2]string{{"admin", "admin"}, {"admin", "password"}, {"root", "root"}, {"latchkey", "latchkey"}, {"admin@localhost", "changeme"}} {
		mustSay(t, testenv.Post(t, s.URL(), loginRequest(login[0], login[1], testenv.ClientAddress())), "login", "INVALID_CREDENTIALS")
	}
	if n := count(t, s, `SELECT count(*) FROM users`); n != 0 {
		t.Errorf("%d users in an empty database", n)
	}
	ada := s.Join(t)
	mustBe(t, s.URL(), ada.Access, ada.ID)
	refresh(t, s.URL(), ada.Refresh)
	for path, status := range map[string]int{"/dev/mail": 404, "/dev/mail.json": 404, "/": 200} {
		if p := exchange(t, "GET", s.URL()+path, ""); p.status != status {
			t.Errorf("GET %s: got %d, want %d", path, p.status, status)
		}
	}
	if _, err := os.Stat(filepath.Join(s.Replicas[0].Dir, "data", "secret")); !os.IsNotExist(err) {
		t.Errorf("production made a secret: %v", err)
	}
}

// The file .env counts for what the process does not set; an unknown name is a
// warning, without its value.
func TestEnvFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := "APP_NAME='The file'\nREGISTRATION=open\nLATCHKEY_SECRET=" + typed + "\n"
	if err := os.WriteFile(filepath.Join(dir, ".env"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p := testenv.Start(t, dir, "REGISTRATION=closed", "LATCHKEY_SERVICE_HOST="+typed)
	exchange(t, "GET", p.URL+linkPath, "").mustShow(t, http.StatusGone, "The file")
	mustFail(t, "register", testenv.Post(t, p.URL, registerRequest(testenv.Newcomer())), "FORBIDDEN", "REGISTRATION_CLOSED")
	testenv.Await(t, patience, "the warnings", func() bool {
		return strings.Contains(p.Log(), `"name":"LATCHKEY_SECRET"`) && strings.Contains(p.Log(), `"name":"LATCHKEY_SERVICE_HOST"`)
	})
	if strings.Contains(p.Log(), typed) {
		t.Error("the log shows a value")
	}

	// A port that is taken is a failure, not a wrong configuration.
	port := p.URL[strings.LastIndex(p.URL, ":")+1:]
	_, message, code := testenv.Command(t, t.TempDir(), "", []string{"HOST=127.0.0.1", "PORT=" + port})
	if code != 1 || !strings.Contains(message, "is in use") {
		t.Errorf("a port that is taken: exit code %d:\n%s", code, message)
	}
	// Where the log is for programs, why it ended is a line of it.
	_, message, code = testenv.Command(t, t.TempDir(), "", []string{"HOST=127.0.0.1", "PORT=" + port, "LOG_FORMAT=json"})
	var line struct{ Level, Error, Message string }
	if err := json.Unmarshal([]byte(message), &line); err != nil || code != 1 || line.Level != "fatal" || !strings.Contains(line.Error, "is in use") {
		t.Errorf("the same as JSON: exit code %d, %v:\n%s", code, err, message)
	}
}
