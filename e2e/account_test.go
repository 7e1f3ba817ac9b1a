package e2e_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"latchkey/internal/testenv"
)

// story is one account and where its owner is with it.
type story struct {
	*testenv.Person
	t *testing.T
	s *testenv.Stack
}

// ask sends a mutation as the owner and wants these codes, or none.
func (o *story) ask(mutation string, want []string, input ...any) *testenv.Answer {
	o.t.Helper()
	a := testenv.Post(o.t, o.s.URL(), asking(mutation, o.Access, o.Client, input...))
	mustSay(o.t, a, mutation, want...)
	return a
}

// open opens the last link of a mail.
func (o *story) open(m testenv.Inbound) page {
	o.t.Helper()
	if len(m.Links) == 0 {
		o.t.Fatalf("no link in the mail %q:\n%s", m.Subject, m.Text)
	}
	for _, link := range m.Links {
		if strings.Contains(link, "token=") {
			return browse(o.t, o.s.URL(), http.MethodGet, link)
		}
	}
	o.t.Fatalf("no link with a token in the mail %q:\n%s", m.Subject, m.Text)
	return page{}
}

// login logs in from a browser and keeps the access token.
func (o *story) login(agent string) {
	o.t.Helper()
	o.Access, o.Refresh = loginWith(o.t, o.s, o.Person, o.Username, agent, "")
}

// One account from its registration to its deletion, through the API, the pages
// and the mails, requests alternating between replicas where there are two.
func TestWholeLife_A7_A8_D3_D4(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		o := &story{testenv.Newcomer(), t, s}
		registerAndConfirmOnThePage(t, s, o.Person)
		o.login(firefox)

		// Another name.
		before := o.Username
		o.Username = testenv.Username()
		o.ask("changeUsername", nil, "username", o.Username)
		if m := awaitMail(t, s, o.Email, "Your username was changed", 0); !strings.Contains(m.Text, o.Username) || !strings.Contains(m.Text, before) {
			t.Errorf("the notice names not both:\n%s", m.Text)
		}
		mustSay(t, testenv.Post(t, s.URL(), loginRequest(before, o.Password, o.Client)), "login", "INVALID_CREDENTIALS")

		// Another address: the old one in force until the new one confirms.
		old := o.Email
		o.Email = testenv.Address()
		o.ask("changeEmail", []string{"WRONG_PASSWORD"}, "email", o.Email, "password", "wrong horse")
		a := o.ask("changeEmail", nil, "email", o.Email, "password", o.Password)
		var changed struct {
			User struct{ Email, PendingEmail string }
		}
		if a.Into(t, "changeEmail", &changed); changed.User.Email != old || changed.User.PendingEmail != o.Email {
			t.Errorf("changeEmail says %+v", changed)
		}
		awaitMail(t, s, old, "A change of your email was requested", 0)
		form := o.open(awaitMail(t, s, o.Email, "Confirm your new email", 0)).mustShow(t, http.StatusOK, "Confirm your new email")
		mustSay(t, testenv.Post(t, s.URL(), loginRequest(o.Email, o.Password, o.Client)), "login", "INVALID_CREDENTIALS")
		form.press(t, s.URL(), o.Client, "confirm", "").mustShow(t, http.StatusOK, o.Email)
		awaitMail(t, s, old, "Your email was changed", 0)
		loginWith(t, s, o.Person, o.Email, firefox, "")

		// Another password: the other devices are logged out, this one is not.
		other, otherRefresh := loginWith(t, s, o.Person, o.Username, firefox, "")
		o.ask("changePassword", []string{"PASSWORD_TOO_SHORT"}, "currentPassword", o.Password, "newPassword", "short")
		o.ask("changePassword", []string{"WRONG_PASSWORD"}, "currentPassword", "wrong horse", "newPassword", "another horse "+before)
		o.ask("changePassword", nil, "currentPassword", o.Password, "newPassword", "another horse "+before)
		mustBeRevoked(t, s.URL(), other)
		mustSay(t, testenv.Post(t, s.URL(), refreshRequest(otherRefresh)), "refresh", "TOKEN_INVALID")
		mustBe(t, s.URL(), o.Access, o.ID)
		mustSay(t, testenv.Post(t, s.URL(), loginRequest(o.Username, o.Password, o.Client)), "login", "INVALID_CREDENTIALS")
		o.Password = "another horse " + before
		awaitMail(t, s, o.Email, "Your password was changed", 0)

		// Forgotten: the page makes one, for a client that asks in JSON.
		n := len(s.Mails(t, o.Email))
		o.ask("requestPasswordReset", nil, "email", strings.ToUpper(o.Email[:3])+o.Email[3:])
		m := awaitMail(t, s, o.Email, "Set a new password", n)
		token := testenv.LinkToken(t, m.Links[0])
		o.open(m).mustShow(t, http.StatusOK, o.Username).press(t, s.URL(), o.Client, "set", "password1").
			mustShow(t, http.StatusUnprocessableEntity, "guess first")
		made := exchange(t, http.MethodPost, s.URL()+"/email/reset-password", "do=make&token="+token,
			"Content-Type", "application/x-www-form-urlencoded", "Accept", "application/json", "X-Forwarded-For", o.Client)
		var set struct{ Username, Password string }
		if err := json.Unmarshal([]byte(made.body), &set); err != nil || set.Username != o.Username || len(set.Password) < 20 {
			t.Fatalf("make: %d %v: username %q, a password of %d", made.status, err, set.Username, len(set.Password))
		}
		mustBeRevoked(t, s.URL(), o.Access)
		o.ask("resetPassword", []string{"TOKEN_INVALID"}, "token", token, "newPassword", "yet another horse")
		o.Access, o.Password = "", set.Password
		o.login(firefox)

		// Somebody else logs in, and the owner takes the account back.
		n = len(s.Mails(t, o.Email))
		thief, _ := loginWith(t, s, o.Person, o.Username, iphone, "")
		undo := o.open(awaitMail(t, s, o.Email, "A new login to your account", n)).mustShow(t, http.StatusOK, "Was this not you?")
		undo.press(t, s.URL(), o.Client, "undo", "").mustShow(t, http.StatusOK, "The account is yours again")
		undo.press(t, s.URL(), o.Client, "undo", "").mustShow(t, http.StatusGone, "This link no longer works")
		mustBeRevoked(t, s.URL(), thief)
		mustBeRevoked(t, s.URL(), o.Access)
		mustSay(t, testenv.Post(t, s.URL(), loginRequest(o.Username, o.Password, o.Client)), "login", "INVALID_CREDENTIALS")
		o.Access, o.Password = "", "the last horse "+before
		token = testenv.LinkToken(t, awaitMail(t, s, o.Email, "Set a new password", n).Links[0])
		o.ask("resetPassword", nil, "token", token, "newPassword", o.Password)
		o.login(firefox)

		// And the end.
		o.ask("deleteAccount", []string{"WRONG_PASSWORD"}, "password", "wrong horse")
		o.ask("deleteAccount", nil, "password", o.Password)
		awaitMail(t, s, o.Email, "Your account was deleted", 0)
		mustBeRevoked(t, s.URL(), o.Access)
		mustSay(t, testenv.Post(t, s.URL(), loginRequest(o.Username, o.Password, o.Client)), "login", "INVALID_CREDENTIALS")
		if left := count(t, s, `SELECT count(*) FROM users WHERE id = $1`, o.ID); left != 0 {
			t.Error("the user is still there")
		}
		again := &testenv.Person{Email: o.Email, Username: o.Username, Password: o.Password, Client: o.Client}
		token = s.Register(t, again) // both are free at once for their address
		mustSay(t, testenv.Post(t, s.URL(), confirmRequest(token, "", o.Client)), "confirmEmail")
	})
}

