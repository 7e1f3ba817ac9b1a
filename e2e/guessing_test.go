package e2e_test

import (
	"fmt"
	"testing"

	"latchkey/internal/testenv"
)

// Who does not know the password gets one answer, to the byte, whoever they try:
// nobody, a user, one who has not confirmed, one who is disabled; by the mutation
// and by the token endpoint.
func TestOneAnswer_C1(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		ada, disabled, unconfirmed := s.Join(t), s.Join(t), testenv.Newcomer()
		s.Register(t, unconfirmed)
		_, admin := makeAdmin(t, s)
		mustSay(t, testenv.Post(t, s.URL(), administer("disableUser", admin, disabled.ID)), "disableUser")
		var want [2]string
		for name, login := range map[string]string{
			"nobody": testenv.Username(), "nobody's address": testenv.Address(), "a user": ada.Username, "a user's address": ada.Email,
			"unconfirmed": unconfirmed.Username, "an unconfirmed address": unconfirmed.Email,
			"disabled": disabled.Username, "a disabled user's address": disabled.Email,
			"what is no name": "no name", "nothing": "", "long": times(4<<10, "x"),
		} {
			client := testenv.ClientAddress()
			r := loginRequest(login, typed, client)
			answers := []string{shape(testenv.Post(t, s.URL(), r), r)}
			if login != "" { // which is no request of the endpoint
				byToken := speak(t, s, tokenPath, passwordForm(&testenv.Person{Username: login, Password: typed}), client)
				answers = append(answers, shape(answered(byToken.page), r))
			}
			for i, got := range answers {
				if want[i] == "" {
					want[i] = got
				}
				if got != want[i] {
					t.Errorf("%s: got\n%s\nwant\n%s", name, got, want[i])
				}
			}
		}
		// An address is as unknown as any to one who registered it elsewhere, who would
		// see from another answer that it has no account.
		r := loginRequest(unconfirmed.Email, unconfirmed.Password, testenv.ClientAddress())
		if got := shape(testenv.Post(t, s.URL(), r), r); got != want[0] {
			t.Errorf("an unconfirmed address, the right password: got\n%s\nwant\n%s", got, want[0])
		}
		mustSay(t, testenv.Post(t, s.URL(), loginRequest(unconfirmed.Username, unconfirmed.Password, testenv.ClientAddress())), "login", "EMAIL_NOT_CONFIRMED")
		mustSay(t, testenv.Post(t, s.URL(), loginRequest(disabled.Username, disabled.Password, disabled.Client)), "login", "ACCOUNT_DISABLED")
	})
}

// Beyond the limits the answer is one, too, whether or not there is such a user,
// and at each call that would tell.
func TestOneAnswerBeyondLimits_C1_C3(t *testing.T) {
	t.Parallel()
	counting(t, func(t *testing.T, s *counted) {
		ada := s.Join(t)
		client := testenv.ClientAddress()
		s.mustStopAfter(t, "register", mailCalls, mailWait, func(int) *testenv.Answer { return testenv.Post(t, s.URL(), unlucky(ada, client)) })
		s.mustStopAfter(t, "register full of mistakes", mailCalls, mailWait, func(int) *testenv.Answer { return testenv.Post(t, s.URL(), hopeless(client)) })
		for _, email := range []func() string{testenv.Address, func() string { return "x" }} { // what is malformed is counted apart
			s.mustStopAfter(t, "resendConfirmation", mailCalls, mailWait, func(int) *testenv.Answer {
				return testenv.Post(t, s.URL(), resendRequest(email(), client))
			})
			s.mustStopAfter(t, "requestPasswordReset", mailCalls, mailWait, func(int) *testenv.Answer {
				return testenv.Post(t, s.URL(), asking("requestPasswordReset", "", client, "email", email()))
			})
		}
		for _, login := range []string{ada.Email, ada.Username} {
			s.mustStopAfter(t, "login", pairTries, pairWait, func(int) *testenv.Answer { return testenv.Post(t, s.URL(), loginRequest(login, typed, client)) })
		}
		if s.disturbed() {
			return
		}
		before := len(s.Mails(t, ada.Email))
		for _, email := range []string{ada.Email, testenv.Address(), "no address", ""} {
			eve := testenv.Newcomer()
			eve.Email, eve.Client = email, client
			for what, r := range map[string]testenv.Request{
				"register": registerRequest(eve), "resendConfirmation": resendRequest(email, client),
				"requestPasswordReset": asking("requestPasswordReset", "", client, "email", email),
			} {
				s.mustRefuse(t, fmt.Sprintf("%s of %q", what, email), testenv.Post(t, s.URL(), r), mailWait)
			}
		}
		if n := len(s.Mails(t, ada.Email)); n != before && !s.soonDisturbed() {
			t.Errorf("%d mails came of calls that were refused", n-before)
		}
	})
}

