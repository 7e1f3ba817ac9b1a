package testenv

import (
	"bufio"
	"net"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Redis is a server of one test's own, for what would disturb the others.
type Redis struct {
	URL  string
	addr string
}

// StartRedis starts one that keeps nothing on disk and ends with the test.
func StartRedis(t testing.TB) *Redis {
	t.Helper()
	port := FreePort(t)
	r := &Redis{URL: "redis://127.0.0.1:" + port + "/0", addr: "127.0.0.1:" + port}
	//lint:ignore G204 a test chooses what it starts
	keep(t, exec.Command("redis-server", "--bind", "127.0.0.1", "--port", port, "--dir", t.TempDir(), "--save", "", "--appendonly", "no"))
	Await(t, time.Minute, "redis to answer", func() bool { return r.do("PING") == "+PONG" })
	return r
}

// keep starts a server that ends with the test.
func keep(t testing.TB, cmd *exec.Cmd) {
	t.Helper()
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	started, ended := make(chan error), make(chan struct{})
	go func() { // Pdeathsig is of the thread that starts it
		runtime.LockOSThread()
		started <- cmd.Start()
		_ = cmd.Wait() // it is killed
		close(ended)
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
	})
}

// Do runs a command whose answer is one line, and fails the test if that is an
// error.
func (r *Redis) Do(t testing.TB, command string) string {
	t.Helper()
	answer := r.do(command)
	if answer == "" || answer[0] == '-' {
		t.Fatalf("redis: %s: %q", command, answer)
	}
	return answer
}

// do returns the first line of the answer, or "" if there is none.
func (r *Redis) do(command string) string {
	c, err := net.DialTimeout("tcp", r.addr, 2*time.Second)
	if err != nil {
		return ""
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := c.Write([]byte(command + "\r\n")); err != nil {
		return ""
	}
	line, _ := bufio.NewReader(c).ReadString('\n')
	return strings.TrimRight(line, "\r\n")
}
