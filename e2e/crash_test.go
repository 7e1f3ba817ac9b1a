package e2e_test

import (
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"latchkey/internal/testenv"
)

// onSQL are the two databases, each with a real mail server.
var onSQL = map[string][]string{
	"sqlite":     {"DATABASE_URL=", "REDIS_URL="},
	"postgresql": nil,
}

// crowd registers people from a few clients at once and keeps who was accepted.
type crowd struct {
	domain string

	mu       sync.Mutex
	accepted []*testenv.Person
	wrong    []string // what came instead of an answer, or of one that is expected
}

// register sends up to n registrations to base, until stop says so. after is told
// how many were accepted.
func (c *crowd) register(base string, n int, stop func() bool, after func(accepted int)) {
	work := make(chan *testenv.Person)
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			for p := range work {
				if stop() {
					continue
				}
				r := registerRequest(p)
				r.Header = map[string]string{"Connection": "close"}
				if a, err := testenv.TryPost(base, r); err != nil {
					c.noteLost(err)
				} else {
					after(c.note(p, a))
				}
			}
		})
	}
	for range n {
		work <- newcomerAt(c.domain)
	}
	close(work)
	workers.Wait()
}

func (c *crowd) note(p *testenv.Person, a *testenv.Answer) int {
	var got struct {
		Email  string
		Errors []any
	}
	err := unmarshal(a, "register", &got)
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case err == nil && got.Email == p.Email && len(got.Errors) == 0:
		c.accepted = append(c.accepted, p)
	case a.Code() != "UNAVAILABLE":
		c.wrong = append(c.wrong, fmt.Sprintf("%d %s", a.Status, a.Body))
	}
	return len(c.accepted)
}

func (c *crowd) noteLost(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wrong = append(c.wrong, err.Error())
}

// mustHaveMail fails the test unless each accepted registration has its row and
// gets its mail, whose link works.
func (c *crowd) mustHaveMail(t *testing.T, s *testenv.Stack) {
	t.Helper()
	rows := map[string]bool{}
	list, err := s.DB(t).Query(t.Context(), `SELECT email_key FROM registrations`)
	if err != nil {
		t.Fatal(err)
	}
	defer list.Close()
	for list.Next() {
		var key string
		if err := list.Scan(&key); err != nil {
			t.Fatal(err)
		}
		rows[key] = true
	}
	for _, p := range c.accepted {
		if !rows[p.Email] {
			t.Errorf("%s was accepted and has no row", p.Username)
		}
	}
	// What was on its way when the process ended comes back with its lease, which
	// is longer than this test should take.
	if _, err := s.DB(t).Exec(t.Context(), `UPDATE outbox SET due_at = created_at`); err != nil {
		t.Fatal(err)
	}
	testenv.Await(t, time.Minute, "a mail for each accepted registration", func() bool {
		got := s.Recipients(t, c.domain)
		for _, p := range c.accepted {
			if got[p.Email] == 0 {
				return false
			}
		}
		return true
	})
	for _, p := range c.accepted[max(0, len(c.accepted)-3):] {
		token := testenv.LinkToken(t, s.Mails(t, p.Email)[0].Links[0])
		if a := testenv.Post(t, s.URL(), confirmRequest(token, "", p.Client)); a.Payload(t, "confirmEmail").Tokens == nil {
			t.Errorf("confirmEmail: %s", a.Body)
		}
	}
}

func mustBeIntact(t *testing.T, s *testenv.Stack) {
	t.Helper()
	var verdict string
	if err := s.DB(t).QueryRow(t.Context(), `PRAGMA integrity_check`).Scan(&verdict); err != nil || verdict != "ok" {
		t.Errorf("integrity_check: %q, %v", verdict, err)
	}
}

// The processes that hash end with their server, however that ends.
func TestHashingEndsWithServer_R4(t *testing.T) {
	s := testenv.NewEmbedded(t)
	server := s.Add(t)
	s.AwaitReady(t)
	s.Join(t)
	pids := children(t, server.Pid())
	if len(pids) == 0 {
		t.Fatal("no process hashes")
	}
	server.Kill()
	for _, pid := range pids {
		testenv.Await(t, patience, "a hashing process to end", func() bool {
			state, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
			return err != nil || strings.Contains(string(state), ") Z ") // nobody may be there to reap it
		})
	}
}

// kill -9 amid 200 registrations: whoever was accepted has a row and a mail.
func TestKill_R4(t *testing.T) {
	t.Parallel()
	for name, settings := range onSQL {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := testenv.NewProduction(t, settings...)
			s.Plain = true // or 200 hashes take a minute
			s.Add(t)
			s.AwaitReady(t)
			people := crowd{domain: domain()}
			var kill sync.Once
			people.register(s.Replicas[0].URL, 200, func() bool { return false }, func(accepted int) {
				if accepted >= 100 {
					kill.Do(s.Replicas[0].Kill)
				}
			})
			if n := len(people.accepted); n < 100 || n >= 200 {
				t.Fatalf("%d of 200 were accepted: that was no kill in the middle", n)
			}
			s.Restart(t, 0)
			if name == "sqlite" {
				mustBeIntact(t, s)
			}
			people.mustHaveMail(t, s)
		})
	}
}

