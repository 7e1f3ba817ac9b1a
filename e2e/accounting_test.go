package e2e_test

import (
	"slices"
	"testing"
	"time"

	"latchkey/internal/testenv"
)

// fault is one way to fail, from its beginning to its end.
type fault struct {
	name string
	do   func(t *testing.T, l *ledger)
}

// away has a server fail in some way until clients notice or, where they do not,
// until each was served some more.
func away(name string, p *testenv.Proxy, how string, noticed bool) fault {
	return fault{name + " " + how, func(t *testing.T, l *ledger) {
		fail, mend := outage(t, p, how)
		before := l.failures()
		fail()
		if noticed {
			testenv.Await(t, patience, "failures", func() bool { return l.failures() >= before+4 })
		} else {
			l.await(t, "being served meanwhile", 2, wasServed)
		}
		mend()
	}}
}

// kill9 ends a replica like a power cut amid the load, and starts it anew.
func kill9(i int) fault {
	return fault{"kill -9", func(t *testing.T, l *ledger) {
		l.s.Replicas[i].Kill()
		before := l.failures()
		testenv.Await(t, patience, "failures", func() bool { return l.failures() >= before+4 })
		l.s.Restart(t, i)
		if l.s.Setting("DATABASE_URL") == "" {
			mustBeIntact(t, l.s)
		}
	}}
}

// standstill stops a replica for longer than what it has leased.
func standstill(i int) fault {
	return fault{"SIGSTOP", func(t *testing.T, l *ledger) {
		thaw := freeze(t, l.s.Replicas[i])
		before := l.failures()
		testenv.Await(t, patience, "failures", func() bool { return l.failures() >= before+4 })
		thaw()
	}}
}

// cuts has commits, or deliveries, happen without anybody knowing.
func cuts(name string, n int, cut func() <-chan struct{}) fault {
	return fault{name, func(t *testing.T, l *ledger) {
		for range n {
			awaitCut(t, cut())
		}
	}}
}

// survive lets faults happen one after the other. Each is over, and every client
// was served again, before the next.
func (l *ledger) survive(t *testing.T, faults ...fault) {
	t.Helper()
	l.await(t, "being served", 2, wasServed)
	for _, f := range faults {
		began, before := time.Now(), l.failures()
		f.do(t, l)
		l.await(t, "being served after "+f.name, 2, wasServed)
		t.Logf("%s: %d tries without an answer, over after %v", f.name, l.failures()-before, time.Since(began).Round(time.Millisecond))
	}
}

// retried waits until no mail is left that failed when it may have been delivered,
// so that none meets another fault.
func retried(t *testing.T, l *ledger) {
	testenv.Await(t, 2*mailWithin, "mails that failed", func() bool {
		return count(t, l.s, `SELECT count(*) FROM outbox WHERE attempts > 0 OR last_error <> ''`) == 0
	})
}

// account ends the load and compares what clients were told with what is there.
func (l *ledger) account(t *testing.T, began time.Time) {
	t.Helper()
	close(l.stop)
	l.done.Wait()
	l.mustBeRight(t)
	// What a worker left to its lease goes now, and only that: so nobody sends at
	// the moment.
	for _, p := range l.s.Replicas {
		p.Kill()
	}
	comeBack(t, l.s)
	for i := range l.s.Replicas {
		l.s.Restart(t, i)
	}
	// Who died, or lost the database, at a mail may have left it to its lease.
	testenv.Await(t, 3*time.Minute, "the outbox to be empty", func() bool { return count(t, l.s, `SELECT count(*) FROM outbox`) == 0 })

	// A delivery more for each lease that ended by itself meanwhile.
	twice := 2 + int(time.Since(began)/(2*time.Minute))
	deliveries := l.s.Deliveries(t, l.domain)
	again, registrations := 0, 0
	for address, asked := range l.asked {
		ids := slices.Sorted(slices.Values(deliveries[address]))
		mails := slices.Compact(slices.Clone(ids))
		rows := count(t, l.s, `SELECT count(*) FROM registrations WHERE email_key = $1 AND NOT closed`, address)
		registrations += rows
		if rows == 0 && l.accepted[address] || rows > asked {
			t.Errorf("an address has %d registrations, accepted: %v, asked for %d times", rows, l.accepted[address], asked)
		}
		if len(mails) < rows || len(mails) > asked { // the same again is one registration, whose link is mailed again
			t.Errorf("%d registrations of an address, asked for %d times, and %d mails", rows, asked, len(mails))
		}
		for _, id := range mails {
			n := 0
			for _, other := range ids {
				if other == id {
					n++
				}
			}
			if again += n - 1; n > twice {
				t.Errorf("a mail was delivered %d times, want %d at most", n, twice)
			}
		}
		delete(deliveries, address)
	}
	if len(deliveries) > 0 {
		t.Errorf("mails to %d addresses that nobody registered", len(deliveries))
	}

	for _, h := range l.refreshers {
		access, _ := refresh(t, l.s.URL(), h.token)
		for _, base := range l.bases {
			mustBe(t, base, access, h.id)
		}
	}
	for i, gone := range l.ended {
		for j, base := range l.bases {
			if i > 20 && (i+j)%len(l.bases) > 0 { // the rest alternate
				continue
			}
			mustBeRevoked(t, base, gone.AccessToken)
			mustSay(t, testenv.Post(t, base, refreshRequest(gone.RefreshToken)), "refresh", "TOKEN_INVALID")
		}
	}
	changes := 0
	for _, who := range l.changers {
		l.accountForPasswords(t, who)
		changes += who.changes
	}
	if n, want := count(t, l.s, `SELECT count(*) FROM users`), 1+len(l.refreshers)+len(l.changers); n != want {
		t.Errorf("%d users, want %d", n, want)
	}
	t.Logf("%d registrations accepted of %d, %d rows, %d mails came again; %d sessions ended, %d passwords changed; %d tries without an answer",
		len(l.accepted), len(l.asked), registrations, again, len(l.ended), changes, l.failures())
}

