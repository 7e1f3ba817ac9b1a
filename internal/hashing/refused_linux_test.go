package hashing

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"
)

// refused has this program hash as in a service whose filter of system calls forbids
// sched_setattr, as systemd's ~@resources does.
const refused = "hash-refused"

// Where the kernel refuses to make a batch job of a process that hashes, passwords are
// hashed all the same, and the log says once what that costs.
func TestNormalPriorityIsTold_R7(t *testing.T) {
	for command, warnings := range map[string]int{refused: 1, "": 0} {
		var log strings.Builder
		if command == "" {
			all, err := Start(2, zerolog.New(&log))
			must(t, err)
			t.Cleanup(all[0].Close)
		} else {
			cmd := exec.Command("/proc/self/exe", command)
			cmd.Stdout, cmd.Stderr = &log, os.Stderr
			must(t, cmd.Run())
		}
		if got := strings.Count(log.String(), "normal priority"); got != warnings {
			t.Errorf("%q: %d warnings, want %d: %s", command, got, warnings, log.String())
		}
		for line := range strings.Lines(log.String()) {
			var said struct{ Level, Error string }
			if err := json.Unmarshal([]byte(line), &said); err != nil || said.Level != "warn" || said.Error != "sched_setattr: operation not permitted" {
				t.Errorf("%v: %s", err, line)
			}
		}
	}
}

// hashRefused has the kernel refuse sched_setattr to this process and all that it starts
// (seccomp(2)), and has two processes hash then.
func hashRefused() error {
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS}, // the system call's number, the first field of struct seccomp_data
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.SYS_SCHED_SETATTR, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	runtime.LockOSThread() // from which seccomp takes no_new_privs over to all others
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("no_new_privs: %w", err)
	}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&program)))
	if errno != 0 {
		return fmt.Errorf("seccomp: %w", errno)
	}
	all, err := Start(2, zerolog.New(os.Stdout))
	if err != nil {
		return err
	}
	for _, p := range all {
		if _, err := p.Hash(cheap, "correct horse"); err != nil {
			return err
		}
		p.Close()
	}
	return nil
}
