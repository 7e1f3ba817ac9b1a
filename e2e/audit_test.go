package e2e_test

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"latchkey/internal/testenv"
)

// Every MUST and SHOULD of GraphQL over HTTP holds, and every MAY but the three
// that ask for GET, which is not taken (I1).
func TestAudit_I2(t *testing.T) {
	t.Parallel()
	node, script := testenv.Need(t, "TEST_NODE"), filepath.Join(testenv.Need(t, "TEST_E2E"), "audit.mjs")
	aboutGET := regexp.MustCompile(`^(5A70|D6D5|6A70) notice: MAY .* GET`)
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		out, err := exec.CommandContext(t.Context(), node, script, s.URL()+"/graphql").CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		if got := lines[len(lines)-1]; got != "58 of 61 ok" {
			t.Errorf("got %s, want 58 of 61 ok", got)
		}
		for _, line := range lines[:len(lines)-1] {
			if !aboutGET.MatchString(line) {
				t.Error(line)
			}
		}
	}, "INTROSPECTION=on") // by which it tries variables
}
