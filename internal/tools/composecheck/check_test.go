package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
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

// The .env that the README has people make takes a password as it is: Compose puts
// nothing in the place of a part of it.
func TestPasswordInEnv(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```sh\n(touch .env.*?)```\n").FindSubmatch(readme)
	if block == nil {
		t.Fatal("the README makes no .env")
	}
	const password = `p$HOME ${PATH}$$ $(id) "x" \t #y` + "`!z"
	dir := t.TempDir()
	cmd := exec.Command("bash", "-c", strings.Replace(string(block[1]), "the password of your mail account", password, 1))
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	env, err := os.ReadFile(filepath.Join(dir, ".env"))
	if err != nil {
		t.Fatal(err)
	}
	project, err := load(root, string(env))
	if err != nil {
		t.Fatal(err)
	}
	service := project.Services["latchkey"]
	if got := value(service, "MAIL_PASSWORD"); got != password {
		t.Errorf("the password is %q, want %q", got, password)
	}
	if key, url := value(service, "SECRET_KEY"), value(service, "DATABASE_URL"); len(key) < 64 || strings.Contains(url, ":dev_") {
		t.Errorf("SECRET_KEY has %d characters, DATABASE_URL is %q", len(key), url)
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
