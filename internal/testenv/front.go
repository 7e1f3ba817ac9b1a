package testenv

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// front runs a proxy that stands in front of the service until the test ends, with a file
// of this text as its configuration in a folder of its own, and waits until it listens at
// address. command is its program, for the path of that file. It returns what the proxy
// writes to its standard output and error.
func front(t testing.TB, address, name, text string, command func(dir, file string) *exec.Cmd) (log func() string) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	said := &lockedBuffer{}
	cmd := command(dir, file)
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("log of %s:\n%s", cmd.Path, said.Bytes())
		}
	})
	Await(t, time.Minute, name+" to be served at "+address, func() bool {
		c, err := net.Dial("tcp", address)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
	return func() string { return string(said.Bytes()) }
}