// 50 resets by one link over all replicas: one sets its password.
func TestResetRace_D2(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		ada := s.Join(t)
		n := len(s.Mails(t, ada.Email))
		testenv.Post(t, s.URL(), asking("requestPasswordReset", "", ada.Client, "email", ada.Email))
		token := testenv.LinkToken(t, awaitMail(t, s, ada.Email, "Set a new password", n).Links[0])
		answers := togetherUntilServed(t, 50, alternating(s), func(i int) testenv.Request {
			return asking("resetPassword", "", testenv.ClientAddress(), "token", token, "newPassword", "horse number "+string(rune('A'+i)))
		})
		var won []int
		for i, a := range answers {
			switch got := codes(a.Payload(t, "resetPassword")); {
			case len(got) == 0 && len(a.Errors) == 0:
				won = append(won, i)
			case len(got) != 1 || got[0] != "TOKEN_INVALID":
				t.Errorf("reset %d: %s", i, a.Body)
			}
		}
		if len(won) != 1 {
			t.Fatalf("%d of 50 resets went through, want 1", len(won))
		}
		mustBeRevoked(t, s.URL(), ada.Access)
		ada.Password = "horse number " + string(rune('A'+won[0]))
		if got := s.Login(t, ada); got.Tokens == nil {
			t.Errorf("login with the winner's: %+v", got)
		}
	})
}
