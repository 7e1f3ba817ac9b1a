package e2e_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/internal/testenv"
)

// The tests of this file do not run beside others: load would disturb them. They
// are of the program without the race detector, one request after the other, and
// look at medians. The two sides take turns at random: so what load there is, and
// what a request leaves to be done after its answer, is in the way of both alike.
const (
	apart  = 0.10 // how far medians may lie apart, security.md C2 and C3
	rounds = 5    // before a difference counts: the machine may be busy with something else
)

// way is one of two that must not be told apart.
type way struct {
	name    string
	request func() testenv.Request // of the next try
}

// mustTakeAsLong sends n requests of each way, mixed, and fails the test if the
// answers differ, or if the medians of the times lie too far apart in every round.
func mustTakeAsLong(t *testing.T, base string, n int, a, b way) {
	t.Helper()
	var last [2]time.Duration
	for range rounds {
		var times [2][]time.Duration
		want := ""
		for _, turn := range rand.Perm(2 * n) {
			side, w := turn%2, a
			if side == 1 {
				w = b
			}
			r := w.request()
			began := time.Now()
			answer := testenv.Post(t, base, r)
			times[side] = append(times[side], time.Since(began))
			got := shape(answer, r)
			if want == "" {
				want = got
			}
			if got != want {
				t.Fatalf("%s: got\n%s\nwant\n%s", w.name, got, want)
			}
		}
		last = [2]time.Duration{median(times[0]), median(times[1])}
		t.Logf("%s %v, %s %v", a.name, deciles(times[0]), b.name, deciles(times[1]))
		if float64(max(last[0], last[1])-min(last[0], last[1])) <= apart*float64(max(last[0], last[1])) {
			return
		}
	}
	t.Errorf("%s takes %v and %s %v: more than %.0f %% apart", a.name, last[0], b.name, last[1], 100*apart)
}

// shape is all of an answer that must be the same: status, header and body, but
// for the address that the caller sent and for what differs between any two.
func shape(a *testenv.Answer, r testenv.Request) string {
	header := a.Header.Clone()
	header.Del("Date")
	header.Del("X-Request-Id")
	header.Del("Content-Length") // which the body has, and time changes
	body := until.ReplaceAllString(string(a.Body), "UNTIL")
	body = ticket.ReplaceAllString(body, "TICKET")
	if email, ok := r.Variables["i"].(map[string]any)["email"].(string); ok && email != "" {
		body = strings.ReplaceAll(body, email, "ADDRESS")
	}
	return fmt.Sprintf("%d %v\n%s", a.Status, header, body)
}

// until is how long a caller is to wait, which a clock counts down.
var until = regexp.MustCompile(`"retryAfter":\d+|Try again in [a-z0-9]+ (?:second|minute|hour)s?`)

// ticket is what is another for each who asks for a code.
var ticket = regexp.MustCompile(`"challenge":"lkc_[\w-]+","reference":"[0-9A-Z]{4}","expiresAt":"[^"]+"`)

func median(d []time.Duration) time.Duration {
	d = slices.Sorted(slices.Values(d))
	return d[len(d)/2]
}

// deciles are the times that one of ten, half and nine of ten stay below.
func deciles(d []time.Duration) (three [3]time.Duration) {
	d = slices.Sorted(slices.Values(d))
	for i, tenth := range []int{1, 5, 9} {
		three[i] = d[len(d)*tenth/10].Round(10 * time.Microsecond)
	}
	return three
}

// Unknown user and wrong password: the same answer, as fast (C1, C2).
func TestLoginTiming_C2(t *testing.T) {
	for kind, n := range map[string]int{
		"argon2id": 150,
		"bcrypt":   40, // a hash takes eight times as long there, and varies less
	} {
		t.Run(kind, func(t *testing.T) {
			s := testenv.NewEmbedded(t, "PASSWORD_HASH="+kind)
			s.Plain = true
			s.Add(t)
			s.AwaitReady(t)
			// As many that a round stays below 100 tries an hour at one identifier.
			var known []*testenv.Person
			for range rounds * 2 {
				known = append(known, s.Join(t))
			}
			i := 0
			mustTakeAsLong(t, s.URL(), n,
				way{name: "unknown user", request: func() testenv.Request {
					return loginRequest(testenv.Username(), "wrong horse battery", testenv.ClientAddress())
				}},
				way{name: "wrong password", request: func() testenv.Request {
					i++
					return loginRequest(known[i%len(known)].Username, "wrong horse battery", testenv.ClientAddress())
				}})
		})
	}
}

