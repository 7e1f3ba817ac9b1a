package password

import "golang.org/x/sys/unix"

// niceness of hashing threads: of two busy threads of one core, one with 10 gets
// about a tenth (sched(7)).
const niceness = 10

// lowerPriority lowers the priority of the calling thread, for good: without
// privileges it cannot be raised again. Where that is forbidden, hashing merely
// competes with requests as an equal.
func lowerPriority() {
	_ = unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), niceness)
}
