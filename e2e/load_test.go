package e2e_test

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/internal/testenv"
)

// ledger is what the clients of a service were told while it failed in one way
// after the other, by which it is held to account.
type ledger struct {
	s      *testenv.Stack
	bases  []string
	domain string // of all who register
	stop   chan struct{}
	clerks []*clerk
	done   sync.WaitGroup

	mu         sync.Mutex
	asked      map[string]int  // registrations sent, by address
	accepted   map[string]bool // and those that were answered
	ended      []tokens        // of sessions that ended as somebody was told
	refreshers []*refresher    // whose tokens must be good in the end
	changers   []*changer
	wrong      []string // what no fault excuses
}

type tokens struct{ AccessToken, RefreshToken string }

// clerk is one client's place in the ledger.
type clerk struct {
	l              *ledger
	turn           int
	served, failed atomic.Int64
}

// clients has f run over and over until the load stops.
func (l *ledger) client(f func(c *clerk)) {
	c := &clerk{l: l, turn: len(l.clerks)}
	l.clerks = append(l.clerks, c)
	l.done.Go(func() {
		for pace := time.NewTicker(100 * time.Millisecond); ; {
			select {
			case <-l.stop:
				pace.Stop()
				return
			case <-pace.C:
				f(c)
			}
		}
	})
}

func (l *ledger) blame(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wrong = append(l.wrong, fmt.Sprintf(format, args...))
}

