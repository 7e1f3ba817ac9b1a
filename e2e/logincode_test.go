package e2e_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"latchkey/internal/testenv"
)

const (
	requestCodeOp = `mutation ($i: RequestLoginCodeInput!) { requestLoginCode(input: $i) { challenge reference expiresAt errors { code message field } } }`
	methodsOp     = `{ loginMethods { emailCode } }`

	codeSubject = "Your login code"
	loginPage   = "https://app.example.org/login#code="
)

// byMail are the settings of a service where people log in by mail.
var byMail = []string{"EMAIL_LOGIN=on", "LOGIN_URL=" + loginPage + "{code}"}

// loginCode is a code that is on its way.
type loginCode struct {
	Challenge, Reference string
	ExpiresAt            time.Time
}

func codeRequest(email, client string) testenv.Request {
	return testenv.Request{Query: requestCodeOp, Variables: testenv.Input("email", email), Client: client}
}

// asksCode begins a login by mail.
func asksCode(t testing.TB, s *testenv.Stack, email, client string) (c loginCode) {
	t.Helper()
	a := testenv.Post(t, s.URL(), codeRequest(email, client))
	mustSay(t, a, "requestLoginCode")
	if a.Into(t, "requestLoginCode", &c); c.Challenge == "" || len(c.Reference) != 4 {
		t.Fatalf("requestLoginCode: %s", a.Body)
	}
	return c
}

var codeInMail = regexp.MustCompile(`(?m)^[0-9a-z]{4}-[0-9a-z]{4}\r?$`)

// mailed waits for the mail with the code that c asked for.
func (c loginCode) mailed(t testing.TB, s *testenv.Stack, to string) (code string, m testenv.Inbound) {
	t.Helper()
	testenv.Await(t, patience, "the code for "+c.Reference, func() bool {
		for _, m = range s.Mails(t, to) {
			if m.Subject == codeSubject && strings.Contains(m.Text, c.Reference) {
				code = strings.TrimSpace(codeInMail.FindString(m.Text))
				return true
			}
		}
		return false
	})
	if code == "" || !strings.Contains(m.HTML, code) {
		t.Fatalf("no code in\n%s", m.Text)
	}
	return code, m
}

// The code and the challenge that it was asked for with open a session together, and neither
// does with another's; the mail's link uses nothing up.
func TestLoginCode_L2(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		ada, eve := s.Join(t), s.Join(t)
		if a := testenv.Post(t, s.URL(), testenv.Request{Query: methodsOp}); !strings.Contains(string(a.Body), `"emailCode":true`) {
			t.Errorf("loginMethods: %s", a.Body)
		}
		asked := asksCode(t, s, ada.Email, ada.Client)
		code, mail := asked.mailed(t, s, ada.Email)
		if want := loginPage + code; len(mail.Links) != 1 || mail.Links[0] != want {
			t.Errorf("the mail links to %q, want %q", mail.Links, want)
		}
		if until := time.Until(asked.ExpiresAt); until > 10*time.Minute || until < 9*time.Minute {
			t.Errorf("it is good for %v", until)
		}
		thief := testenv.ClientAddress()
		others, own := asksCode(t, s, ada.Email, thief), asksCode(t, s, eve.Email, thief)
		evesCode, _ := own.mailed(t, s, eve.Email)
		for what, try := range map[string][2]string{
			"the code with a challenge of another client": {others.Challenge, code},
			"the code with a challenge for eve":           {own.Challenge, code},
			"eve's code with ada's challenge":             {asked.Challenge, evesCode},
			"no code":                                     {asked.Challenge, ""},
		} {
			a := answerStep(t, s, try[0], "emailCode", try[1], thief)
			if got := codes(a.Payload(t, "continueLogin")); len(got) != 1 || got[0] != "CODE_INVALID" {
				t.Errorf("%s: %s", what, a.Body)
			}
		}
		for what, challenge := range map[string]string{"no challenge": "", "a forged one": asked.Challenge[:60] + "AAAA" + asked.Challenge[64:]} {
			a := answerStep(t, s, challenge, "emailCode", code, thief)
			if got := codes(a.Payload(t, "continueLogin")); len(got) != 1 || got[0] != "CHALLENGE_INVALID" {
				t.Errorf("%s: %s", what, a.Body)
			}
		}
		if n := sessions(t, s, ada); n != 1 {
			t.Errorf("%d sessions, want that of the confirmation", n)
		}
		a := answerStep(t, s, asked.Challenge, "emailCode", " "+strings.ToUpper(strings.ReplaceAll(code, "-", " ")), ada.Client)
		got := a.Payload(t, "continueLogin")
		if got.Tokens == nil {
			t.Fatalf("both: %s", a.Body)
		}
		mustBe(t, s.URL(), got.Tokens.AccessToken, ada.ID)
	}, byMail...)
}