// accountForPasswords does so for whoever changed a password again and again: each
// change was told once.
func (l *ledger) accountForPasswords(t *testing.T, who *changer) {
	t.Helper()
	mustBe(t, l.s.URL(), who.p.Access, who.p.ID)
	events := count(t, l.s, `SELECT count(*) FROM undo WHERE user_id = $1 AND kind = 'password_changed'`, who.p.ID)
	logins := count(t, l.s, `SELECT count(*) FROM undo WHERE user_id = $1 AND kind = 'new_device'`, who.p.ID)
	ids := slices.Sorted(slices.Values(l.s.Deliveries(t, domainOf(who.p.Email))[who.p.Email]))
	if notices := len(slices.Compact(ids)); notices != events+logins+1 { // and that of the registration
		t.Errorf("%d changes of a password and %d new logins were told by %d mails", events, logins, notices-1)
	}
	if who.p.Password == "" { // the load stopped before the last was answered
		return
	}
	mustLogIn(t, l.s, who.p, who.p.Password, true)
	mustLogIn(t, l.s, who.p, who.old, false)
	if events != who.changes {
		t.Errorf("%d changes of a password, and %d events", who.changes, events)
	}
}

// Two replicas under a mixed load while one after the other of all that they stand
// on fails, and they themselves are killed and frozen: nothing that anybody was
// told is untrue in the end.
func TestAccounting_R1_R2_R3_R4(t *testing.T) {
	t.Parallel()
	t.Run("postgresql", func(t *testing.T) {
		t.Parallel()
		s := testenv.NewProduction(t)
		s.Plain = true
		s.OwnMailpit(t)
		own := testenv.StartRedis(t)
		s.Env = append(s.Env, "REDIS_URL="+own.URL)
		postgres, redis, smtp := s.Through(t, "DATABASE_URL"), s.Through(t, "REDIS_URL"), s.Through(t, "MAIL_SERVER")
		s.Add(t)
		s.Add(t)
		s.AwaitReady(t)
		began, l := time.Now(), newLedger(t, s)
		wait := fault{"the retries", retried}
		l.survive(t,
			cuts("SMTP is cut after DATA", 2, smtp.CutDelivery), away("SMTP", smtp, "resets", false), wait,
			away("SMTP", smtp, "hangs and passes", false), away("SMTP", smtp, "refuses", false),
			kill9(0), standstill(1),
			away("PostgreSQL", postgres, "refuses", true), away("PostgreSQL", postgres, "hangs", true),
			away("PostgreSQL", postgres, "hangs and passes", true), away("PostgreSQL", postgres, "resets", false),
			away("PostgreSQL", postgres, "is slow", false),
			cuts("PostgreSQL is cut after COMMIT", 20, func() <-chan struct{} { return postgres.CutCommit("") }),
			away("Redis", redis, "refuses", false), away("Redis", redis, "hangs", false), away("Redis", redis, "resets", false),
			kill9(1), standstill(0), kill9(0),
		)
		l.account(t, began)
	})
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		s := testenv.NewProduction(t, "DATABASE_URL=", "REDIS_URL=")
		s.Plain = true
		s.OwnMailpit(t)
		smtp := s.Through(t, "MAIL_SERVER")
		s.Add(t)
		s.AwaitReady(t)
		began, l := time.Now(), newLedger(t, s)
		wait := fault{"the retries", retried}
		l.survive(t,
			cuts("SMTP is cut after DATA", 2, smtp.CutDelivery), wait,
			away("SMTP", smtp, "hangs and passes", false), away("SMTP", smtp, "refuses", false),
			kill9(0), standstill(0), kill9(0), kill9(0),
		)
		mustBeIntact(t, s)
		l.account(t, began)
	})
}

func domainOf(address string) string { return address[slices.Index([]byte(address), '@')+1:] }
