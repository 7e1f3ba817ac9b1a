package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const root = "../../.."

func TestKubernetes_O6(t *testing.T) {
	t.Parallel()
	problems, err := check(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Error(p)
	}
}

// Each change to the real files must be noticed, or the check checks nothing.
func TestCheckNotices(t *testing.T) {
	t.Parallel()
	const base, example = "deploy/kubernetes/base/", "deploy/kubernetes/example/"
	for _, tt := range []struct{ name, file, old, new, says string }{
		{"a misspelt field", base + "deployment.yaml", "readinessProbe:", "redinessProbe:", "redinessProbe"},
		{"a misspelt field of a policy", base + "network.yaml", "podSelector:", "podSelectors:", "podSelectors"},
		{"a value of another type", base + "deployment.yaml", "runAsUser: 65532", "runAsUser: latchkey", "runAsUser"},
		{"root", base + "deployment.yaml", "runAsNonRoot: true", "runAsNonRoot: false", "do not run as 65532"},
		{"a root that can be written", base + "deployment.yaml", "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", "more than it needs"},
		{"a capability", base + "deployment.yaml", "drop: [ALL]", "drop: [ALL]\n              add: [NET_ADMIN]", "more than it needs"},
		{"a limit of CPU", base + "deployment.yaml", "limits:\n              memory: 320Mi", "limits:\n              cpu: 1\n              memory: 320Mi", "limit of CPU"},
		{"little memory", base + "deployment.yaml", "320Mi", "200Mi", "less than for 2 hashes"},
		{"no migration", base + "deployment.yaml", "args: [migrate]", "args: [serve]", "no init container"},
		{"another probe", base + "deployment.yaml", "path: /readyz", "path: /livez", "/readyz is not asked"},
		{"no time to hear of it", base + "deployment.yaml", "seconds: 5", "seconds: 1", "before all have heard"},
		{"no time to end", base + "deployment.yaml", "terminationGracePeriodSeconds: 30", "terminationGracePeriodSeconds: 15", "before its last answer"},
		{"secrets for all", base + "deployment.yaml", "defaultMode: 0440", "defaultMode: 0444", "another mode"},
		{"service links", base + "deployment.yaml", "enableServiceLinks: false", "enableServiceLinks: true", "service links"},
		{"another file", base + "kustomization.yaml", "SECRET_KEY_FILE=/etc/latchkey/secret_key", "SECRET_KEY_FILE=/etc/latchkey/secret", "want a file"},
		{"a secret among the settings", base + "kustomization.yaml", "REDIS_URL_FILE=/etc/latchkey/redis_url", "REDIS_URL=redis://:p@redis", "REDIS_URL is in no file"},
		{"a misspelt setting", example + "kustomization.yaml", "CORS_ORIGINS", "CORS_ORIGIN", "CORS_ORIGIN is no setting"},
		{"a selector that changes", base + "kustomization.yaml", "includeTemplates", "includeSelectors", "could never change"},
		{"a port of another name", base + "service.yaml", "targetPort: http", "targetPort: web", "another port"},
		{"everybody", base + "network.yaml", "    - from:\n        - namespaceSelector:\n            matchLabels:\n              kubernetes.io/metadata.name: monitoring\n      ports:", "    - ports:", "anybody in the cluster"},
		{"another host", example + "ingress.yaml", "- host: auth.example.org", "- host: login.example.org", "the ingress's host"},
		{"another version", example + "kustomization.yaml", "newTag: 1.0.0", "newTag: 1.0.1", "of another version"},
		{"no namespace", example + "kustomization.yaml", "\nnamespace: latchkey\n", "\n", "in the namespace"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for _, name := range []string{"deploy/kubernetes", ".env.example"} {
				if err := copyTo(filepath.Join(dir, name), filepath.Join(root, name)); err != nil {
					t.Fatal(err)
				}
			}
			file := filepath.Join(dir, tt.file)
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(text), tt.old) {
				t.Fatalf("%s has no %q", tt.file, tt.old)
			}
			if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(text), tt.old, tt.new)), 0o600); err != nil {
				t.Fatal(err)
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

// copyTo copies a file or a folder.
func copyTo(to, from string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return os.CopyFS(to, os.DirFS(from))
	}
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o600)
}
