package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const root = "../../.."

func TestComposeFile_F3(t *testing.T) {
	t.Parallel()
	problems, err := check(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Error(p)
	}
}

// Each change to the real file must be noticed, or the check checks nothing.
func TestCheckNotices(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, old, new, says string }{
		{"unknown key", "    read_only: true", "    readonly: true", "readonly"},
		{"unknown service", "      redis:\n        condition: service_healthy", "      cache:\n        condition: service_healthy", "cache"},
		{"unknown volume", "      - redis:/data", "      - cache:/data", "cache"},
		{"no wait", "condition: service_healthy", "condition: service_started", "waits for"},
		{"no healthcheck", "    healthcheck:\n      test: [CMD, /mailpit", "    x-healthcheck:\n      test: [CMD, /mailpit", "mailpit: no healthcheck"},
		{"open port", "- 127.0.0.1:${PORT:-8080}", "- ${PORT:-8080}", "published beyond"},
		{"open database", "    networks: [backend]\n    healthcheck:\n      # By TCP", "    healthcheck:\n      # By TCP", "want backend alone"},
		{"open network", "internal: true", "internal: false", "not internal"},
		{"misspelt setting", "      REDIS_URL:", "      REDIS_URI:", "REDIS_URI"},
		{"silent password", "${POSTGRES_PASSWORD:-dev_only}@", "${POSTGRES_PASSWORD:-postgres}@", "does not begin with dev_"},
		{"shared volume", "latchkey_postgres_${LATCHKEY_ENV:-development}", "latchkey_postgres", "share"},
		{"known password of mails", "$$(head -c 24 /dev/urandom | base64 | tr -d '/+=\\n')", "latchkey-latchkey-latchkey", "no password of its own"},
		{"no password of mails", "MP_UI_AUTH=", "MP_UI_AUTHORITY=", "mailpit: "},
		{"mail caught in production", "docker-compose.${LATCHKEY_ENV:-development}.env", "docker-compose.development.env", "MAIL_TLS"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for _, name := range []string{composeFile, developmentFile, ".env.example"} {
				text, err := os.ReadFile(filepath.Join(root, name))
				if err != nil {
					t.Fatal(err)
				}
				if name == composeFile {
					if !strings.Contains(string(text), tt.old) {
						t.Fatalf("%s has no %q", name, tt.old)
					}
					text = []byte(strings.ReplaceAll(string(text), tt.old, tt.new))
				}
				if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			problems, err := check(dir)
			if err != nil {
				problems = append(problems, err.Error())
			}
			if all := strings.Join(problems, "\n"); !strings.Contains(all, tt.says) {
				t.Errorf("got %q, want something about %q", all, tt.says)
			}
		})
	}
}
