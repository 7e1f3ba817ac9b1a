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
	pairTries, pairWait = 10, 30  // of one client at one identifier; seconds
	mailCalls, mailWait = 60, 600 // of one client that makes us write; seconds
)

// heard sends tries until one is refused and returns how many were not, 4 times
// the limit at most.
func heard(t *testing.T, limit int, try func(i int) *testenv.Answer) (n int, refused *testenv.Answer) {
	t.Helper()
	for n = range 4 * limit {
		if a := try(n); a.Code() != "" {
			return n, a
		}
	}
	return 4 * limit, &testenv.Answer{}
}

// mustStopAfter fails the test unless as many tries are heard as the limit says, and
// the next is RATE_LIMITED and told when to come again. While Redis does not
// answer in time, as on a busy machine, each replica counts for itself.
func mustStopAfter(t *testing.T, s *testenv.Stack, what string, limit, wait int, try func(i int) *testenv.Answer) {
	t.Helper()
	began := time.Now()
	n, a := heard(t, limit, try)
	most := limit
	if limit == pairTries {
		most += int(time.Since(began)/time.Second) / pairWait // one more each 30 s
	}
	if strings.Contains(s.Log(), "redis does not answer") {
		t.Logf("%s: Redis was slow, %d tries were heard", what, n)
		most *= 1 + len(s.Replicas)
	}
	if n < limit || n > most {
		t.Errorf("%s: %d tries were heard, want %d", what, n, limit)
	}
	mustBeRateLimited(t, what, a, wait)
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
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		ada := s.Join(t)
		client, nobody := testenv.ClientAddress(), testenv.Username()
		wrong := func(login string) func(int) *testenv.Answer {
			return func(i int) *testenv.Answer {
				if i%2 == 1 {
					login = strings.ToUpper(login) // is the same identifier
				}
				a := ask(t, s.URL(), loginRequest(login, typed, client))
				if a.Code() == "" {
					mustSay(t, a, "login", "INVALID_CREDENTIALS")
				}
				return a
			}
		}
		mustStopAfter(t, s, "a user", pairTries, pairWait, wrong(ada.Username))
		mustStopAfter(t, s, "nobody", pairTries, pairWait, wrong(nobody))
		for _, p := range s.Replicas {
			mustBeRateLimited(t, "a right password", ask(t, p.URL, loginRequest(ada.Username, ada.Password, client)), pairWait)
			mustBeRateLimited(t, "nobody again", ask(t, p.URL, loginRequest(nobody, typed, client)), pairWait)
		}
		if got := ask(t, s.URL(), loginRequest(ada.Email, ada.Password, client)).Payload(t, "login"); got.Tokens == nil {
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
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		ada := s.Join(t)
		mustStopAfter(t, s, "wrong ones between right ones", pairTries, pairWait, func(i int) *testenv.Answer {
			if i%3 == 0 {
				if a := ask(t, s.URL(), loginRequest(ada.Username, ada.Password, ada.Client)); a.Payload(t, "login").Tokens == nil && i < pairTries {
					t.Errorf("a right password after %d wrong ones: %s", i, a.Body)
				}
			}
			return ask(t, s.URL(), loginRequest(ada.Username, typed, ada.Client))
		})
	})
}

// Two replicas count together: what one heard the other knows.
func TestReplicasCountTogether_C4(t *testing.T) {
	t.Parallel()
	s := sharedProduction.use(t)
	client, nobody := testenv.ClientAddress(), testenv.Username()
	mustStopAfter(t, s, "the first replica", pairTries, pairWait, func(int) *testenv.Answer {
		return ask(t, s.Replicas[0].URL, loginRequest(nobody, typed, client))
	})
	a := ask(t, s.Replicas[1].URL, loginRequest(nobody, typed, client))
	if !strings.Contains(s.Log(), "redis does not answer") {
		mustBeRateLimited(t, "the second replica", a, pairWait)
	}
}

