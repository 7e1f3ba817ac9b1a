package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"latchkey/internal/testenv"
)

// freeze stops a replica, as a machine that is suspended stops it; thaw lets it go
// on.
func freeze(t *testing.T, p *testenv.Process) (thaw func()) {
	t.Helper()
	p.Signal(t, syscall.SIGSTOP)
	testenv.Await(t, patience, "the replica to stand still", func() bool {
		threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", p.Pid()))
		for _, path := range threads {
			stat, err := os.ReadFile(path) // proc(5): behind the name in parentheses comes the state
			if err == nil && !strings.Contains(string(stat), ") T ") {
				return false
			}
		}
		return err == nil
	})
	return func() { p.Signal(t, syscall.SIGCONT) }
}

// A replica stands still with requests of devices that then go on at the other one
// for many refreshes. When it wakes and reads what it was asked, nobody is logged
// out by tokens that are old by now.
func TestFrozenRefresh_E2_R4(t *testing.T) {
	t.Parallel()
	s := testenv.Production(t)
	frozen, awake := s.Replicas[0], s.Replicas[1]
	ada := s.Join(t)
	tokens := []string{ada.Refresh}
	for range 5 {
		tokens = append(tokens, s.Login(t, ada).Tokens.RefreshToken)
	}
	for range testenv.Repeats(t, 2, 20) {
		thaw := freeze(t, frozen)
		handled := func() int { return strings.Count(frozen.Log(), `"route":"/graphql"`) }
		before := handled()
		var devices sync.WaitGroup
		for i := range tokens {
			devices.Go(func() {
				r := refreshRequest(tokens[i])
				r.Patience = 300 * time.Millisecond
				r.Header = map[string]string{"Connection": "close"}
				if _, err := testenv.TryPost(frozen.URL, r); err == nil {
					t.Error("a replica that stands still answers")
				}
			})
		}
		devices.Wait()
		for i := range tokens {
			for range 6 { // beyond what the grace lets through
				_, tokens[i] = refresh(t, awake.URL, tokens[i])
			}
		}
		thaw()
		testenv.Await(t, patience, "the replica to look at what it was asked", func() bool { return handled() >= before+len(tokens) })
		for i := range tokens {
			var access string
			access, tokens[i] = refresh(t, frozen.URL, tokens[i])
			mustBe(t, awake.URL, access, ada.ID)
		}
	}
}
