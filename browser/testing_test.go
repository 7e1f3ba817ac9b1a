package browser_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"latchkey/internal/testenv"
)

// tsFile is TypeScript of a document, which names its own file in its first line.
var tsFile = regexp.MustCompile("(?s)```ts\n// (\\S+\\.ts)\n(.*?)```")

// Tests of an app run as docs/testing.md has them: Playwright starts the service and the
// app by that configuration, and its helpers read mails and lend an authenticator.
func TestPlaywright(t *testing.T) {
	t.Parallel()
	dir, packages := t.TempDir(), filepath.Join(testenv.Need(t, "TEST_E2E"), "node_modules")
	must(t, os.CopyFS(dir, os.DirFS("testdata/testing")))
	must(t, os.Symlink(packages, filepath.Join(dir, "node_modules")))
	text, err := os.ReadFile("../docs/testing.md")
	must(t, err)
	servicePort, appPort := testenv.FreePort(t), testenv.FreePort(t)
	at := strings.NewReplacer("localhost:8080", "localhost:"+servicePort, "localhost:5173", "localhost:"+appPort,
		"use: {", "use: { launchOptions: { executablePath: process.env.TEST_CHROMIUM, args: ['--no-sandbox'] },")
	for _, file := range tsFile.FindAllStringSubmatch(string(text), -1) {
		must(t, os.WriteFile(filepath.Join(dir, file[1]), []byte(at.Replace(file[2])), 0o600))
	}

	programs, node := t.TempDir(), testenv.Need(t, "TEST_NODE")
	testenv.Link(t, filepath.Join(programs, "latchkey"))
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, filepath.Join(packages, "@playwright", "test", "cli.js"), "test", "--reporter=line")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+programs+":"+filepath.Dir(node)+":"+os.Getenv("PATH"), "GORACE=atexit_sleep_ms=0",
		"PORT="+servicePort, "APP_PORT="+appPort, "SERVICE=http://localhost:"+servicePort)
	out, err := cmd.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("2 passed")) {
		t.Errorf("%v\n%s", err, out)
	}
}
