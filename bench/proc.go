package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a server that this program started.
type process struct {
	name string
	addr string // 127.0.0.1:PORT
	log  string // path of what it writes
	cmd  *exec.Cmd
	took time.Duration // from its start until it was ready
}

// start runs a server and waits until /readyz answers 200. PORT in its
// environment says where it must listen. It has a session of its own, as a service
// manager gives it one: some kernels share out cores by session. It must be called on
// the main thread: with it the server ends too, whatever ends it.
func start(ctx context.Context, dir, name, program string, env []string) (*process, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(addr)
	p := &process{name: name, addr: addr, log: filepath.Join(dir, name+".log")}
	out, err := os.Create(p.log)
	if err != nil {
		return nil, err
	}
	defer func() { _ = out.Close() }()
	p.cmd = exec.Command(program)
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = dir, out, out
	p.cmd.Env = append([]string{"HOST=127.0.0.1", "PORT=" + port}, env...)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setsid: true}
	began := time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	for !ready(addr) {
		if time.Since(began) > 30*time.Second || ctx.Err() != nil {
			p.stop()
			return nil, p.explain(fmt.Errorf("%s did not get ready", name))
		}
		time.Sleep(time.Millisecond)
	}
	p.took = time.Since(began)
	return p, nil
}

func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

func ready(addr string) bool {
	c, err := dial(addr)
	if err != nil {
		return false
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(2 * time.Second))
	_, err = c.do([]byte("GET /readyz HTTP/1.1\r\nHost: localhost:8080\r\n\r\n"))
	return err == nil
}

// stop ends the server at once and waits for it.
func (p *process) stop() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

func (p *process) pid() string { return strconv.Itoa(p.cmd.Process.Pid) }

// explain adds the end of the server's log to an error.
func (p *process) explain(err error) error {
	b, _ := os.ReadFile(p.log)
	return fmt.Errorf("%s: %w\n%s", p.name, err, b[max(0, len(b)-2000):])
}

// all returns the ids of a process and its children.
func (p *process) all() []string {
	pids := []string{p.pid()}
	lists, _ := filepath.Glob("/proc/" + p.pid() + "/task/*/children")
	for _, list := range lists {
		b, _ := os.ReadFile(list) // a thread may end meanwhile
		pids = append(pids, strings.Fields(string(b))...)
	}
	return pids
}

// shareOfMemory returns the memory of a process and its children in MiB, in which what
// several processes share counts in parts (Pss), so that it counts once in all.
func (p *process) shareOfMemory() (sum float64, err error) {
	for _, pid := range p.all() {
		mib, err := share(pid)
		if err != nil {
			return 0, err
		}
		sum += mib
	}
	return sum, nil
}

// share returns the memory of one process in MiB (Pss).
func share(pid string) (float64, error) { return field("/proc/"+pid+"/smaps_rollup", "Pss") }

// watchMemory looks at shareOfMemory four times a second, and returns a function that
// ends this and returns the most that there was.
func (p *process) watchMemory() func() (float64, error) {
	var most float64
	var failed error
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for look := time.NewTicker(time.Second / 4); ; {
			select {
			case <-stop:
				look.Stop()
				return
			case <-look.C:
				memory, err := p.shareOfMemory()
				most, failed = max(most, memory), errors.Join(failed, err)
			}
		}
	}()
	return func() (float64, error) {
		close(stop)
		<-stopped
		return most, failed
	}
}

// field returns a field of a file in MiB.
func field(file, name string) (float64, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			kib, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 64)
			return kib / 1024, err
		}
	}
	return 0, fmt.Errorf("no %s", name)
}

// tick is the unit of CPU times in /proc, proc_pid_stat(5): 1/100 s on Linux.
const tick = 10 * time.Millisecond

// cpuTime returns what the processes used until now, in user and system mode.
// One that has ended counts as nothing.
func cpuTime(pids ...string) (sum time.Duration) {
	for _, pid := range pids {
		b, err := os.ReadFile("/proc/" + pid + "/stat")
		if err != nil {
			continue
		}
		f := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:]) // from the third field on
		for _, ticks := range f[11:13] {
			n, _ := strconv.ParseInt(string(ticks), 10, 64)
			sum += time.Duration(n) * tick
		}
	}
	return sum
}
