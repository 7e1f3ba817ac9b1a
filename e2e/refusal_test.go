package e2e_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/testenv"
)

// ownMail is two replicas with a mail server of the test's own behind a proxy.
func ownMail(t *testing.T, settings ...string) (*testenv.Stack, *testenv.Mail, *testenv.Proxy) {
	t.Helper()
	s := testenv.NewProduction(t, settings...)
	server := s.OwnMailpit(t)
	smtp := s.Through(t, "MAIL_SERVER")
	s.Add(t)
	if s.Setting("DATABASE_URL") != "" {
		s.Add(t)
	}
	s.AwaitReady(t)
	return s, server, smtp
}

// A mail server that puts a recipient off gets the mail again, one that refuses
// does not, which an operator sees; either way the mail of others goes at once and
// no answer tells.
func TestMailRefused_R3(t *testing.T) {
	t.Parallel()
	for name, settings := range onSQL {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, server, _ := ownMail(t, settings...)
			register := func() *testenv.Person {
				p := testenv.Newcomer()
				mustSay(t, testenv.Post(t, s.URL(), registerRequest(p)), "register")
				return p
			}
			lastError := func(code string) {
				t.Helper()
				testenv.Await(t, patience, "a "+code, func() bool {
					return count(t, s, `SELECT count(*) FROM outbox WHERE last_error LIKE $1`, "%"+code+" %") > 0
				})
			}
			server.Answer(t, 550)
			refused := register()
			lastError("550")
			server.Answer(t, 451)
			delayed := register()
			lastError("451")
			server.Answer(t, 0)
			other := register()
			s.AwaitMails(t, other.Email, 1)
			waits := count(t, s, `SELECT count(*) FROM outbox WHERE recipient_key = $1`, delayed.Email)
			began := time.Now()
			s.AwaitMails(t, delayed.Email, 1) // 5 s after its first try
			t.Logf("the mail that was put off: waited behind another: %v, came after %v more", waits == 1, time.Since(began))
			testenv.Await(t, patience, "all but the refused to be gone", func() bool {
				return count(t, s, `SELECT count(*) FROM outbox WHERE failed_at IS NULL`) == 0
			})
			failed := outbox(t, s, "--failed")
			if len(failed) != 1 || failed[0].To != refused.Email || !strings.Contains(failed[0].LastError, "550") {
				t.Errorf("given up: %+v, want the one that was refused", failed)
			}
			mustPrint(t, s, "", 0, []string{"1 due now"}, "mail", "retry", "--all")
			for _, p := range []*testenv.Person{refused, delayed, other} {
				if n := len(s.AwaitMails(t, p.Email, 1)); n != 1 {
					t.Errorf("%d mails, want 1", n)
				}
			}
		})
	}
}

// The mail server takes a mail and the line breaks before it can say so: the mail
// comes again, twice at most, and is the same one to whoever reads it.
func TestMailCutAfterData_R3_D10(t *testing.T) {
	t.Parallel()
	for name, settings := range onSQL {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _, smtp := ownMail(t, settings...)
			at := domain()
			const n = 3
			var cuts []string
			for range n {
				p := newcomerAt(at)
				happened := smtp.CutDelivery()
				mustSay(t, testenv.Post(t, s.URL(), registerRequest(p)), "register")
				awaitCut(t, happened)
				cuts = append(cuts, p.Email)
			}
			testenv.Await(t, mailWithin, "the outbox to be empty", func() bool { return count(t, s, `SELECT count(*) FROM outbox`) == 0 })
			for _, email := range cuts {
				ids := s.Deliveries(t, at)[email]
				if len(ids) != 2 || ids[0] != ids[1] {
					t.Errorf("deliveries %v, want two under one Message-ID", ids)
				}
				for _, m := range s.Mails(t, email)[1:] { // either link is good
					if page := browse(t, s.URL(), "GET", m.Links[0]); page.status != 200 {
						t.Errorf("the link of the first mail: %d", page.status)
					}
				}
			}
		})
	}
}

// A mail server that is slow, and one that resets whatever talks to it, are
// nothing to who asks, and every mail comes.
func TestMailServerSlow_R3(t *testing.T) {
	t.Parallel()
	s := testenv.NewProduction(t)
	smtp := s.Through(t, "MAIL_SERVER")
	s.Add(t)
	s.Add(t)
	s.AwaitReady(t)
	at := domain()
	register := func(n int) {
		for range n {
			mustSay(t, testenv.Post(t, s.URL(), registerRequest(newcomerAt(at))), "register")
		}
	}
	smtp.Slow(500 * time.Millisecond)
	register(1)
	if len(s.Recipients(t, at)) > 0 {
		t.Error("a registration was answered after its mail, which takes many seconds")
	}
	register(3)
	testenv.Await(t, mailWithin, "slow mails", func() bool { return len(s.Recipients(t, at)) == 4 })
	smtp.Pass(t)
	register(10)
	for range 10 {
		smtp.Reset(t)
	}
	testenv.Await(t, mailWithin, "the mails", func() bool { return len(s.Recipients(t, at)) == 14 })
	testenv.Await(t, mailWithin, "the outbox to be empty", func() bool { return count(t, s, `SELECT count(*) FROM outbox`) == 0 })
	for to, ids := range s.Deliveries(t, at) {
		if len(slices.Compact(ids)) != 1 || len(ids) > 2 {
			t.Errorf("%s: deliveries %v", to, ids)
		}
	}
}
