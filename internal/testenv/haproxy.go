package testenv

import (
	"os/exec"
	"testing"
)

// HAProxy runs HAProxy until the test ends, with a whole configuration that logs to stdout,
// and waits until it listens at address. It returns its log.
func HAProxy(t testing.TB, address, text string) (log func() string) {
	t.Helper()
	return front(t, address, "haproxy.cfg", text, func(_, file string) *exec.Cmd {
		return exec.Command("haproxy", "-db", "-f", file)
	})
}
