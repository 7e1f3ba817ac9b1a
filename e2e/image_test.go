package e2e_test

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"latchkey/internal/testenv"
)

// The very command of the Dockerfile makes one static file that knows its
// version and serves as a user without rights, in an empty root of its own.
func TestImage(t *testing.T) {
	t.Parallel()
	dockerfile, err := os.ReadFile("../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(dockerfile), "\\\n", " ")
	run := regexp.MustCompile(`(?m)^RUN (?:--\S+ +)*(CGO_ENABLED=0 .*go build .*)$`).FindStringSubmatch(text)
	if run == nil {
		t.Fatal("the Dockerfile does not build")
	}
	out := t.TempDir()
	command := strings.ReplaceAll(run[1], "/out/", out+"/")
	build := exec.Command("sh", "-ec", command)
	build.Dir = ".."
	build.Env = append(os.Environ(), "VERSION=9.8.7", "REVISION=84449a9ab4c1f3f6", "TARGETOS=linux", "TARGETARCH=")
	if b, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", command, err, b)
	}
	binary := filepath.Join(out, "latchkey")
	info, err := os.Stat(binary)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%.1f MB", float64(info.Size())/1e6)
	if info.Size() > binarySize {
		t.Errorf("the binary has %d bytes, want at most %d", info.Size(), binarySize)
	}
	file, err := elf.Open(binary)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	if libraries, err := file.ImportedLibraries(); err != nil || len(libraries) > 0 {
		t.Errorf("it needs %v, %v", libraries, err)
	}
	want := "9.8.7 (commit 84449a9ab4c1, " + runtime.Version() + ")\n"
	if version, err := exec.Command(binary, "version").Output(); err != nil || string(version) != want {
		t.Errorf("version: %q, %v, want %q", version, err, want)
	}

	if os.Geteuid() != 0 {
		t.Log("not root: the binary was not tried in a root of its own")
		return
	}
	if err := os.Chown(filepath.Join(out, "data"), 65532, 65532); err != nil {
		t.Fatal(err)
	}
	port := testenv.FreePort(t)
	env := []string{"LATCHKEY_ENV=development", "DATA_DIR=/data", "HOST=127.0.0.1", "PORT=" + port}
	inside := func(args ...string) *exec.Cmd {
		cmd := exec.Command("/latchkey", args...)
		cmd.Env, cmd.Dir = env, "/data"
		cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: out, Credential: &syscall.Credential{Uid: 65532, Gid: 65532}}
		return cmd
	}
	// What is there above the folder of the test is for root alone otherwise.
	for dir := out; dir != "/" && dir != os.TempDir(); dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	server := inside()
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	testenv.Await(t, patience, "the image to be healthy", func() bool { return inside("healthcheck").Run() == nil })
	if err := server.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := server.Wait(); err != nil {
		t.Errorf("at its end: %v", err)
	}
	if err := inside("healthcheck").Run(); err == nil {
		t.Error("healthy although it ended")
	}
}