// A client's own word for its address counts only behind a configured proxy, and
// there only what the proxy itself added.
func TestForwardedFor_C4(t *testing.T) {
	t.Parallel()
	t.Run("no proxies", func(t *testing.T) {
		t.Parallel()
		s := testenv.Embedded(t, "TRUSTED_PROXIES=")
		nobody := testenv.Username()
		mustStopAfter(t, s, "X-Forwarded-For", pairTries, pairWait, func(int) *testenv.Answer {
			return ask(t, s.URL(), loginRequest(nobody, typed, testenv.ClientAddress()))
		})
		ada := s.Join(t)
		if d := devices(t, s.URL(), ada.Access)[0]; d.IPAddress == nil || *d.IPAddress != "127.0.0.1" {
			t.Errorf("the device's address: %v, want 127.0.0.1", d.IPAddress)
		}
	})
	t.Run("a proxy", func(t *testing.T) {
		t.Parallel()
		s := sharedEmbedded.use(t)
		for name, header := range map[string]func(client, claimed string) []string{
			"claimed before it": func(client, claimed string) []string { return []string{"X-Forwarded-For", claimed + ", " + client} },
			"in a field before it": func(client, claimed string) []string {
				return []string{"X-Forwarded-For", claimed, "X-Forwarded-For", client}
			},
			"behind a proxy": func(client, claimed string) []string {
				return []string{"X-Forwarded-For", claimed + "," + client + ", 127.0.0.1"}
			},
			"other fields": func(client, claimed string) []string {
				return []string{"X-Forwarded-For", client, "X-Real-Ip", claimed, "Forwarded", "for=" + claimed, "True-Client-Ip", claimed, "Cf-Connecting-Ip", claimed, "X-Client-Ip", claimed}
			},
		} {
			client, nobody := testenv.ClientAddress(), testenv.Username()
			mustStopAfter(t, s, name, pairTries, pairWait, func(int) *testenv.Answer {
				return postJSON(t, s.URL(), variablesBody(loginRequest(nobody, typed, "")), header(client, testenv.ClientAddress())...)
			})
		}
	})
}

// An IPv6 /64 is one client, and the next one another; an IPv4 address is the
// same however it is written.
func TestNetworks_C4(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		b := make([]byte, 4)
		_, _ = rand.Read(b)
		network := fmt.Sprintf("2001:db8:%x:%x", int(b[0])<<8|int(b[1]), int(b[2])<<8|int(b[3])&^1)
		next := network[:len(network)-1] + strconv.FormatInt(int64(b[3]&^1|1)&0xf, 16)
		nobody := testenv.Username()
		from := func(address string) *testenv.Answer {
			return ask(t, s.URL(), loginRequest(nobody, typed, address))
		}
		mustStopAfter(t, s, "a /64", pairTries, pairWait, func(i int) *testenv.Answer { return from(fmt.Sprintf("%s:%x:%x::%x", network, i, 7*i, 1+i)) })
		mustSay(t, from(next+"::1"), "login", "INVALID_CREDENTIALS")
		v4 := testenv.ClientAddress()
		mustStopAfter(t, s, "IPv4", pairTries, pairWait, func(i int) *testenv.Answer { return from([]string{"", "::ffff:"}[i%2] + v4) })
	})
}

// The 61st resendConfirmation of a client is RATE_LIMITED whatever the address,
// by the page as well; another client's is not.
func TestResendLimit_C4(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		client := testenv.ClientAddress()
		mustStopAfter(t, s, "resendConfirmation", mailCalls, mailWait, func(i int) *testenv.Answer {
			if i%3 == 0 { // the page counts with it
				p := postForm(t, s, []string{"email", testenv.Address(), "do", "resend"}, "X-Forwarded-For", client)
				if p.status == http.StatusOK {
					return answered(p)
				}
			}
			return ask(t, s.URL(), resendRequest(testenv.Address(), client))
		})
		for _, email := range []string{"no address", testenv.Address(), s.Join(t).Email} {
			mustBeRateLimited(t, "beyond the limit", ask(t, s.URL(), resendRequest(email, client)), mailWait)
			p := postForm(t, s, []string{"email", email, "do", "resend"}, "X-Forwarded-For", client)
			if after, err := strconv.Atoi(p.header.Get("Retry-After")); p.status != http.StatusTooManyRequests || err != nil || after < 1 || after > mailWait {
				t.Errorf("the page: got %d, Retry-After %q", p.status, p.header.Get("Retry-After"))
			}
		}
		mustSay(t, ask(t, s.URL(), resendRequest(testenv.Address(), testenv.ClientAddress())), "resendConfirmation")
	})
}

