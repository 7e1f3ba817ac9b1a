package hashing

import (
	"math"
	"os"

	"golang.org/x/sys/unix"
)

// niceness of hashing processes: of two busy threads of one core, one with 10 gets
// about a tenth (sched(7)).
const niceness = 5

// lowerPriority lowers the priority of the calling thread, for good: without
// privileges it cannot be raised again. It then runs as a batch job, too, which does not
// interrupt who waits for a request. Where either is forbidden, hashing merely competes with
// requests as an equal.
func lowerPriority() {
	_ = unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), niceness)
	_ = unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_BATCH, Nice: niceness}, 0)
}

// isFirstThread reports whether the calling thread is the one that the process began with,
// whose priority is shown as that of the process.
func isFirstThread() bool { return unix.Gettid() == os.Getpid() }

// keepFiles has no file go over to a child that this process was handed by its own parent.
// Go sees to all that it opens itself.
func keepFiles() { _ = unix.CloseRange(3, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC) }
