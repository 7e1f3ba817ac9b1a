package testenv

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Process is a running latchkey.
type Process struct {
	URL string // http://127.0.0.1:PORT
	Dir string // its working directory, with data/ below
	cmd *exec.Cmd
	log *lockedBuffer

	waited chan struct{} // closed when it has exited
	err    error         // of its exit
}

// Launch starts latchkey with this environment and nothing else, in a new
// directory unless dir is given, and does not wait for it. It is killed when
// the test ends; its log is shown if the test failed.
func Launch(t testing.TB, dir string, env ...string) *Process {
	t.Helper()
	return launch(t, binary, dir, FreePort(t), env)
}

func launch(t testing.TB, program func() (*os.File, error), dir, port string, env []string) *Process {
	t.Helper()
	bin := path(t, program)
	if dir == "" {
		dir = folder(t)
	}
	p := &Process{URL: "http://127.0.0.1:" + port, Dir: dir, cmd: exec.Command(bin), log: &lockedBuffer{}, waited: make(chan struct{})}
	p.cmd.Dir = dir
	p.cmd.Env = append([]string{"PORT=" + port, "HOST=127.0.0.1", "LOG_FORMAT=json", "LOG_LEVEL=debug", "ACCESS_LOG=on", "GORACE=halt_on_error=0"}, env...)
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	go func() { // Pdeathsig is of the thread that starts it
		runtime.LockOSThread()
		started <- p.cmd.Start()
		p.err = p.cmd.Wait()
		close(p.waited)
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Kill()
		if bytes.Contains(p.log.Bytes(), []byte("WARNING: DATA RACE")) {
			t.Error("latchkey has a data race")
		}
		if t.Failed() {
			t.Logf("log of latchkey on %s:\n%s", p.URL, p.Log())
		}
	})
	return p
}

// Start is Launch, and waits until the server is ready.
func Start(t testing.TB, dir string, env ...string) *Process {
	t.Helper()
	p := Launch(t, dir, env...)
	p.AwaitReady(t)
	return p
}

// AwaitReady waits until /readyz answers 200, a minute at most.
func (p *Process) AwaitReady(t testing.TB) {
	t.Helper()
	Await(t, time.Minute, "latchkey to be ready", func() bool { return p.isReady(t) })
}

func (p *Process) isReady(t testing.TB) bool {
	t.Helper()
	select {
	case <-p.waited:
		t.Fatalf("latchkey ended: %v\n%s", p.err, p.Log())
	default:
	}
	res, err := http.Get(p.URL + "/readyz")
	if err != nil {
		return false
	}
	_ = res.Body.Close()
	return res.StatusCode == http.StatusOK
}

// TimeToReady launches one more replica without the race detector, in this folder or, for
// "", in one of its own, returns how long it took until it was ready, and ends it.
func (s *Stack) TimeToReady(t testing.TB, dir string) time.Duration {
	t.Helper()
	return timeToReady(t, plain, dir, s.Env)
}

// BareTimeToReady is the same of e2e/testdata/bare.
func BareTimeToReady(t testing.TB, env ...string) time.Duration {
	t.Helper()
	return timeToReady(t, bare, "", env)
}

func timeToReady(t testing.TB, program func() (*os.File, error), dir string, env []string) time.Duration {
	t.Helper()
	path(t, program) // builds it
	port := FreePort(t)
	began := time.Now()
	p := launch(t, program, dir, port, env)
	defer p.Kill()
	for tick := time.NewTicker(time.Millisecond); time.Since(began) < time.Minute; <-tick.C {
		if p.isReady(t) {
			return time.Since(began)
		}
	}
	t.Fatal("not ready after a minute")
	return 0
}

// Log is what the process wrote so far.
func (p *Process) Log() string { return string(p.log.Bytes()) }

// Signal sends it a signal.
func (p *Process) Signal(t testing.TB, sig os.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
}

// Pid is its process id.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Wait waits for its end and returns the exit code, or fails the test.
func (p *Process) Wait(t testing.TB, limit time.Duration) int {
	t.Helper()
	select {
	case <-p.waited:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(limit):
		t.Fatalf("latchkey runs on after %v", limit)
		return 0
	}
}

// Kill ends it at once, like a power cut, and waits.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.waited
}

// Command runs a latchkey command to its end and returns its output and exit
// code.
func Command(t testing.TB, dir, stdin string, env []string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	bin := path(t, binary)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, bin, args...)
	cmd.Dir, cmd.Env, cmd.Stdin = dir, env, bytes.NewBufferString(stdin)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), errOut.String(), cmd.ProcessState.ExitCode()
}

// Measure runs a command without the race detector and returns its output, how
// long it took, and its most memory in bytes. It fails the test unless the
// command ends well.
func Measure(t testing.TB, dir string, env []string, args ...string) (stdout string, took time.Duration, memory int64) {
	t.Helper()
	//lint:ignore G204 a test chooses what it starts
	cmd := exec.CommandContext(t.Context(), path(t, plain), args...)
	var out bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stdout = dir, env, &out
	began := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// What getrusage says of a child is never less than its parent had.
	status, ended := fmt.Sprintf("/proc/%d/status", cmd.Process.Pid), make(chan error)
	go func() { ended <- cmd.Wait() }()
	for tick := time.NewTicker(5 * time.Millisecond); ; {
		select {
		case err := <-ended:
			tick.Stop()
			if took = time.Since(began); err != nil {
				t.Fatalf("latchkey %v: %v\n%s", args, err, out.Bytes())
			}
			return out.String(), took, memory
		case <-tick.C:
			if b, err := os.ReadFile(status); err == nil {
				if at := peak.FindSubmatch(b); at != nil {
					kib, _ := strconv.ParseInt(string(at[1]), 10, 64)
					memory = max(memory, kib<<10)
				}
			}
		}
	}
}

// peak is the most memory that a process had, in /proc/PID/status: proc(5).
var peak = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// Await asks done every few milliseconds, later less often, until it says yes,
// and fails the test if it does not within limit.
func Await(t testing.TB, limit time.Duration, what string, done func() bool) {
	t.Helper()
	pause := 2 * time.Millisecond
	for end := time.Now().Add(limit); ; time.Sleep(pause) {
		if done() {
			return
		}
		pause = min(pause*3/2, 100*time.Millisecond)
		if time.Now().After(end) {
			t.Fatalf("waited %v for %s", limit, what)
		}
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  []byte
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.b = append(l.b, p...)
	return len(p), nil
}

func (l *lockedBuffer) Bytes() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Clone(l.b)
}
