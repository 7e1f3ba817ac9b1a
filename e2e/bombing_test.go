package e2e_test

import (
	"crypto/rand"
	"fmt"
	"strings"
	"testing"

	"latchkey/internal/testenv"
)

// aHome returns the addresses of a line that no other test uses: one in each of the 256
// networks of its /56.
func aHome() (client func(i int) string) {
	b := make([]byte, 3)
	_, _ = rand.Read(b)
	return func(i int) string { return fmt.Sprintf("2001:db8:%02x%02x:%02x%02x::1", b[0], b[1], b[2], i%256) }
}

// A home registers a mailbox under 220 addresses, each from another of its networks. The
// mailbox gets three mails, and its plain address none the less.
func TestMailBombing_C6(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		at, client := domain(), aHome()
		for i := range 220 {
			eve := testenv.Newcomer()
			eve.Email, eve.Client = fmt.Sprintf("victim+%d@%s", i, at), client(i)
			mustSay(t, testenv.Post(t, s.URL(), registerRequest(eve)), "register")
		}
		victim := testenv.Newcomer()
		victim.Email = "victim@" + at
		mustSay(t, testenv.Post(t, s.URL(), registerRequest(victim)), "register")
		s.AwaitMails(t, victim.Email, 1)
		testenv.Await(t, patience, "the outbox to settle", func() bool {
			return count(t, s, `SELECT count(*) FROM outbox WHERE recipient_key LIKE $1`, "%@"+at) == 0
		})
		bombed := 0
		for to, n := range s.Recipients(t, at) {
			if strings.Contains(to, "+") {
				bombed += n
			}
		}
		if bombed != 3 {
			t.Errorf("%d mails from one home to one mailbox, want 3", bombed)
		}
	})
}
