package e2e_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"latchkey/internal/testenv"
)

// mailWithin is how soon mail follows after the mail server is well again: R3.
const mailWithin = time.Minute

// The mail server refuses or hangs: no answer changes, and every mail follows
// once it is well.
func TestMailServerFails_R3(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"refuses", "hangs", "hangs and passes"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			s := testenv.NewProduction(t)
			smtp := s.Through(t, "MAIL_SERVER")
			s.Add(t)
			s.Add(t)
			s.AwaitReady(t)
			owner := s.Join(t)
			at := domain()
			answer := func() string {
				p := newcomerAt(at)
				registered := testenv.Post(t, s.URL(), registerRequest(p))
				resent := testenv.Post(t, s.URL(), resendRequest(p.Email, p.Client))
				return strings.ReplaceAll(fmt.Sprintf("%d %s\n%d %s", registered.Status, registered.Body, resent.Status, resent.Body), p.Email, "ADDRESS")
			}
			usual := answer()
			testenv.Await(t, 20*time.Second, "the mail", func() bool { return len(s.Recipients(t, at)) == 1 })

			fail, mend := outage(t, smtp, how)
			fail()
			const n = 12 // more than the hands of both workers
			for range n {
				if got := answer(); got != usual {
					t.Errorf("without the mail server: got\n%s\nwant\n%s", got, usual)
				}
			}
			again := testenv.Newcomer()
			again.Email = owner.Email
			mustSay(t, testenv.Post(t, s.URL(), registerRequest(again)), "register")
			for _, p := range s.Replicas { // it is not needed to answer
				awaitReadiness(t, p.URL, 200, "")
			}
			if got := s.Login(t, owner); got.Tokens == nil {
				t.Errorf("login: %+v", got)
			}
			if how == "refuses" {
				testenv.Await(t, 20*time.Second, "the workers to notice", func() bool { return strings.Contains(s.Log(), "mail server away") })
			}
			if got := len(s.Recipients(t, at)); got != 1 {
				t.Fatalf("mails came through: to %d people", got)
			}
			mend()
			testenv.Await(t, mailWithin, "the mails", func() bool { return len(s.Recipients(t, at)) == n+1 })
			testenv.Await(t, mailWithin, "the owner's mail", func() bool { return s.Mails(t, owner.Email)[0].Subject == "You already have an account" })
			testenv.Await(t, mailWithin, "the outbox to be empty", func() bool { return count(t, s, `SELECT count(*) FROM outbox`) == 0 })
		})
	}
}

// What strangers cause before a slow mail server keeps an owner's reset from
// nothing: it leaves before what waits.
func TestFloodDelaysNoReset_C6(t *testing.T) {
	t.Parallel()
	s := testenv.NewProduction(t)
	smtp := s.Through(t, "MAIL_SERVER")
	s.Add(t)
	s.AwaitReady(t)
	owner := s.Join(t)
	at := domain()
	const n = 40
	smtp.Slow(300 * time.Millisecond)
	for range n {
		mustSay(t, testenv.Post(t, s.URL(), registerRequest(newcomerAt(at))), "register")
	}
	mustSay(t, testenv.Post(t, s.URL(), asking("requestPasswordReset", "", owner.Client, "email", owner.Email)), "requestPasswordReset")
	awaitMail(t, s, owner.Email, "Set a new password", 1)
	if waiting := n - len(s.Recipients(t, at)); waiting < n/4 {
		t.Errorf("%d of the %d mails before it still waited when the reset came", waiting, n)
	}
	smtp.Pass(t)
	testenv.Await(t, mailWithin, "the other mails", func() bool { return len(s.Recipients(t, at)) == n })
}
