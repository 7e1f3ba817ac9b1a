package e2e_test

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"latchkey/internal/testenv"
)

// The limits of security.md C4, and how long one waits at most beyond them.
const (
	pairTries, pairWait = 10, 200 // of one client at one identifier; seconds
	mailCalls, mailWait = 60, 600 // of one client that makes us write; seconds
)

// counting runs f on both shared stacks. While Redis is too slow, as on a busy
// machine, each replica counts for itself, so that more tries are heard: then f
// runs again, with other people.
func counting(t *testing.T, f func(t *testing.T, c *counted)) {
	t.Helper()
	onEach(t, func(t *testing.T, s *testenv.Stack) { countingOn(t, s, f) })
}

func countingOn(t *testing.T, s *testenv.Stack, f func(t *testing.T, c *counted)) {
	t.Helper()
	for range 2 {
		c := &counted{Stack: s}
		c.began, c.ended = outages(s)
		if f(t, c); !c.disturbed() || t.Failed() {
			return
		}
	}
	t.Log("Redis was too slow each time")
}

// counted is a stack whose limits are tried.
type counted struct {
	*testenv.Stack
	began, ended int // outages of Redis, before
}

func outages(s *testenv.Stack) (began, ended int) {
	log := s.Log()
	return strings.Count(log, "redis does not answer"), strings.Count(log, "redis answers again")
}

// disturbed says whether Redis was away meanwhile.
func (c *counted) disturbed() bool {
	began, ended := outages(c.Stack)
	return c.began != c.ended || began != c.began || ended != c.ended
}

// mustStopAfter fails the test unless as many tries are heard as the limit says,
// and the next is RATE_LIMITED and told when to come again.
func (c *counted) mustStopAfter(t *testing.T, what string, limit, wait int, try func(i int) *testenv.Answer) {
	t.Helper()
	began, n, a := time.Now(), 0, &testenv.Answer{}
	for ; n < 4*limit; n++ {
		if a = try(n); a.Code() != "" {
			break
		}
	}
	most := limit
	if limit == pairTries {
		most += int(time.Since(began)/time.Second) / pairWait // one more each 200 s
	}
	if n < limit || n > most && !c.soonDisturbed() || n > most*(1+len(c.Replicas)) {
		t.Errorf("%s: %d tries were heard, want %d", what, n, limit)
	}
	mustBeRateLimited(t, what, a, wait)
}

// soonDisturbed is disturbed, once the log is here.
func (c *counted) soonDisturbed() bool {
	for range 20 {
		if c.disturbed() {
			return true
		}
		<-time.After(50 * time.Millisecond)
	}
	return false
}

// mustRefuse fails the test unless an answer beyond a limit is RATE_LIMITED.
func (c *counted) mustRefuse(t *testing.T, what string, a *testenv.Answer, wait int) {
	t.Helper()
	if a.Code() == "RATE_LIMITED" || !c.soonDisturbed() {
		mustBeRateLimited(t, what, a, wait)
	}
}

// mustRefusePage is mustRefuse for the page.
func (c *counted) mustRefusePage(t *testing.T, what string, p page, wait int) {
	t.Helper()
	after, err := strconv.Atoi(p.header.Get("Retry-After"))
	if ok := p.status == http.StatusTooManyRequests && err == nil && after >= 1 && after <= wait; !ok && !c.soonDisturbed() {
		t.Errorf("%s: got %d, Retry-After %q, want 429 and 1 to %d", what, p.status, p.header.Get("Retry-After"), wait)
	}
}

func mustBeRateLimited(t *testing.T, what string, a *testenv.Answer, wait int) {
	t.Helper()
	if a.Status != http.StatusOK || a.Code() != "RATE_LIMITED" || a.Errors[0].Extensions.RetryAfter < 1 || a.Errors[0].Extensions.RetryAfter > wait {
		t.Errorf("%s: got %d %s, want RATE_LIMITED with retryAfter from 1 to %d", what, a.Status, a.Body, wait)
	}
}

