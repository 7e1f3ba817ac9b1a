package hashing

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// All threads of a process run as a batch job, and those of this process
// do not. It is alone in a session, so that a kernel which shares out cores by session
// lets none of this process's threads, nor a database, wait for a hash. It is handed no environment, no folder and no file.
func TestChildOnLinux_R7(t *testing.T) {
	p := startOne(t)
	if _, err := p.Hash(dear, "correct horse"); err != nil { // by then it has all its threads
		t.Fatal(err)
	}
	prio, err := unix.Getpriority(unix.PRIO_PROCESS, 0)
	must(t, err)
	own := 20 - prio
	proc := fmt.Sprintf("/proc/%d", p.child.cmd.Process.Pid)
	for _, dir := range []string{proc, "/proc/self"} {
		threads, err := filepath.Glob(dir + "/task/*/stat")
		if err != nil || len(threads) == 0 {
			t.Fatal("no threads", err)
		}
		for _, file := range threads {
			stat, err := os.ReadFile(file)
			if os.IsNotExist(err) { // it ended meanwhile
				continue
			}
			must(t, err)
			_, behind, _ := strings.Cut(string(stat), ") ") // field 3 of proc_pid_stat(5) and what follows
			fields := strings.Fields(behind)
			if nice := fields[16]; nice != fmt.Sprint(own) {
				t.Errorf("%s: niceness %s, want this process's %d", file, nice, own)
			}
			if policy := fields[38]; (policy == fmt.Sprint(unix.SCHED_BATCH)) != (dir == proc) {
				t.Errorf("%s: policy %s", file, policy)
			}
		}
	}
	pid := p.child.cmd.Process.Pid
	if session, err := unix.Getsid(pid); err != nil || session != pid {
		t.Errorf("it is in session %d, %v; want its own, %d", session, err, pid)
	}
	if env, err := os.ReadFile(proc + "/environ"); err != nil || len(env) > 0 {
		t.Errorf("its environment is %q, %v", env, err)
	}
	if dir, err := os.Readlink(proc + "/cwd"); err != nil || dir != "/" {
		t.Errorf("it is in %s, %v", dir, err)
	}
	files, err := filepath.Glob(proc + "/fd/*")
	must(t, err)
	for _, file := range files {
		to, err := os.Readlink(file)
		must(t, err)
		if strings.HasPrefix(to, "/sys/fs/cgroup/") { // Go itself: how many processors it may use
			continue
		}
		if !strings.HasPrefix(to, "pipe:") && !strings.HasPrefix(to, "anon_inode:") && to != os.DevNull {
			t.Errorf("it has %s open", to)
		}
	}
}
