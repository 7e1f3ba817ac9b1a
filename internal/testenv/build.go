package testenv

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

// binary and plain build latchkey once a test program: with the race detector,
// so that what the outside tests do to it is watched too, and as the Dockerfile does,
// for tests that measure. bare builds what its start is compared with.
var (
	binary = sync.OnceValues(func() (*os.File, error) { return build(root(), ".", append(unwatched(), "-race")...) })
	plain  = sync.OnceValues(func() (*os.File, error) { return build(root(), ".", release...) })
	bare   = sync.OnceValues(func() (*os.File, error) { return build(root(), "./e2e/testdata/bare", release...) })
)

// release are the flags of the Dockerfile. It builds without C, too.
var release = []string{"-trimpath", "-buildvcs=false", "-tags=nopgxregisterdefaulttypes", "-ldflags=-s -w"}

// unwatched are the flags that leave the packages of TEST_UNWATCHED, which may be
// none, out of the race detector's sight.
func unwatched() (flags []string) {
	for _, pkg := range strings.Fields(os.Getenv("TEST_UNWATCHED")) {
		flags = append(flags, "-gcflags="+pkg+"=-race=false")
	}
	return flags
}

// build returns the program of a package of the module in a folder, opened. Its name is gone
// by then, so that nothing is left behind; see path.
func build(module, pkg string, flags ...string) (*os.File, error) {
	dir, err := os.MkdirTemp("", "latchkey-build")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	out := filepath.Join(dir, "latchkey")
	//lint:ignore G204 a test chooses what it starts
	cmd := exec.Command("go", append(append([]string{"build", "-o", out}, flags...), pkg)...)
	cmd.Dir = module
	if !slices.Contains(flags, "-race") {
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	}
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

// Size is how many bytes the program has as it is released.
func Size(t testing.TB) int64 {
	t.Helper()
	info, err := os.Stat(path(t, plain))
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// Link makes a file of this name by which the program can be started, from other
// processes too, as long as this one lives.
func Link(t testing.TB, name string) {
	t.Helper()
	program := strings.Replace(path(t, binary), "/self/", fmt.Sprintf("/%d/", os.Getpid()), 1)
	if err := os.Symlink(program, name); err != nil {
		t.Fatal(err)
	}
}