// The eleventh wrong try of a client at an identifier is RATE_LIMITED, at
// whichever replica, whether or not there is such a user, and then a right
// password is as well; others are not bound.
func TestPairLimit_C4(t *testing.T) {
	t.Parallel()
	counting(t, func(t *testing.T, s *counted) {
		ada := s.Join(t)
		client, nobody := testenv.ClientAddress(), testenv.Username()
		wrong := func(login string) func(int) *testenv.Answer {
			return func(i int) *testenv.Answer {
				if i%2 == 1 {
					login = strings.ToUpper(login) // is the same identifier
				}
				a := testenv.Post(t, s.URL(), loginRequest(login, typed, client))
				if a.Code() == "" {
					mustSay(t, a, "login", "INVALID_CREDENTIALS")
				}
				return a
			}
		}
		s.mustStopAfter(t, "a user", pairTries, pairWait, wrong(ada.Username))
		s.mustStopAfter(t, "nobody", pairTries, pairWait, wrong(nobody))
		for _, p := range s.Replicas {
			s.mustRefuse(t, "a right password", testenv.Post(t, p.URL, loginRequest(ada.Username, ada.Password, client)), pairWait)
			s.mustRefuse(t, "nobody again", testenv.Post(t, p.URL, loginRequest(nobody, typed, client)), pairWait)
		}
		if got := testenv.Post(t, s.URL(), loginRequest(ada.Email, ada.Password, client)).Payload(t, "login"); got.Tokens == nil {
			t.Errorf("by the address, which is counted for itself: %+v", got)
		}
		if got := s.Login(t, ada); got.Tokens == nil {
			t.Errorf("the owner from elsewhere: %+v", got)
		}
	})
}

// A right password gives its try back, so that only guesses add up.
func TestSuccessGivesBack_C4(t *testing.T) {
	t.Parallel()
	counting(t, func(t *testing.T, s *counted) {
		ada := s.Join(t)
		s.mustStopAfter(t, "wrong ones between right ones", pairTries, pairWait, func(i int) *testenv.Answer {
			if i%3 == 0 {
				if a := testenv.Post(t, s.URL(), loginRequest(ada.Username, ada.Password, ada.Client)); a.Payload(t, "login").Tokens == nil && i < pairTries {
					t.Errorf("a right password after %d wrong ones: %s", i, a.Body)
				}
			}
			return testenv.Post(t, s.URL(), loginRequest(ada.Username, typed, ada.Client))
		})
	})
}

// Two replicas count together: what one heard the other knows.
func TestReplicasCountTogether_C4(t *testing.T) {
	t.Parallel()
	countingOn(t, sharedProduction.use(t), func(t *testing.T, s *counted) {
		client, nobody := testenv.ClientAddress(), testenv.Username()
		at := func(i int) *testenv.Answer {
			return testenv.Post(t, s.Replicas[i].URL, loginRequest(nobody, typed, client))
		}
		s.mustStopAfter(t, "the first replica", pairTries, pairWait, func(int) *testenv.Answer { return at(0) })
		s.mustRefuse(t, "the second replica", at(1), pairWait)
	})
}

// hopeless is a registration full of mistakes: it is counted apart, and costs no
// hash.
func hopeless(client string) testenv.Request {
	return registerRequest(&testenv.Person{Email: "x", Username: "x", Password: "x", Client: client})
}