// Guesses lock nobody out: after 50 from one address the owner gets in from
// another, and after as many from other addresses as pass the limit of
// the identifier, from one that they use.
func TestOwnerGetsIn_C5(t *testing.T) {
	t.Parallel()
	counting(t, func(t *testing.T, s *counted) {
		ada := s.Join(t)
		guesser := testenv.ClientAddress()
		for range 50 {
			testenv.Post(t, s.URL(), loginRequest(ada.Username, typed, guesser))
		}
		elsewhere := *ada
		elsewhere.Client = testenv.ClientAddress()
		if got := s.Login(t, &elsewhere); got.Tokens == nil {
			t.Errorf("the owner from a new address: %+v", got)
		}
		// As many at once as a guesser has hands, and none twice from an address.
		most, heard, refused := testenv.Repeats(t, 20, 900), 0, 0
		for refused < most && heard < 100*(1+len(s.Replicas)) {
			for _, a := range togetherUntilServed(t, 10, alternating(s.Stack), func(int) testenv.Request {
				return loginRequest(ada.Username, typed, testenv.ClientAddress())
			}) {
				switch a.Code() {
				case "":
					heard++
				case "RATE_LIMITED":
					refused++
				default:
					t.Fatalf("a guess: %s", a.Body)
				}
			}
		}
		if refused < most || heard > 100 && !s.soonDisturbed() {
			t.Errorf("%d guesses were heard and %d refused, want 100 heard at most", heard, refused)
		}
		for _, p := range []*testenv.Person{ada, &elsewhere} {
			if got := s.Login(t, p); got.Tokens == nil {
				t.Errorf("the owner from an address that they use: %+v", got)
			}
		}
	})
}

// Strangers cannot fill a mailbox, nor use up what its owner asks for.
func TestMailsToOne_C6(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		ada := s.Join(t)
		began, ended := outages(s)
		resets := func() (n int) {
			for _, mail := range s.Mails(t, ada.Email) {
				if mail.Subject == "Set a new password" {
					n++
				}
			}
			return n
		}
		settled := func() bool { // the one that waits for the next slot is of no client
			return count(t, s, `SELECT count(*) FROM outbox WHERE recipient_key = $1 AND client <> ''`, ada.Email) == 0
		}
		asks := func(client string) {
			t.Helper()
			mustSay(t, testenv.Post(t, s.URL(), asking("requestPasswordReset", "", client, "email", ada.Email)), "requestPasswordReset")
			testenv.Await(t, patience, "the outbox to settle", settled)
		}
		stranger := testenv.ClientAddress()
		for range 5 {
			asks(stranger)
		}
		fromOne := resets()
		for range 12 {
			asks(testenv.ClientAddress())
		}
		fromAll := resets()
		asks(ada.Client)
		testenv.Await(t, patience, "the owner's mail", func() bool { return resets() == fromAll+1 })
		if nowBegan, nowEnded := outages(s); nowBegan == began && nowEnded == ended && (fromOne != 3 || fromAll != 10) {
			t.Errorf("%d mails came of one client's five, %d of 13 clients, want 3 and 10", fromOne, fromAll)
		}
	})
}
