package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// inForce returns the settings in force of some variables and of the lines of a .env.
func inForce(t *testing.T, dotenv string, environ ...string) map[string]Setting {
	t.Helper()
	text, err := os.ReadFile(exampleFile)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), ".env")
	if err := os.WriteFile(file, []byte(dotenv), 0o600); err != nil {
		t.Fatal(err)
	}
	all := map[string]Setting{}
	names, _ := example(t)
	for i, s := range InForce(environ, file, string(text)) {
		if s.Name != names[i] {
			t.Fatalf("setting %d is %s, want %s", i, s.Name, names[i])
		}
		if s.Description == "" || !strings.HasSuffix(s.Description, ".") && !strings.HasSuffix(s.Description, ":") || len(s.Description) > 250 {
			t.Errorf("%s is described as %q", s.Name, s.Description)
		}
		all[s.Name] = s
	}
	return all
}

func (s Setting) is(value string, source Source, secret bool) bool {
	return (s.Value == nil && value == "" || s.Value != nil && *s.Value == value) && s.Source == source && s.Secret == secret
}

// Each setting says what is in force, and by what.
func TestInForce_F3(t *testing.T) {
	t.Parallel()
	secret := strings.Repeat("k", 64)
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("redis://:hunter2@cache/\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	all := inForce(t, "APP_NAME='From a file'\nRESET_TTL=2h\nREDIS_URL_FILE="+file+"\nPORT=1\n",
		"SECRET_KEY="+secret, "PORT=9999", "REQUIRE_SECOND_FACTOR=admins", "BREACHED_PASSWORDS=https://user:hunter2@list.example.org/range/",
		"MAIL_PASSWORD=hunter2", "MAIL_USERNAME=latchkey", "MAIL_SERVER=mail.example.org", "JWT_AUDIENCE=", "CORS_ORIGINS=https://a.example,https://b.example")
	for name, want := range map[string]struct {
		value  string
		source Source
		secret bool
	}{
		"SECRET_KEY":            {"set, 64 bytes", FromEnvironment, true},
		"REDIS_URL":             {"set, 23 bytes", FromFile, true},
		"MAIL_PASSWORD":         {"set, 7 bytes", FromEnvironment, true},
		"MAIL_USERNAME":         {"latchkey", FromEnvironment, false},
		"BREACHED_PASSWORDS":    {"set, 44 bytes", FromEnvironment, true},
		"DATABASE_URL":          {"", FromDefault, true},
		"APP_NAME":              {"From a file", FromFile, false},
		"RESET_TTL":             {"2h", FromFile, false},
		"CONFIRM_TTL":           {"24h", FromDefault, false},
		"ACCESS_TOKEN_TTL":      {"15m", FromDefault, false},
		"REFRESH_GRACE":         {"30s", FromDefault, false},
		"TRUSTED_DEVICE_TTL":    {"0s", FromDefault, false},
		"PORT":                  {"9999", FromEnvironment, false},
		"PUBLIC_URL":            {"http://localhost:9999", FromDefault, false},
		"JWT_AUDIENCE":          {"http://localhost:9999", FromDefault, false},
		"JWT_PRIVATE_KEYS":      {"auto", FromDefault, false},
		"LATCHKEY_ENV":          {"development", FromDefault, false},
		"EXPLORER":              {"here", FromDefault, false},
		"REQUIRE_SECOND_FACTOR": {"admins", FromEnvironment, false},
		"EMAIL_LOGIN":           {"off", FromDefault, false},
		"MAIL_FROM_NAME":        {"From a file", FromDefault, false},
		"CORS_ORIGINS":          {"https://a.example,https://b.example", FromEnvironment, false},
		"APP_URL":               {"", FromDefault, false},
	} {
		if got := all[name]; !got.is(want.value, want.source, want.secret) {
			t.Errorf("%s: %v %s %t, want %+v", name, got.Value, got.Source, got.Secret, want)
		}
	}
	for name, s := range all {
		if s.Value != nil && (strings.Contains(*s.Value, "hunter2") || strings.Contains(*s.Value, secret)) {
			t.Errorf("%s shows a secret", name)
		}
	}
}