// So are the answers beyond the client's limit, which sprayed names reach.
func TestThrottledLoginTiming_C2_C4(t *testing.T) {
	s := testenv.NewEmbedded(t)
	s.Plain = true
	s.Add(t)
	s.AwaitReady(t)
	var logins []string
	for range 6 {
		p := s.Join(t)
		logins = append(logins, p.Username, p.Email)
	}
	client, left := "", 0 // how many tries the pairs leave it at these logins
	next := func() string {
		if left == 0 {
			client, left = testenv.ClientAddress(), len(logins)*(pairTries-1)
			for range 300 / 30 {
				togetherUntilServed(t, 30, alternating(s), func(int) testenv.Request { return loginRequest(testenv.Username(), typed, client) })
			}
		}
		left--
		return logins[left%len(logins)]
	}
	login := next()
	mustBeRateLimited(t, "a stranger at this client", testenv.Post(t, s.URL(), loginRequest(login, typed, client)), mailWait)
	mustTakeAsLong(t, s.URL(), 50,
		way{name: "unknown user beyond the limit", request: func() testenv.Request {
			next()
			return loginRequest(testenv.Username(), "wrong horse battery", client)
		}},
		way{name: "wrong password beyond the limit", request: func() testenv.Request { return loginRequest(next(), "wrong horse battery", client) }})
}

// What is beyond the limit of a client costs a hash only for users who are known
// there, and for all others the time of one, so that nobody is found out who logs
// in from the same address: also while others have hashes made.
func TestFamiliarLoginTiming_C2_C4(t *testing.T) {
	for _, c := range []struct {
		kind  string
		n     int
		flood guessers
	}{
		{"argon2id", 100, guessers{}},
		{"argon2id", 100, guessers{clients: 2, connections: 2}},
		{"bcrypt", 25, guessers{}},
	} {
		t.Run(fmt.Sprintf("%s, %d others", c.kind, c.flood.clients), func(t *testing.T) {
			s := testenv.NewEmbedded(t, "PASSWORD_HASH="+c.kind)
			s.Plain = true
			s.Add(t)
			s.AwaitReady(t)
			var people []*testenv.Person
			var logins []string
			for range 6 {
				p := s.Join(t)
				people, logins = append(people, p), append(logins, p.Username, p.Email)
			}
			stop := make(chan struct{})
			var flooding sync.WaitGroup
			flooding.Go(func() { c.flood.run(s.URL(), stop) })
			defer flooding.Wait()
			defer close(stop)
			office, left := "", 0
			next := func() string {
				if left == 0 {
					office, left = testenv.ClientAddress(), len(logins)*(pairTries-1)
					for _, p := range people {
						getsIn(t, s.URL(), p, office)
					}
					for over := false; !over; {
						for _, a := range togetherUntilServed(t, 10, alternating(s), func(int) testenv.Request { return loginRequest(testenv.Username(), typed, office) }) {
							over = over || a.Code() == "RATE_LIMITED"
						}
					}
				}
				left--
				return logins[left%len(logins)]
			}
			mustTakeAsLong(t, s.URL(), c.n,
				way{name: "unknown user", request: func() testenv.Request {
					if left == 0 {
						next()
					}
					return loginRequest(testenv.Username(), "wrong horse battery", office)
				}},
				way{name: "user who is known there", request: func() testenv.Request { return loginRequest(next(), "wrong horse battery", office) }})
		})
	}
}

// Beyond the limit of a client nothing tells by the time whether a device's token counts
// there: a login of its user, which costs a hash, and of nobody take as long.
func TestDeviceLoginTiming_C2_C4(t *testing.T) {
	s := testenv.NewEmbedded(t)
	s.Plain = true
	s.Add(t)
	s.AwaitReady(t)
	var people []*testenv.Person
	for range 8 {
		people = append(people, s.Join(t))
	}
	office, i := testenv.ClientAddress(), 0
	tokens := make([]string, len(people))
	next := func(login func(*testenv.Person) string) testenv.Request {
		i++
		n := i % len(people)
		if p := people[n]; i/len(people)%(pairTries/2) == 0 || tokens[n] == "" { // before it is used up
			tokens[n] = s.Login(t, p).DeviceToken
		}
		r := loginRequest(login(people[n]), typed, office)
		r.Variables["i"].(map[string]any)["deviceToken"] = tokens[n]
		return r
	}
	for over := false; !over; {
		for _, a := range togetherUntilServed(t, 10, alternating(s), func(int) testenv.Request { return loginRequest(testenv.Username(), typed, office) }) {
			over = over || a.Code() == "RATE_LIMITED"
		}
	}
	mustTakeAsLong(t, s.URL(), 50,
		way{name: "nobody, with somebody's token", request: func() testenv.Request {
			return next(func(*testenv.Person) string { return testenv.Username() })
		}},
		way{name: "a wrong password, with the token", request: func() testenv.Request {
			return next(func(p *testenv.Person) string { return []string{p.Username, p.Email}[i/len(people)%2] })
		}})
}

