package testenv

import (
	"os"
	"os/exec"
	"testing"
)

// Caddy runs Caddy until the test ends, with sites as its configuration, and waits until it
// listens at address.
func Caddy(t testing.TB, address, sites string) {
	t.Helper()
	Caddyfile(t, address, "{\n\tadmin off\n\tauto_https off\n}\n"+sites)
}

// Caddyfile is Caddy with a whole Caddyfile, and more variables in its environment. It
// returns its log.
func Caddyfile(t testing.TB, address, text string, env ...string) (log func() string) {
	t.Helper()
	return front(t, address, "Caddyfile", text, func(dir, file string) *exec.Cmd {
		cmd := exec.Command("caddy", "run", "--config", file, "--adapter", "caddyfile")
		cmd.Env = append(append(os.Environ(), "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir), env...)
		return cmd
	})
}