// Of fifty who show a code at once, over two replicas, one has a session, and a used code has
// none; the fifth wrong code is the last; a second factor is still asked for.
func TestLoginCodeOnce_L3(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		ada := s.Join(t)
		asked := asksCode(t, s, ada.Email, ada.Client)
		code, _ := asked.mailed(t, s, ada.Email)
		before, won := sessions(t, s, ada), 0
		for _, a := range together(t, 50, alternating(s), func(int) testenv.Request { return answerRequest(asked.Challenge, "emailCode", code, ada.Client) }) {
			switch {
			case a.Code() == "RATE_LIMITED": // five at once
			case a.Payload(t, "continueLogin").Tokens != nil:
				won++
			default:
				if got := codes(a.Payload(t, "continueLogin")); len(got) != 1 || got[0] != "CHALLENGE_INVALID" {
					t.Errorf("the others: %s", a.Body)
				}
			}
		}
		if n := sessions(t, s, ada) - before; won != 1 || n != 1 {
			t.Errorf("%d of 50 were let in, with %d sessions, want 1", won, n)
		}
		mustSay(t, answerStep(t, s, asked.Challenge, "emailCode", code, ada.Client), "continueLogin", "CHALLENGE_INVALID")

		guessed := asksCode(t, s, ada.Email, testenv.ClientAddress())
		code, _ = guessed.mailed(t, s, ada.Email)
		for range 5 {
			mustSay(t, answerStep(t, s, guessed.Challenge, "emailCode", "0000-0000", testenv.ClientAddress()), "continueLogin", "CODE_INVALID")
		}
		mustBeRateLimited(t, "the right code after five", answerStep(t, s, guessed.Challenge, "emailCode", code, ada.Client), 600)

		bob := s.Join(t)
		app := enrol(t, s, bob)
		asked = asksCode(t, s, bob.Email, bob.Client)
		code, _ = asked.mailed(t, s, bob.Email)
		before = sessions(t, s, bob)
		a := answerStep(t, s, asked.Challenge, "emailCode", code, bob.Client)
		mustSay(t, a, "continueLogin", "SECOND_FACTOR_NEEDED")
		if a.Payload(t, "continueLogin").Tokens != nil || sessions(t, s, bob) != before {
			t.Errorf("without the second factor: %s", a.Body)
		}
		a = answerStep(t, s, challengeOf(t, a, "continueLogin"), "totpCode", app.code(t, 0), bob.Client)
		if a.Payload(t, "continueLogin").Tokens == nil {
			t.Errorf("with it: %s", a.Body)
		}
		a = answerStep(t, s, asked.Challenge, "emailCode", code, bob.Client)
		mustSay(t, answerStep(t, s, challengeOf(t, a, "continueLogin"), "totpCode", app.code(t, 30*time.Second), bob.Client), "continueLogin", "CHALLENGE_INVALID")

		carol := s.Join(t)
		asked = asksCode(t, s, carol.Email, carol.Client)
		code, _ = asked.mailed(t, s, carol.Email)
		mustSay(t, testenv.Post(t, s.URL(), asking("changePassword", carol.Access, carol.Client, "currentPassword", carol.Password, "newPassword", "a fine new horse")), "changePassword")
		mustSay(t, answerStep(t, s, asked.Challenge, "emailCode", code, carol.Client), "continueLogin", "CHALLENGE_INVALID")
	}, byMail...)
}

// A home that asks for codes from 60 of its networks fills no mailbox, and leaves the owner's
// own; nothing of it waits for later.
func TestLoginCodesFillNoMailbox_L4(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		ada, client := s.Join(t), aHome()
		for i := range 60 {
			asksCode(t, s, ada.Email, client(i))
		}
		settled := func() bool {
			return count(t, s, `SELECT count(*) FROM outbox WHERE recipient_key = $1`, ada.Email) == 0
		}
		mailed := func() (n int) {
			testenv.Await(t, patience, "the outbox to settle", settled)
			for _, m := range s.Mails(t, ada.Email) {
				if m.Subject == codeSubject {
					n++
				}
			}
			return n
		}
		if n := mailed(); n != 3 {
			t.Errorf("%d codes for one home, want 3", n)
		}
		code, mail := asksCode(t, s, ada.Email, ada.Client).mailed(t, s, ada.Email)
		if code == "" || mailed() != 4 {
			t.Error("the owner has none")
		}
		if mail.Stop == "" {
			t.Error("the mail cannot be refused")
		}
		for i := range 60 {
			_ = testenv.Post(t, s.URL(), codeRequest(testenv.Address(), client(0)))
			if i == 59 {
				mustBeRateLimited(t, "one client's 61st", testenv.Post(t, s.URL(), codeRequest(ada.Email, client(0))), mailWait)
			}
		}
	}, byMail...)
}

// Where it is off nobody logs in by mail.
func TestLoginCodeOff_L2(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		ada := s.Join(t)
		a := testenv.Post(t, s.URL(), codeRequest(ada.Email, ada.Client))
		if a.Code() != "FORBIDDEN" || a.Errors[0].Extensions.Reason != "EMAIL_LOGIN_OFF" {
			t.Errorf("requestLoginCode: %s", a.Body)
		}
		if a := testenv.Post(t, s.URL(), testenv.Request{Query: methodsOp}); !strings.Contains(string(a.Body), `"emailCode":false`) {
			t.Errorf("loginMethods: %s", a.Body)
		}
	})
}
