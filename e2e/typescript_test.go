package e2e_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"latchkey/internal/testenv"
)

// clientFolder is where the TypeScript client is, installed and built.
func clientFolder(t testing.TB) string {
	t.Helper()
	return filepath.Join(testenv.Need(t, "TEST_E2E"), "..", "clients", "typescript")
}

// The TypeScript client against the service: its own tests, with node's runner.
func TestTypeScriptClient(t *testing.T) {
	t.Parallel()
	s := testenv.Embedded(t, "EMAIL_LOGIN=on", "TRUSTED_DEVICE_TTL=24h")
	tests, err := filepath.Glob(filepath.Join(clientFolder(t), "test", "*.test.mjs"))
	if err != nil || len(tests) == 0 {
		t.Fatalf("there are no tests: %v", err)
	}
	cmd := exec.CommandContext(t.Context(), testenv.Need(t, "TEST_NODE"), append([]string{"--test", "--test-reporter=spec"}, tests...)...)
	cmd.Dir = clientFolder(t)
	cmd.Env = append(os.Environ(), "LATCHKEY_URL="+public(s), "LATCHKEY_CONTROL="+controls(t, s))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// controls answers a program that needs what no client can do to a user: /stale has their
// sessions have shown something eleven minutes ago, /admin makes them an administrator.
func controls(t *testing.T, s *testenv.Stack) string {
	t.Helper()
	statements := map[string]string{
		"/stale": `UPDATE sessions SET authenticated_at = $2 WHERE user_id = $1`,
		"/admin": `UPDATE users SET role = 'ADMIN', updated_at = $2 WHERE id = $1`,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := s.DB(t).Exec(r.Context(), statements[r.URL.Path], r.URL.Query().Get("user"), time.Now().Add(-11*time.Minute).UTC())
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}