// SIGTERM under load: readiness goes off first, who asked is answered, the
// process ends well and soon, and no mail is lost.
func TestTerminate_R5(t *testing.T) {
	t.Parallel()
	for name, settings := range onSQL {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := testenv.NewProduction(t, settings...)
			p := s.Add(t)
			s.AwaitReady(t)
			ada := s.Join(t)
			people := crowd{domain: domain()}
			noticed := make(chan struct{}) // by the load balancer: it sends nothing from here on
			hasNoticed := func() bool {
				select {
				case <-noticed:
					return true
				default:
					return false
				}
			}
			loaded := make(chan struct{})
			var enough sync.Once
			var load sync.WaitGroup
			load.Go(func() {
				people.register(p.URL, 1000, hasNoticed, func(accepted int) {
					if accepted >= 5 {
						enough.Do(func() { close(loaded) })
					}
				})
			})
			<-loaded
			slow := halfSent(t, p.URL, testenv.Request{Query: testenv.MeOp, Bearer: ada.Access})
			p.Signal(t, syscall.SIGTERM)
			began := time.Now()
			testenv.Await(t, patience, "/readyz to go off while requests are still taken", func() bool {
				page, err := tryGet(p.URL + "/readyz")
				if err != nil {
					t.Fatalf("the server was gone before readiness was off: %v", err)
				}
				return page.status == http.StatusServiceUnavailable
			})
			close(noticed)
			awaitRefusal(t, p.URL)
			t.Logf("no more connections after %v", time.Since(began))
			if status, body := slow.finish(t); status != http.StatusOK || !strings.Contains(body, ada.ID) {
				t.Errorf("the request in flight: %d %s", status, body)
			}
			load.Wait()
			if code := p.Wait(t, 13*time.Second); code != 0 {
				t.Errorf("exit code %d", code)
			}
			t.Logf("ended after %v, %d registrations accepted", time.Since(began), len(people.accepted))
			if len(people.wrong) > 0 {
				t.Errorf("%d requests were not answered, the first: %s", len(people.wrong), people.wrong[0])
			}
			s.Restart(t, 0)
			people.mustHaveMail(t, s)
		})
	}
}

// A request that is never finished holds the end up for 10 s and no longer.
func TestTerminateWithStalled_R5(t *testing.T) {
	t.Parallel()
	s := testenv.Embedded(t)
	halfSent(t, s.URL(), testenv.Request{Query: testenv.MeOp, Bearer: s.Join(t).Access})
	for range 2 { // who comes later is answered, so it has been seen
		if _, err := tryGet(s.URL() + "/livez"); err != nil {
			t.Fatal(err)
		}
	}
	s.Replicas[0].Signal(t, syscall.SIGTERM)
	began := time.Now()
	if code := s.Replicas[0].Wait(t, 13*time.Second); code != 0 {
		t.Errorf("exit code %d", code)
	}
	took := time.Since(began)
	if t.Logf("ended after %v", took); took < 9*time.Second {
		t.Error("it did not wait for the request")
	}
}

// Who presses Ctrl-C a second time does not wait for the request that holds the
// end up. Another SIGTERM changes nothing. A terminal that is closed (SIGHUP) is as good
// as any of them.
func TestInterruptTwice_R5(t *testing.T) {
	t.Parallel()
	signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP) // what is ignored here, as by nohup, is ignored by whom we start
	for first, signals := range map[string][]syscall.Signal{"interrupt": {syscall.SIGINT}, "terminate": {syscall.SIGTERM, syscall.SIGTERM}, "hang up": {syscall.SIGHUP}} {
		t.Run(first, func(t *testing.T) {
			t.Parallel()
			s := testenv.Embedded(t)
			p := s.Replicas[0]
			halfSent(t, p.URL, testenv.Request{Query: testenv.MeOp, Bearer: s.Join(t).Access})
			for _, sig := range signals {
				p.Signal(t, sig)
				testenv.Await(t, patience, "its end to begin", func() bool { return strings.Contains(p.Log(), `"stopping"`) })
			}
			awaitRefusal(t, p.URL)
			p.Signal(t, syscall.SIGINT)
			if code := p.Wait(t, 13*time.Second); code != -1 { // of a signal, which a shell calls 130
				t.Errorf("exit code %d: it waited for the request", code)
			}
		})
	}
}

// Two replicas start on one empty database: it is migrated once, and both work.
func TestTwoStart_R6(t *testing.T) {
	t.Parallel()
	for range testenv.Repeats(t, 5, 20) {
		s := testenv.NewProduction(t, "DATABASE_URL="+testenv.PostgresURL(t))
		s.Plain = true // it starts sooner
		s.Add(t)
		s.Add(t)
		s.AwaitReady(t)
		var rows, versions int
		err := s.DB(t).QueryRow(t.Context(), `SELECT count(*), count(DISTINCT version_id) FROM goose_db_version`).Scan(&rows, &versions)
		if err != nil || rows != versions || rows < 2 {
			t.Errorf("%d rows for %d versions, %v", rows, versions, err)
		}
		if n := strings.Count(s.Log(), "database migrated"); n != 1 {
			t.Errorf("%d replicas migrated, want one", n)
		}
		p := testenv.Newcomer()
		for _, replica := range s.Replicas {
			mustSay(t, testenv.Post(t, replica.URL, registerRequest(p)), "register")
			replica.Kill()
		}
	}
}
