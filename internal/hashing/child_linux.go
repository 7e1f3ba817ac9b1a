package hashing

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// asBatch has the calling thread, for good, run as a batch job (sched(7)): it gets as
// much of a core as others, but interrupts nobody who wakes up for a request. Where that
// is forbidden, which the error says, it may. Its niceness stays: more of it made requests
// no quicker in a flood of logins, and let those who log in wait where others keep the
// machine busy.
func asBatch() error {
	prio, err := unix.Getpriority(unix.PRIO_PROCESS, 0) // 20 less the niceness, as the kernel has it
	if err != nil {
		return fmt.Errorf("getpriority: %w", err)
	}
	//lint:ignore G115 a niceness is -20 to 19
	err = unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_BATCH, Nice: int32(20 - prio)}, 0)
	if err != nil {
		return fmt.Errorf("sched_setattr: %w", err)
	}
	return nil
}

// isFirstThread reports whether the calling thread is the one that the process began with,
// whose policy is shown as that of the process.
func isFirstThread() bool { return unix.Gettid() == os.Getpid() }

// ownSession starts a command in a session of its own. Where the kernel shares out cores by
// session (autogroup, sched(7)), one that hashes without end, and has threads that wake up
// for each request too, kept others from a core for up to a fifth of a second: PostgreSQL
// and Redis, for which those requests wait. Alone in its session a child keeps nobody waiting.
func ownSession(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }

// keepFiles has no file go over to a child that this process was handed by its own parent.
// Go sees to all that it opens itself.
func keepFiles() { _ = unix.CloseRange(3, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC) }
