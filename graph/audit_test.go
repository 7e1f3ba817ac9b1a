package graph

import (
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every MUST and SHOULD of GraphQL over HTTP holds, and every MAY but the three that are about GET, which is not taken
// (security requirement I1). The audits look at no data, so one answer will do.
func TestAudit_I2(t *testing.T) {
	node, e2e := os.Getenv("TEST_NODE"), os.Getenv("TEST_E2E")
	if node == "" || e2e == "" {
		t.Skip("needs TEST_NODE and TEST_E2E: ./test with go test ./graph")
	}
	server := httptest.NewServer(fixedServer(t, serverOptions{Introspection: true}, nil))
	defer server.Close()
	out, err := exec.CommandContext(t.Context(), node, filepath.Join(e2e, "audit.mjs"), server.URL).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Logf("%s", out)
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