// try sends r to one replica after the other until it is answered, and tells how
// often it was not. Its answer is nil if the load stops before.
func (c *clerk) try(r testenv.Request) (a *testenv.Answer, failures int) {
	r.Patience = 5 * time.Second
	for ; ; failures++ {
		c.turn++
		a, err := testenv.TryPost(c.l.bases[c.turn%len(c.l.bases)], r)
		if err == nil && a.Code() != "UNAVAILABLE" {
			c.served.Add(1)
			return a, failures
		}
		c.failed.Add(1)
		select {
		case <-c.l.stop:
			return nil, failures
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// register registers somebody, again with the same name if there is no answer.
func (l *ledger) register(c *clerk) {
	p := newcomerAt(l.domain)
	const most = 3 // mails to one address in an hour
	for n := 1; n <= most; n++ {
		l.mu.Lock()
		l.asked[p.Email] = n
		l.mu.Unlock()
		c.turn++
		r := registerRequest(p)
		r.Patience = 5 * time.Second
		a, err := testenv.TryPost(l.bases[c.turn%len(l.bases)], r)
		if err != nil || a.Code() == "UNAVAILABLE" {
			c.failed.Add(1)
			continue
		}
		var got struct {
			Email  string
			Errors []struct{ Code string }
		}
		if err := unmarshal(a, "register", &got); err != nil || got.Email != p.Email || len(got.Errors) > 0 {
			l.blame("register, time %d: %s", n, a.Body)
			return
		}
		c.served.Add(1)
		l.mu.Lock()
		l.accepted[p.Email] = true
		l.mu.Unlock()
		return
	}
}

// refresher refreshes over and over.
type refresher struct {
	id    string // whose it is
	token string
}

func (d *refresher) refresh(c *clerk) {
	a, _ := c.try(refreshRequest(d.token))
	if a == nil {
		return
	}
	var got struct{ Tokens *tokens }
	if err := unmarshal(a, "refresh", &got); err != nil || got.Tokens == nil {
		c.l.blame("a refresh token is lost: %s", a.Body)
		return
	}
	d.token = got.Tokens.RefreshToken
}

func (c *clerk) login(p *testenv.Person, password string) *tokens {
	a, _ := c.try(loginRequest(p.Username, password, testenv.ClientAddress()))
	if a == nil {
		return nil
	}
	var got struct{ Tokens *tokens }
	if err := unmarshal(a, "login", &got); err != nil || got.Tokens == nil {
		c.l.blame("login: %s", a.Body)
		return nil
	}
	return got.Tokens
}

// visit logs somebody in and out again.
func (l *ledger) visit(c *clerk, p *testenv.Person) {
	opened := c.login(p, p.Password)
	if opened == nil {
		return
	}
	out := testenv.Request{Query: testenv.LogoutOp, Variables: testenv.Input("refreshToken", opened.RefreshToken)}
	if c.turn%3 == 0 { // the other way
		out = testenv.Request{Query: testenv.LogoutOp, Variables: testenv.Input(), Bearer: opened.AccessToken}
	}
	a, _ := c.try(out)
	if a == nil {
		return
	}
	var got struct{ Errors []any }
	if err := unmarshal(a, "logout", &got); err != nil || len(a.Errors)+len(got.Errors) > 0 {
		l.blame("logout: %s", a.Body)
		return
	}
	l.end(opened)
}

func (l *ledger) end(t *tokens) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = append(l.ended, *t)
}

// changer changes a password, which ends another device each time.
type changer struct {
	p       *testenv.Person
	old     string // the password before
	changes int
	enough  bool // as often as one may within an hour
}

// change has those who change their passwords do so by turns, and come and go when
// they have done it as often as they may.
func (l *ledger) change(c *clerk, turn int) {
	who := l.changers[turn%len(l.changers)]
	if who.p.Password == "" { // nobody knows it
		return
	}
	if who.enough {
		l.visit(c, who.p)
		return
	}
	other := c.login(who.p, who.p.Password)
	if other == nil {
		return
	}
	next := fmt.Sprintf("horse number %d of %s", who.changes, who.p.Username)
	r := asking("changePassword", who.p.Access, testenv.ClientAddress(), "currentPassword", who.p.Password, "newPassword", next)
	a, failures := c.try(r)
	if a == nil {
		who.old, who.p.Password = "", "" // nobody knows
		return
	}
	if a.Code() == "RATE_LIMITED" { // so the password was right
		if who.enough = true; failures > 0 { // and a try without an answer may yet be the change
			who.old, who.p.Password = "", ""
		}
		return
	}
	var got struct{ Errors []struct{ Code string } }
	err := unmarshal(a, "changePassword", &got)
	// A try without an answer may have been the change.
	done := len(got.Errors) == 0 || failures > 0 && got.Errors[0].Code == "WRONG_PASSWORD"
	if err != nil || len(a.Errors) > 0 || !done {
		l.blame("changePassword after %d failures: %s", failures, a.Body)
		return
	}
	who.old, who.p.Password = who.p.Password, next
	who.changes++
	l.end(other)
}

// newLedger starts the load on a stack that is ready: who registers, whose devices
// refresh, who come and go, and who change their passwords.
func newLedger(t *testing.T, s *testenv.Stack) *ledger {
	t.Helper()
	l := &ledger{s: s, domain: domain(), stop: make(chan struct{}), asked: map[string]int{}, accepted: map[string]bool{}}
	for _, p := range s.Replicas {
		l.bases = append(l.bases, p.URL)
	}
	bob := s.Join(t)
	for range 2 {
		ada := s.Join(t)
		r := &refresher{ada.ID, ada.Refresh}
		l.refreshers = append(l.refreshers, r)
		l.client(r.refresh)
	}
	for range 4 {
		l.changers = append(l.changers, &changer{p: s.Join(t)})
	}
	l.client(l.register)
	l.client(func(c *clerk) { l.visit(c, bob) })
	turn := 0
	l.client(func(c *clerk) { l.change(c, turn); turn++ })
	return l
}

// await waits until each client got n more of what count counts, and fails the test
// if something went wrong that nothing excuses.
func (l *ledger) await(t *testing.T, what string, n int64, count func(c *clerk) int64) {
	t.Helper()
	from := make([]int64, len(l.clerks))
	for i, c := range l.clerks {
		from[i] = count(c)
	}
	testenv.Await(t, 2*patience, what, func() bool {
		l.mustBeRight(t)
		return !slices.ContainsFunc(l.clerks, func(c *clerk) bool { return count(c) < from[slices.Index(l.clerks, c)]+n })
	})
}

func (l *ledger) mustBeRight(t *testing.T) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.wrong) > 0 {
		t.Fatalf("%d things went wrong, the first: %s", len(l.wrong), l.wrong[0])
	}
}

func wasServed(c *clerk) int64 { return c.served.Load() }

// failures is how often all clients were not answered so far.
func (l *ledger) failures() (n int64) {
	for _, c := range l.clerks {
		n += c.failed.Load()
	}
	return n
}
