package testenv

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// binary and plain build latchkey once a test program: with the race detector,
// so that what the outside tests do to it is watched too, and without, for tests
// that measure.
var (
	binary = sync.OnceValues(func() (*os.File, error) { return build(append(unwatched(), "-race")...) })
	plain  = sync.OnceValues(func() (*os.File, error) { return build() })
)

// unwatched are the flags that leave the packages of TEST_UNWATCHED, which may be
// none, out of the race detector's sight.
func unwatched() (flags []string) {
	for _, pkg := range strings.Fields(os.Getenv("TEST_UNWATCHED")) {
		flags = append(flags, "-gcflags="+pkg+"=-race=false")
	}
	return flags
}

// build returns the program, opened. Its name is gone by then, so that nothing
// is left behind; see path.
func build(flags ...string) (*os.File, error) {
	dir, err := os.MkdirTemp("", "latchkey-build")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	out := filepath.Join(dir, "latchkey")
	//lint:ignore G204 a test chooses what it starts
	cmd := exec.Command("go", append(append([]string{"build", "-o", out}, flags...), ".")...)
	cmd.Dir = root()
	if b, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build: %w\n%s", err, b)
	}
	//lint:ignore G304 what was built just now
	return os.Open(out)
}

// root is the folder of the project.
func root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..")
}

// path is where the program can be started from, as long as this process lives.
func path(t testing.TB, program func() (*os.File, error)) string {
	t.Helper()
	f, err := program()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("/proc/self/fd/%d", f.Fd())
}