// So is the 61st register, right or wrong, whatever the address.
func TestRegisterLimit_C4(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		ada := testenv.Newcomer()
		mustStopAfter(t, s, "register", mailCalls, mailWait, func(int) *testenv.Answer {
			return ask(t, s.URL(), registerRequest(&testenv.Person{Email: "x", Username: "x", Password: "x", Client: ada.Client}))
		})
		mustBeRateLimited(t, "beyond the limit", ask(t, s.URL(), registerRequest(ada)), mailWait)
		ada.Client = testenv.ClientAddress()
		mustSay(t, ask(t, s.URL(), registerRequest(ada)), "register")
	})
}

// A client has five unfinished registrations of one address at most; another
// client or another address is not bound by them.
func TestOpenRegistrations(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		ada := testenv.Newcomer()
		next := func(email, client string) *testenv.Answer {
			p := testenv.Newcomer()
			p.Email, p.Client = email, client
			return ask(t, s.URL(), registerRequest(p))
		}
		for range 5 {
			mustSay(t, next(ada.Email, ada.Client), "register")
		}
		const day = 24 * 60 * 60 // CONFIRM_TTL, when the first of them ends
		mustBeRateLimited(t, "the sixth", next(ada.Email, ada.Client), day)
		mustBeRateLimited(t, "the sixth in capitals", next(strings.ToUpper(ada.Email), ada.Client), day)
		mustSay(t, next(testenv.Address(), ada.Client), "register")
		mustSay(t, next(ada.Email, testenv.ClientAddress()), "register")
	})
}

// Where confirming asks for a password, wrong ones are counted as at a login, by
// mutation and page together, and use nothing up.
func TestConfirmLimit_C7(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		ada, eve, client := testenv.Newcomer(), testenv.Newcomer(), testenv.ClientAddress()
		eve.Email = ada.Email
		s.Register(t, eve)
		token := s.Register(t, ada)
		byPage := func(password, client string) page {
			return postForm(t, s, []string{"token", token, "email", ada.Email, "do", "confirm", "password", password}, "X-Forwarded-For", client)
		}
		mustStopAfter(t, s, "confirmEmail", pairTries, pairWait, func(i int) *testenv.Answer {
			if i%2 == 1 {
				if p := byPage(typed, client); p.status != http.StatusTooManyRequests {
					p.mustShow(t, http.StatusUnprocessableEntity, "not the password")
					return answered(p)
				}
			}
			a := ask(t, s.URL(), confirmRequest(token, typed, client))
			if a.Code() == "" {
				mustSay(t, a, "confirmEmail", "WRONG_PASSWORD")
			}
			return a
		})
		mustBeRateLimited(t, "the right password", ask(t, s.URL(), confirmRequest(token, ada.Password, client)), pairWait)
		p := byPage(ada.Password, client).mustShow(t, http.StatusTooManyRequests, "Too many tries")
		if after, err := strconv.Atoi(p.header.Get("Retry-After")); err != nil || after < 1 || after > pairWait {
			t.Errorf("Retry-After of the page: %q", p.header.Get("Retry-After"))
		}
		if got := ask(t, s.URL(), confirmRequest(token, ada.Password, ada.Client)).Payload(t, "confirmEmail"); got.Tokens == nil {
			t.Errorf("the right password from elsewhere: %+v", got)
		}
	})
}
