package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDeployedCompose_O6(t *testing.T) {
	t.Parallel()
	problems, err := checkDeployed(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Error(p)
	}
}

// Each change to the real file must be noticed, or the check checks nothing.
func TestCheckDeployedNotices(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, old, new, says string }{
		{"unknown key", "    mem_limit:", "    memory_limit:", "memory_limit"},
		{"published", "    secrets: [secret_key,", "    ports: ['8080:8080']\n    secrets: [secret_key,", "is published"},
		{"open databases", "internal: true", "internal: false", "not internal"},
		{"databases of everybody", "networks: [back]", "networks: [back, front]", "from the proxy's network"},
		{"another proxy", "TRUSTED_PROXIES: 172.30.87.2", "TRUSTED_PROXIES: 172.30.87.3", "not the proxy"},
		{"another port", "PORT: 8080", "PORT: 8081", "the proxy leads to"},
		{"a misspelt setting", "JWT_PRIVATE_KEYS:", "JWT_PRIVATE_KEY:", "no setting"},
		{"a secret that is a variable", "SECRET_KEY_FILE: /run/secrets/secret_key", "SECRET_KEY: x", "SECRET_KEY is no file"},
		{"a secret that is another", "DATABASE_URL_FILE: /run/secrets/database_url", "DATABASE_URL_FILE: /run/secrets/secret_key", "not the secret"},
		{"a secret that nobody gets", "secrets: [secret_key, database_url,", "secrets: [secret_key,", "does not get"},
		{"no host", "${SITE:?is missing in .env. It is the service's host, such as auth.example.org}", "${SITE:-}", "starts without SITE"},
		{"a root that can be written", "    read_only: true\n    cap_drop: [ALL]\n    security_opt: [no-new-privileges:true]\n\n  postgres", "    cap_drop: [ALL]\n\n  postgres", "more than it needs"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for _, name := range []string{deployedFile, ".env.example", "deploy/caddy/Caddyfile"} {
				text, err := os.ReadFile(filepath.Join(root, name))
				if err != nil {
					t.Fatal(err)
				}
				if name == deployedFile {
					if !strings.Contains(string(text), tt.old) {
						t.Fatalf("%s has no %q", name, tt.old)
					}
					text = []byte(strings.ReplaceAll(string(text), tt.old, tt.new))
				}
				if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			problems, err := checkDeployed(dir)
			if err != nil {
				problems = append(problems, err.Error())
			}
			if all := strings.Join(problems, "\n"); !strings.Contains(all, tt.says) {
				t.Errorf("got %q, want something about %q", all, tt.says)
			}
		})
	}
}
