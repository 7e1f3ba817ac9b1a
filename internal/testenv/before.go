package testenv

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// before builds the version before the newest migration: it knows the schema of before it.
var before = sync.OnceValues(func() (*os.File, error) {
	files, err := filepath.Glob(filepath.Join(root(), "migrations", "sqlite", "*.sql"))
	if err != nil || len(files) == 0 {
		return nil, errors.Join(err, errors.New("no migrations"))
	}
	newest := filepath.Join("migrations", "sqlite", filepath.Base(slices.Max(files)))
	added, err := git("log", "-1", "--diff-filter=A", "--format=%H^", "--", newest)
	if err != nil {
		return nil, err
	}
	if added == "" { // it is not committed yet
		added = "HEAD"
	}
	dir, err := os.MkdirTemp("", "latchkey-before")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	source := filepath.Join(dir, "source.tar")
	if _, err := git("archive", "--output="+source, added); err != nil {
		return nil, fmt.Errorf("%w: the history of this checkout is needed (git fetch --unshallow)", err)
	}
	if b, err := exec.Command("tar", "-xf", source, "-C", dir).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("tar: %w\n%s", err, b)
	}
	return build(dir, ".", release...)
})

func git(args ...string) (string, error) {
	//lint:ignore G204 a test chooses what it starts
	cmd := exec.Command("git", append([]string{"-c", "safe.directory=*"}, args...)...)
	cmd.Dir = root()
	out, err := cmd.Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		err = fmt.Errorf("git %s: %w: %s", args[0], err, failed.Stderr)
	}
	return strings.TrimSpace(string(out)), err
}

// NeedHistory is for a test against the version before, which is built from the history of the
// checkout: an archive has none. So it runs with TEST_REPEATS=full alone, and is skipped else.
func NeedHistory(t testing.TB) {
	t.Helper()
	if Repeats(t, 0, 1) == 0 {
		t.Skip("the history of a checkout is asked for with TEST_REPEATS=full")
	}
}

// AddBefore launches a replica of the version before the newest migration, in this folder or,
// for "", in one of its own, and does not wait for it. It builds that from the history of the
// checkout.
func (s *Stack) AddBefore(t testing.TB, dir string) *Process {
	t.Helper()
	p := launch(t, before, dir, FreePort(t), s.Env)
	s.Replicas = append(s.Replicas, p)
	return p
}
