package e2e_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"latchkey/internal/testenv"
)

// The examples of frontends that bring their own GraphQL client pass their tests, by the
// command that their READMEs have.
func TestExampleURQL(t *testing.T)           { t.Parallel(); testExample(t, "urql") }
func TestExampleGraphQLRequest(t *testing.T) { t.Parallel(); testExample(t, "graphql-request") }

func testExample(t *testing.T, name string) {
	t.Helper()
	s := sharedEmbedded.use(t)
	out := runNode(t, filepath.Join("..", "examples", name), []string{"LATCHKEY_URL=" + localhost(s), "SECRET_KEY=" + knownSecret}, "npm", "test")
	if !bytes.Contains(out, []byte("fail 0\n")) || !bytes.Contains(out, []byte("skipped 0\n")) {
		t.Errorf("not all tests ran:\n%s", out)
	}
}

// localhost is the service's address as pages of this machine call it.
func localhost(s *testenv.Stack) string {
	return strings.Replace(s.URL(), "127.0.0.1", "localhost", 1)
}

// runNode runs a program of node in a folder and returns what it prints.
func runNode(t *testing.T, dir string, env []string, program string, args ...string) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	node := testenv.Need(t, "TEST_NODE")
	if program == "node" {
		program = node
	}
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	cmd.Env = append(append(os.Environ(), "PATH="+filepath.Dir(node)+":"+os.Getenv("PATH")), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", program, args, err, out)
	}
	return out
}
