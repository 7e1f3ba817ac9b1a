package graph_test

import (
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"latchkey/internal/testenv"
)

// Every MUST and SHOULD of GraphQL over HTTP holds, and every MAY but the three that ask for GET, which is not taken
// (security requirement I1).
func TestAudit_I2(t *testing.T) {
	node, script := testenv.Need(t, "TEST_NODE"), filepath.Join(testenv.Need(t, "TEST_E2E"), "audit.mjs")
	server := httptest.NewServer(setup(t, testenv.SQLite(t)).handler)
	defer server.Close()
	out, err := exec.CommandContext(t.Context(), node, script, server.URL+"/graphql").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if got := lines[len(lines)-1]; got != "58 of 61 ok" {
		t.Errorf("got %s, want 58 of 61 ok", got)
	}
	aboutGET := regexp.MustCompile(`^(5A70|D6D5|6A70) notice: MAY .* GET`)
	for _, line := range lines[:len(lines)-1] {
		if !aboutGET.MatchString(line) {
			t.Error(line)
		}
	}
}
