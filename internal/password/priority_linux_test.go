package password

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// What a worker itself does, bcrypt for one, runs with lowered priority, and the
// threads of everything else keep theirs. It says nothing of the goroutines that
// x/crypto's Argon2 starts.
func TestPriority_R7(t *testing.T) {
	before := lowered(t) // of Hashers of other tests
	h := newHasher(t, cheapArgon2id, 2, 2, time.Minute)
	start(t, h)

	tids := make(chan int, 2)
	both := make(chan struct{})
	errs := make(chan error, 2)
	for range 2 {
		go func() {
			errs <- work(t.Context(), h, Caller{}, func() {
				tids <- unix.Gettid()
				<-both // holds the worker, so that the other one takes the other job
			})
		}()
	}
	a, b := <-tids, <-tids
	if a == b {
		t.Errorf("both workers on thread %d", a)
	}
	var during []int
	for _, tid := range lowered(t) {
		if !slices.Contains(before, tid) {
			during = append(during, tid)
		}
	}
	if want := []int{min(a, b), max(a, b)}; !slices.Equal(during, want) {
		t.Errorf("threads %v have a lowered priority, want the workers' %v", during, want)
	}
	close(both)
	for range 2 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

// lowered returns the ids of this process's threads with the workers' niceness,
// in ascending order.
func lowered(t *testing.T) []int {
	t.Helper()
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	var tids []int
	for _, task := range tasks {
		tid, err := strconv.Atoi(task.Name())
		if err != nil {
			t.Fatal(err)
		}
		n, err := nice(tid)
		switch {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, unix.ESRCH): // it ended meanwhile
		case err != nil:
			t.Fatal(err)
		case n == niceness:
			tids = append(tids, tid)
		}
	}
	slices.Sort(tids)
	return tids
}

// nice reads field 19 of a thread's stat file, see proc_pid_stat(5).
func nice(tid int) (n int, err error) {
	file := fmt.Sprintf("/proc/self/task/%d/stat", tid)
	b, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	_, behind, _ := strings.Cut(string(b), ") ") // field 3 and what follows
	fields := strings.Fields(behind)
	if len(fields) < 17 {
		return 0, fmt.Errorf("%s: %d fields", file, len(fields))
	}
	_, err = fmt.Sscan(fields[16], &n)
	return n, err
}
