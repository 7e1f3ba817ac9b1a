package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"latchkey/internal/testenv"
)

// How much memory a server has that nobody asked anything yet, and a process that has
// hashed nothing: some 22 and 13 MiB, of which they have a good part in common, since both
// are the same program. One that is watched has been asked for its metrics, a few times.
const (
	idleMemory        = 28 << 20
	watchedMemory     = 28 << 20
	idleHashingMemory = 15 << 20
)

func TestIdleMemory(t *testing.T) {
	metrics := "127.0.0.1:" + testenv.FreePort(t)
	for name, s := range map[string]*testenv.Stack{
		"embedded": testenv.NewEmbedded(t), "production": testenv.NewProduction(t), "watched": testenv.NewProduction(t, "METRICS_ADDR="+metrics),
	} {
		s.Plain = true // the race detector needs memory itself
		server := s.Add(t)
		s.AwaitReady(t)
		most := idleMemory
		if name == "watched" {
			most = watchedMemory
			for range 10 {
				scrape(t, metrics)
			}
		}
		memory, hashing := proportional(t, server.Pid()), children(t, server.Pid())
		t.Logf("%s: %d MiB", name, memory>>20)
		if memory > most {
			t.Errorf("%s: the server has %d MiB, want %d at most", name, memory>>20, most>>20)
		}
		if len(hashing) == 0 {
			t.Errorf("%s: no process hashes", name)
		}
		said := regexp.MustCompile(`hashes_at_once"?[=:](\d+)`).FindStringSubmatch(server.Log())
		if said == nil || !strings.Contains(server.Log(), "memory_mib") {
			t.Errorf("%s: the start does not say what it uses", name)
		} else if n, _ := strconv.Atoi(said[1]); n < len(hashing) {
			t.Errorf("%s: %d processes hash, and the start says %d", name, len(hashing), n)
		}
		for _, pid := range hashing {
			memory := proportional(t, pid)
			t.Logf("%s, hashing: %d MiB", name, memory>>20)
			if memory > idleHashingMemory {
				t.Errorf("%s: a process that hashes has %d MiB, want %d at most", name, memory>>20, idleHashingMemory>>20)
			}
		}
		server.Kill()
	}
}

// memoryOf is the memory in RAM of a server and its processes, in bytes.
func memoryOf(t *testing.T, pid int) (sum int) {
	t.Helper()
	for _, pid := range append(children(t, pid), pid) {
		sum += proportional(t, pid)
	}
	return sum
}

// children returns the processes that a server hashes in.
func children(t *testing.T, pid int) (pids []int) {
	t.Helper()
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, list := range lists {
		b, _ := os.ReadFile(list) // a thread may end meanwhile
		for field := range strings.FieldsSeq(string(b)) {
			child, err := strconv.Atoi(field)
			if err != nil {
				t.Fatal(err)
			}
			pids = append(pids, child)
		}
	}
	return pids
}

// residentAlone is the memory of one process that is in RAM, in bytes: with what it shares
// with others.
func residentAlone(t *testing.T, pid int) int {
	t.Helper()
	return memoryIn(t, pid, "status", "VmRSS:")
}

// proportional is the same with its share of what several processes have in common, such
// as their program. So it can be summed.
func proportional(t *testing.T, pid int) int {
	t.Helper()
	return memoryIn(t, pid, "smaps_rollup", "Pss:")
}

// memoryIn reads a line of one of a process's files in /proc: proc(5).
func memoryIn(t *testing.T, pid int, file, name string) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, file))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			kib, err := strconv.Atoi(strings.Fields(rest)[0])
			if err != nil {
				t.Fatal(err)
			}
			return kib << 10
		}
	}
	t.Fatalf("no %s in %s", name, file)
	return 0
}