// A client's own word for its address counts only behind a configured proxy, and
// there only what the proxy itself added.
func TestForwardedFor_C4(t *testing.T) {
	t.Parallel()
	t.Run("no proxies", func(t *testing.T) {
		t.Parallel()
		countingOn(t, testenv.Embedded(t, "TRUSTED_PROXIES="), func(t *testing.T, s *counted) {
			ada := s.Join(t)
			if d := devices(t, s.URL(), ada.Access)[0]; d.IPAddress == nil || *d.IPAddress != "127.0.0.1" {
				t.Errorf("the device's address: %v, want 127.0.0.1", d.IPAddress)
			}
			s.mustStopAfter(t, "X-Forwarded-For", mailCalls, mailWait, func(int) *testenv.Answer {
				return testenv.Post(t, s.URL(), resendRequest(testenv.Address(), testenv.ClientAddress()))
			})
		})
	})
	t.Run("a proxy", func(t *testing.T) {
		t.Parallel()
		countingOn(t, sharedEmbedded.use(t), func(t *testing.T, s *counted) {
			for name, header := range map[string]func(client, claimed string) []string{
				"claimed before it": func(client, claimed string) []string { return []string{"X-Forwarded-For", claimed + ", " + client} },
				"in a field before it": func(client, claimed string) []string {
					return []string{"X-Forwarded-For", claimed, "X-Forwarded-For", client}
				},
				"behind a proxy": func(client, claimed string) []string {
					return []string{"X-Forwarded-For", claimed + "," + client + ", 127.0.0.1"}
				},
				"other fields": func(client, claimed string) []string {
					return []string{"X-Forwarded-For", client, "X-Real-Ip", claimed, "Forwarded", "for=" + claimed, "True-Client-Ip", claimed, "Cf-Connecting-Ip", claimed}
				},
			} {
				client := testenv.ClientAddress()
				s.mustStopAfter(t, name, mailCalls, mailWait, func(int) *testenv.Answer {
					return postJSON(t, s.URL(), variablesBody(hopeless("")), header(client, testenv.ClientAddress())...)
				})
			}
		})
	})
}

// An IPv6 /64 is one client, and the next one another; an IPv4 address is the
// same however it is written.
func TestNetworks_C4(t *testing.T) {
	t.Parallel()
	counting(t, func(t *testing.T, s *counted) {
		b := make([]byte, 4)
		_, _ = rand.Read(b)
		subnet := int(b[2])<<8 | int(b[3])
		network := func(n int) string { return fmt.Sprintf("2001:db8:%x:%x", int(b[0])<<8|int(b[1]), n) }
		from := func(address string) *testenv.Answer { return testenv.Post(t, s.URL(), hopeless(address)) }
		s.mustStopAfter(t, "a /64", mailCalls, mailWait, func(i int) *testenv.Answer {
			return from(fmt.Sprintf("%s:%x:%x::%x", network(subnet), i, 7*i, 1+i))
		})
		if a := from(network(subnet^1) + "::1"); a.Code() != "" {
			t.Errorf("the next /64: %s", a.Body)
		}
		v4 := testenv.ClientAddress()
		s.mustStopAfter(t, "IPv4", mailCalls, mailWait, func(i int) *testenv.Answer { return from([]string{"", "::ffff:"}[i%2] + v4) })
	})
}

// The 61st resendConfirmation of a client is RATE_LIMITED whatever the address,
// by the page as well; another client's is not.
func TestResendLimit_C4(t *testing.T) {
	t.Parallel()
	counting(t, func(t *testing.T, s *counted) {
		client := testenv.ClientAddress()
		s.mustStopAfter(t, "resendConfirmation", mailCalls, mailWait, func(i int) *testenv.Answer {
			if i%3 == 0 { // the page counts with it
				p := postForm(t, s.Stack, []string{"email", testenv.Address(), "do", "resend"}, "X-Forwarded-For", client)
				if p.status == http.StatusOK {
					return answered(p)
				}
			}
			return testenv.Post(t, s.URL(), resendRequest(testenv.Address(), client))
		})
		for _, email := range []string{testenv.Address(), s.Join(t).Email} {
			s.mustRefuse(t, "beyond the limit", testenv.Post(t, s.URL(), resendRequest(email, client)), mailWait)
			p := postForm(t, s.Stack, []string{"email", email, "do", "resend"}, "X-Forwarded-For", client)
			s.mustRefusePage(t, "the page beyond the limit", p, mailWait)
		}
		mustSay(t, testenv.Post(t, s.URL(), resendRequest(testenv.Address(), testenv.ClientAddress())), "resendConfirmation")
	})
}