// An address that has an account and one that has none: register,
// resendConfirmation and requestPasswordReset answer alike and as fast, also on a second call at once and
// with the mail server down.
func TestRegistrationTiming_C3(t *testing.T) {
	for _, c := range []struct {
		name  string
		start func(t *testing.T) *testenv.Stack
	}{
		{"embedded", func(t *testing.T) *testenv.Stack { return testenv.NewEmbedded(t) }},
		{"mail server down", func(t *testing.T) *testenv.Stack { return testenv.NewProduction(t) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := c.start(t)
			s.Plain = true
			var smtp *testenv.Proxy
			if c.name != "embedded" {
				smtp = s.Through(t, "MAIL_SERVER")
			}
			s.Add(t)
			s.AwaitReady(t)
			owner := s.Join(t)
			if smtp != nil {
				smtp.Refuse()
			}
			register := func(email func() string) func() testenv.Request {
				return func() testenv.Request {
					p := testenv.Newcomer()
					p.Email = email()
					return registerRequest(p)
				}
			}
			// twice makes every second request repeat the one before it.
			twice := func(next func() testenv.Request) func() testenv.Request {
				var r testenv.Request
				again := false
				return func() testenv.Request {
					if !again {
						r = next()
					}
					again = !again
					return r
				}
			}
			resend := func(email func() string) func() testenv.Request {
				return func() testenv.Request { return resendRequest(email(), testenv.ClientAddress()) }
			}
			reset := func(email func() string) func() testenv.Request {
				return func() testenv.Request {
					return asking("requestPasswordReset", "", testenv.ClientAddress(), "email", email())
				}
			}
			known := func() string { return owner.Email }
			for _, op := range []struct {
				name string
				n    int
				next func(email func() string) func() testenv.Request
			}{
				{"register", 60, func(email func() string) func() testenv.Request { return twice(register(email)) }},
				{"resendConfirmation", 150, func(email func() string) func() testenv.Request { return twice(resend(email)) }},
				{"requestPasswordReset", 150, func(email func() string) func() testenv.Request { return twice(reset(email)) }},
			} {
				mustTakeAsLong(t, s.URL(), op.n,
					way{name: op.name + " of a known address", request: op.next(known)},
					way{name: op.name + " of an unknown one", request: op.next(testenv.Address)})
			}
		})
	}
}

// An address that has an account and one that has none: asking for a code and typing a wrong
// one are answered alike and as fast, also on a second call at once and with the mail server
// down (L1).
func TestLoginCodeTiming_L1(t *testing.T) {
	for _, c := range []struct {
		name  string
		start func(t *testing.T) *testenv.Stack
	}{
		{"embedded", func(t *testing.T) *testenv.Stack { return testenv.NewEmbedded(t, byMail...) }},
		{"mail server down", func(t *testing.T) *testenv.Stack { return testenv.NewProduction(t, byMail...) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := c.start(t)
			s.Plain = true
			var smtp *testenv.Proxy
			if c.name != "embedded" {
				smtp = s.Through(t, "MAIL_SERVER")
			}
			s.Add(t)
			s.AwaitReady(t)
			owner := s.Join(t)
			if smtp != nil {
				smtp.Refuse()
			}
			// asks makes every second request repeat the one before it.
			asks := func(email func() string) func() testenv.Request {
				var r testenv.Request
				again := false
				return func() testenv.Request {
					if !again {
						r = codeRequest(email(), testenv.ClientAddress())
					}
					again = !again
					return r
				}
			}
			// types shows a wrong code, for the first time, to a challenge that was asked for before.
			types := func(email func() string) func() testenv.Request {
				var asked []loginCode
				for range rounds * 150 {
					asked = append(asked, asksCode(t, s, email(), testenv.ClientAddress()))
				}
				i := 0
				return func() testenv.Request {
					i++
					return answerRequest(asked[i%len(asked)].Challenge, "emailCode", "0000-0000", testenv.ClientAddress())
				}
			}
			known := func() string { return owner.Email }
			for what, next := range map[string]func(email func() string) func() testenv.Request{"requestLoginCode": asks, "a wrong code": types} {
				mustTakeAsLong(t, s.URL(), 150,
					way{name: what + " of a known address", request: next(known)},
					way{name: what + " of an unknown one", request: next(testenv.Address)})
			}
		})
	}
}
