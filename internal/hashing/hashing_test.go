package hashing

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"latchkey/internal/password"
)

func TestMain(m *testing.M) {
	if len(os.Args) == 2 {
		if err := as(os.Args[1]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// as runs what the tests start this program for.
func as(command string) error {
	switch command {
	case Command:
		return Serve(os.Stdin, os.Stdout)
	case refused:
		return hashRefused()
	}
	return fmt.Errorf("no such command: %s", command)
}

var cheap = password.Params{Kind: password.Argon2id, Memory: 64, Time: 1, Threads: 1}

// dear takes so long that something can happen meanwhile.
var dear = password.Params{Kind: password.Argon2id, Memory: 64 << 10, Time: 10, Threads: 1}

func startOne(t *testing.T) *Process {
	t.Helper()
	all, err := Start(1, zerolog.New(t.Output()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(all[0].Close)
	return all[0]
}

// A process makes and compares hashes as this one does, of every kind and of every
// password.
func TestProcess_A4_A5(t *testing.T) {
	p, here := startOne(t), password.Here(1)[0]
	for _, params := range []password.Params{cheap, {Kind: password.Bcrypt, Cost: 4}} {
		for _, plain := range []string{"correct horse", "cafe\u0301", "", "a\x00b", "\xff\xfe", strings.Repeat("x", 72)} {
			phc, err := p.Hash(params, plain)
			want, wantErr := here.Hash(params, plain)
			if (err == nil) != (wantErr == nil) || err == nil && phc[:7] != want[:7] {
				t.Errorf("%s of %q: got %.7s, %v; here %.7s, %v", params.Kind, plain, phc, err, want, wantErr)
				continue
			}
			if err != nil {
				continue
			}
			if err := errors.Join(p.Verify(phc, plain), here.Verify(phc, plain)); err != nil {
				t.Errorf("%s of %q: %v", params.Kind, plain, err)
			}
			if err := p.Verify(phc, plain+"x"); !errors.Is(err, password.ErrMismatch) {
				t.Errorf("%s of %q and more: got %v, want ErrMismatch", params.Kind, plain, err)
			}
		}
	}
	if err := p.Verify("$argon2id$", "x"); err == nil || errors.Is(err, password.ErrBusy) {
		t.Errorf("a malformed hash: got %v", err)
	}
	if err := p.Err(); err != nil {
		t.Error(err)
	}
}

// A process that dies fails what it was at as if that had not begun, and no more. One that
// dies while it has nothing to do fails nothing.
func TestProcessDies_R7(t *testing.T) {
	p := startOne(t)
	first := p.child.cmd.Process.Pid
	var asked sync.WaitGroup
	var err error
	asked.Go(func() { _, err = p.Hash(dear, "correct horse") })
	for !busy(t, first) {
		<-time.After(time.Millisecond)
	}
	kill(t, first)
	asked.Wait()
	if !errors.Is(err, password.ErrBusy) || !errors.Is(err, password.ErrNotBegun) {
		t.Errorf("killed at work: got %v, want a BusyError", err)
	}
	if _, err := p.Hash(cheap, "correct horse"); err != nil {
		t.Errorf("the next one: %v", err)
	}
	kill(t, p.child.cmd.Process.Pid)
	<-p.child.gone
	if _, err := p.Hash(cheap, "correct horse"); err != nil {
		t.Errorf("after one that was killed at rest: %v", err)
	}
}

// A process that cannot be started again says why, until it can.
func TestNoProcess_R7(t *testing.T) {
	p := startOne(t)
	var before syscall.Rlimit
	must(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &before))
	kill(t, p.child.cmd.Process.Pid)
	<-p.child.gone
	must(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: 3, Max: before.Max}))
	_, err := p.Hash(cheap, "correct horse")
	said := p.Err()
	must(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &before))
	if !errors.Is(err, password.ErrBusy) || said == nil {
		t.Errorf("without file descriptors: got %v and %v, want a BusyError and why", err, said)
	}
	if _, err := p.Hash(cheap, "correct horse"); err != nil || p.Err() != nil {
		t.Errorf("with them: %v, %v", err, p.Err())
	}
}

// It ends when its input does, and by none of the signals that a service is ended with.
func TestEndsWithInput_R5(t *testing.T) {
	p := startOne(t)
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		if _, err := p.Hash(cheap, "correct horse"); err != nil { // it runs, so it ignores them
			t.Fatal(err)
		}
		must(t, p.child.cmd.Process.Signal(s))
	}
	before := p.child
	if _, err := p.Hash(cheap, "correct horse"); err != nil || p.child != before {
		t.Errorf("a signal ended it: %v", err)
	}
	must(t, p.child.in.Close())
	<-p.child.gone
	if p.child.how != nil {
		t.Errorf("ended by %v, want by itself", p.child.how)
	}
}

// By hand it does nothing, and does not keep the terminal.
func TestServeByHand(t *testing.T) {
	null, err := os.Open(os.DevNull)
	must(t, err)
	defer func() { must(t, null.Close()) }()
	if err := Serve(null, io.Discard); !errors.Is(err, ErrByHand) {
		t.Errorf("got %v, want %v", err, ErrByHand)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func kill(t *testing.T, pid int) {
	t.Helper()
	must(t, syscall.Kill(pid, syscall.SIGKILL))
}

// busy reports whether a process used a tenth of a second of CPU.
func busy(t *testing.T, pid int) bool {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	must(t, err)
	_, behind, _ := strings.Cut(string(stat), ") ")
	var user int
	_, err = fmt.Sscan(strings.Fields(behind)[11], &user)
	must(t, err)
	return user >= 10
}