// unlucky is a registration that would be one, but for its username: it is counted,
// and costs no hash.
func unlucky(taken *testenv.Person, client string) testenv.Request {
	p := testenv.Newcomer()
	p.Username, p.Client = taken.Username, client
	return registerRequest(p)
}

// So is the 61st register, whatever the address. Those that cannot become a
// registration are counted apart.
func TestRegisterLimit_C4(t *testing.T) {
	t.Parallel()
	counting(t, func(t *testing.T, s *counted) {
		taken, ada := s.Join(t), testenv.Newcomer()
		s.mustStopAfter(t, "register full of mistakes", mailCalls, mailWait, func(int) *testenv.Answer {
			return testenv.Post(t, s.URL(), hopeless(ada.Client))
		})
		s.mustStopAfter(t, "register", mailCalls, mailWait, func(int) *testenv.Answer {
			return testenv.Post(t, s.URL(), unlucky(taken, ada.Client))
		})
		s.mustRefuse(t, "beyond the limit", testenv.Post(t, s.URL(), registerRequest(ada)), mailWait)
		ada.Client = testenv.ClientAddress()
		mustSay(t, testenv.Post(t, s.URL(), registerRequest(ada)), "register")
	})
}

// A client makes five registrations of one address an hour at most; another
// client or another address is not bound by them.
func TestOpenRegistrations(t *testing.T) {
	t.Parallel()
	counting(t, func(t *testing.T, s *counted) {
		ada := testenv.Newcomer()
		next := func(email, client string) *testenv.Answer {
			p := testenv.Newcomer()
			p.Email, p.Client = email, client
			return testenv.Post(t, s.URL(), registerRequest(p))
		}
		for range 5 {
			mustSay(t, next(ada.Email, ada.Client), "register")
		}
		const hour = 60 * 60
		s.mustRefuse(t, "the sixth", next(ada.Email, ada.Client), hour)
		s.mustRefuse(t, "the sixth in capitals", next(strings.ToUpper(ada.Email), ada.Client), hour)
		mustSay(t, next(testenv.Address(), ada.Client), "register")
		mustSay(t, next(ada.Email, testenv.ClientAddress()), "register")
	})
}

// Where confirming asks for a password, wrong ones are counted as at a login, by
// mutation and page together, and use nothing up.
func TestConfirmLimit_C7(t *testing.T) {
	t.Parallel()
	counting(t, func(t *testing.T, s *counted) {
		ada, eve, client := testenv.Newcomer(), testenv.Newcomer(), testenv.ClientAddress()
		eve.Email = ada.Email
		s.Register(t, eve)
		token := s.Register(t, ada)
		byPage := func(password, client string) page {
			return postForm(t, s.Stack, []string{"token", token, "email", ada.Email, "do", "confirm", "password", password}, "X-Forwarded-For", client)
		}
		s.mustStopAfter(t, "confirmEmail", pairTries, pairWait, func(i int) *testenv.Answer {
			if i%2 == 1 {
				if p := byPage(typed, client); p.status != http.StatusTooManyRequests {
					p.mustShow(t, http.StatusUnprocessableEntity, "not the password")
					return answered(p)
				}
			}
			a := testenv.Post(t, s.URL(), confirmRequest(token, typed, client))
			if a.Code() == "" {
				mustSay(t, a, "confirmEmail", "WRONG_PASSWORD")
			}
			return a
		})
		s.mustRefuse(t, "the right password", testenv.Post(t, s.URL(), confirmRequest(token, ada.Password, client)), pairWait)
		s.mustRefusePage(t, "the right password on the page", byPage(ada.Password, client), pairWait)
		if s.disturbed() {
			return // one of the two may have confirmed it
		}
		if got := testenv.Post(t, s.URL(), confirmRequest(token, ada.Password, ada.Client)).Payload(t, "confirmEmail"); got.Tokens == nil {
			t.Errorf("the right password from elsewhere: %+v", got)
		}
	})
}
