package breach

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
)

// broken is a file that is gone.
func broken(t testing.TB) *File {
	t.Helper()
	l := built(t, dumpOf(10, "\n", stolen), 1)
	must(t, l.close())
	l.close = func() error { return nil }
	return l
}

// Passwords that cannot be looked up are taken, which the log says at once and then once a
// minute, in a sum.
func TestAccepting_T1(t *testing.T) {
	good, gone := built(t, dumpOf(10, "\n", stolen), 1), broken(t)
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		a := NewAccepting(gone, zerolog.New(&out))
		lines := func() []string {
			a.mu.Lock() // under which it writes
			text := strings.TrimSpace(out.String())
			out.Reset()
			a.mu.Unlock()
			if strings.Contains(text, "horse") {
				t.Errorf("a password is in the log: %s", text)
			}
			return strings.Split(text, "\n")
		}
		mustSay := func(when string, counts ...string) {
			t.Helper()
			synctest.Wait()
			got := lines()
			if len(counts) == 0 {
				counts = []string{""}
			}
			if len(got) != len(counts) {
				t.Fatalf("%s: %q", when, got)
			}
			for i, count := range counts {
				if !strings.Contains(got[i], count) {
					t.Errorf("%s: %q, want %q", when, got[i], count)
				}
			}
		}
		mustHave(t, a, 1, stolen, func(int) bool { return false })
		mustSay("at once", `"count":1`)
		mustHave(t, a, 10, stolen, func(int) bool { return false })
		mustSay("within the minute")
		time.Sleep(tellEvery)
		mustSay("after a minute", `"count":10`)
		time.Sleep(5 * tellEvery)
		mustSay("after silence")
		mustHave(t, a, 2, stolen, func(int) bool { return false })
		mustSay("anew", `"count":1`)
		time.Sleep(tellEvery)
		mustSay("and its rest", `"count":1`)
		time.Sleep(tellEvery)

		ended, end := context.WithCancel(t.Context())
		end()
		a.List = leaving{}
		if _, err := a.Has(ended, stolen(0)); !errors.Is(err, context.Canceled) {
			t.Errorf("who left: %v", err)
		}
		mustSay("who left")
		mustHave(t, NewAccepting(good, zerolog.New(&out)), 10, stolen, func(int) bool { return true })
		mustSay("a list that can be read")
	})
}

// leaving has callers leave before there is an answer.
type leaving struct{ List }

func (leaving) Has(ctx context.Context, _ string) (bool, error) { return false, ctx.Err() }
