package e2e_test

import (
	"os/exec"
	"path/filepath"
	"testing"

	"latchkey/internal/testenv"
)

// Every MUST, SHOULD and MAY of GraphQL over HTTP holds.
func TestAudit_I2(t *testing.T) {
	t.Parallel()
	node, script := testenv.Need(t, "TEST_NODE"), filepath.Join(testenv.Need(t, "TEST_E2E"), "audit.mjs")
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		out, err := exec.CommandContext(t.Context(), node, script, s.URL()+"/graphql").CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if string(out) != "61 of 61 ok\n" {
			t.Errorf("got %s", out)
		}
	}, "INTROSPECTION=on") // by which it tries variables
}
