package hashing

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"time"
)

// Command is the first argument of a program that is to [Serve].
const Command = "hash-passwords"

// patience is how long a hash may take before its process is taken for one that hangs. The
// costliest take 3 s, and much longer where others keep the machine busy.
const patience = 2 * time.Minute

// child is a process that hashes.
type child struct {
	cmd     *exec.Cmd
	in, out *os.File
	gone    chan struct{} // closed when it has ended
	how     error         // it ended; set before gone is closed
	pushy   error         // why it is no batch job; nil if it is one, or there are none
}

// launch starts a child.
func launch() (*child, error) {
	program, err := program()
	if err != nil {
		return nil, err
	}
	childIn, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	out, childOut, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, childIn.Close(), in.Close())
	}
	c := &child{cmd: exec.Command(program, Command), in: in, out: out, gone: make(chan struct{})}
	c.cmd.Args[0] = "latchkey" // as ps shows it
	c.cmd.Env, c.cmd.Dir = []string{}, string(os.PathSeparator)
	c.cmd.Stdin, c.cmd.Stdout = childIn, childOut
	ownSession(c.cmd)
	keepFiles()
	err = errors.Join(startBatch(c), childIn.Close(), childOut.Close()) // the child has its own
	if err != nil {
		return nil, errors.Join(err, in.Close(), out.Close())
	}
	go func() {
		c.how = c.cmd.Wait()
		close(c.gone)
	}()
	return c, nil
}

// startBatch starts a child as a batch job, where the platform has such and allows it: a new
// process is scheduled as the thread that starts it. The thread ends with
// its goroutine, which stays locked to it; but a first thread cannot, and is left alone.
func startBatch(c *child) error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		if isFirstThread() {
			started <- startBatch(c)
			runtime.UnlockOSThread()
			return
		}
		c.pushy = asBatch()
		started <- c.cmd.Start()
	}()
	return <-started
}

// program returns the program that runs here, on Linux also when its file was replaced.
func program() (string, error) {
	if _, err := os.Stat("/proc/self/exe"); err == nil {
		return "/proc/self/exe", nil
	}
	return os.Executable()
}

// ended reports whether the child has ended by itself.
func (c *child) ended() bool {
	select {
	case <-c.gone:
		_, _ = c.in.Close(), c.out.Close()
		return true
	default:
		return false
	}
}

// converse sends a question and returns the answer.
func (c *child) converse(question frame) (frame, error) {
	until := time.Now().Add(patience)
	if err := errors.Join(c.in.SetWriteDeadline(until), c.out.SetReadDeadline(until)); err != nil {
		return nil, err
	}
	if _, err := c.in.Write(question); err != nil {
		return nil, err
	}
	return read(c.out)
}

// end has the child end, and returns how it did; nil if it had to be killed.
func (c *child) end() error {
	_, _ = c.in.Close(), c.out.Close()
	select {
	case <-c.gone:
		return c.how
	case <-time.After(closing):
	}
	_ = c.cmd.Process.Kill()
	<-c.gone
	return nil
}

// closing is how long a child has to end after its input did.
const closing = 100 * time.Millisecond
