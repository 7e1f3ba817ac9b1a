package e2e_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"latchkey/internal/testenv"
)

// Confirming by the mutation also logs the device in.
func TestConfirmByMutation(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		ada := testenv.Newcomer()
		token := s.Register(t, ada)
		a := testenv.Post(t, s.URL(), confirmRequest(token, "", ada.Client))
		got := a.Payload(t, "confirmEmail")
		if got.Tokens == nil || got.User == nil || got.User.Username != ada.Username || got.User.Email == nil || *got.User.Email != ada.Email {
			t.Fatalf("confirmEmail: %s", a.Body)
		}
		mustBe(t, s.URL(), got.Tokens.AccessToken, got.User.ID)
		refresh(t, s.URL(), got.Tokens.RefreshToken)
		mustSay(t, testenv.Post(t, s.URL(), confirmRequest(token, "", ada.Client)), "confirmEmail", "TOKEN_INVALID")
		mustSay(t, testenv.Post(t, s.URL(), confirmRequest("lko_nonsense", "", ada.Client)), "confirmEmail", "TOKEN_INVALID")
	})
}

// A link that is sent again leaves the one before it working, and either ends
// both.
func TestResend_D3(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		for _, use := range []string{"the first link", "the second link"} {
			ada := testenv.Newcomer()
			tokens := []string{s.Register(t, ada)}
			mustSay(t, testenv.Post(t, s.URL(), resendRequest(ada.Email, ada.Client)), "resendConfirmation")
			mails := s.AwaitMails(t, ada.Email, 2)
			tokens = append(tokens, testenv.LinkToken(t, mails[0].Links[0]))
			if tokens[0] == tokens[1] || mails[0].Subject != "Confirm your email" {
				t.Fatalf("the mail sent again: %q", mails[0].Subject)
			}
			if use == "the second link" {
				tokens[0], tokens[1] = tokens[1], tokens[0]
			}
			if got := testenv.Post(t, s.URL(), confirmRequest(tokens[0], "", ada.Client)); got.Payload(t, "confirmEmail").Tokens == nil {
				t.Fatalf("%s: %s", use, got.Body)
			}
			mustSay(t, testenv.Post(t, s.URL(), confirmRequest(tokens[1], "", ada.Client)), "confirmEmail", "TOKEN_INVALID")
		}
	})
}

// "I did not register" ends the registration and opens no account.
func TestDecline(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		ada := testenv.Newcomer()
		token := s.Register(t, ada)
		form := browse(t, s.URL(), http.MethodGet, s.Mails(t, ada.Email)[0].Links[0]).mustShow(t, http.StatusOK, ada.Username)
		form.press(t, s.URL(), ada.Client, "decline", "").mustShow(t, http.StatusOK, "The registration is gone")
		form.press(t, s.URL(), ada.Client, "confirm", "").mustShow(t, http.StatusGone, "This link no longer works")
		mustSay(t, testenv.Post(t, s.URL(), confirmRequest(token, "", ada.Client)), "confirmEmail", "TOKEN_INVALID")
		// Who registered is not told that the link was followed.
		mustSay(t, testenv.Post(t, s.URL(), loginRequest(ada.Username, ada.Password, ada.Client)), "login", "EMAIL_NOT_CONFIRMED")
		if n := count(t, s, `SELECT count(*) FROM users WHERE email_key = $1`, ada.Email); n != 0 {
			t.Errorf("%d accounts after a registration was declined", n)
		}
	})
}

// Of several unfinished registrations of an address one may be a stranger's:
// confirming asks for the password, and a wrong one leaves the link as it was.
func TestSeveralUnfinished(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		ada, eve := testenv.Newcomer(), testenv.Newcomer()
		eve.Email = ada.Email
		theirs := s.Register(t, eve)
		mine := s.Register(t, ada)

		mail := s.Mails(t, ada.Email)[0]
		form := browse(t, s.URL(), http.MethodGet, mail.Links[0]).mustShow(t, http.StatusOK, `name="password"`)
		form.press(t, s.URL(), ada.Client, "confirm", "").mustShow(t, http.StatusUnprocessableEntity, "Type the password")
		form.press(t, s.URL(), ada.Client, "confirm", "wrong password 1").mustShow(t, http.StatusUnprocessableEntity, "not the password")
		for _, wrong := range []string{"", "wrong password 2", eve.Password} {
			mustSay(t, testenv.Post(t, s.URL(), confirmRequest(mine, wrong, ada.Client)), "confirmEmail", "WRONG_PASSWORD")
		}
		form.press(t, s.URL(), ada.Client, "confirm", ada.Password).mustShow(t, http.StatusOK, "Your email is confirmed")

		mustSay(t, testenv.Post(t, s.URL(), confirmRequest(theirs, eve.Password, eve.Client)), "confirmEmail", "TOKEN_INVALID")
		mustSay(t, testenv.Post(t, s.URL(), loginRequest(eve.Username, eve.Password, eve.Client)), "login", "EMAIL_NOT_CONFIRMED")
		if got := s.Login(t, ada); got.Tokens == nil || got.User.Username != ada.Username {
			t.Errorf("the owner's login: %+v", got)
		}
		if n := count(t, s, `SELECT count(*) FROM users WHERE email_key = $1`, ada.Email); n != 1 {
			t.Errorf("%d accounts with one address", n)
		}
	})
}

// A double click on the button is one registration, at two replicas at once and one
// after the other: its links ask for no password.
func TestDoubleClick_C3(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		taken := s.Join(t)
		for _, made := range []bool{false, true} {
			ada, bob := testenv.Newcomer(), testenv.Newcomer()
			bob.Email = taken.Email
			for _, p := range []*testenv.Person{ada, bob} {
				r := registerRequest(p)
				if made {
					r.Variables = testenv.Input("email", p.Email, "password", p.Password)
				}
				var clicks sync.WaitGroup
				for i := range 2 {
					clicks.Go(func() {
						a, err := testenv.TryPost(s.Replicas[i%len(s.Replicas)].URL, r)
						if err != nil || len(a.Errors) > 0 {
							t.Errorf("a click: %v, %v", a, err)
						}
					})
				}
				clicks.Wait()
				mustSay(t, testenv.Post(t, s.URL(), r), "register")
				if n := count(t, s, `SELECT count(*) FROM registrations WHERE client = $1`, p.Client); n != 1 {
					t.Errorf("%d registrations, want 1", n)
				}
			}
			link := awaitMail(t, s, ada.Email, "Confirm your email", 0).Links[0]
			form := browse(t, s.URL(), http.MethodGet, link).mustShow(t, http.StatusOK, "This opens the account")
			if strings.Contains(form.body, `name="password"`) {
				t.Errorf("the page asks for a password:\n%s", form.body)
			}
			form.press(t, s.URL(), ada.Client, "confirm", "").mustShow(t, http.StatusOK, "Your email is confirmed")
		}
	})
}

// An address that has an account: nobody but its owner learns of it, and the
// username is held as for any other.
func TestTakenAddress_C3(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		owner := s.Join(t)
		before := len(s.Mails(t, owner.Email))
		again, fresh := testenv.Newcomer(), testenv.Newcomer()
		again.Email = owner.Email
		taken, free := testenv.Post(t, s.URL(), registerRequest(again)), testenv.Post(t, s.URL(), registerRequest(fresh))
		if got, want := strings.ReplaceAll(string(taken.Body), again.Email, "X"), strings.ReplaceAll(string(free.Body), fresh.Email, "X"); taken.Status != free.Status || got != want {
			t.Errorf("a taken address answers %d %s, a free one %d %s", taken.Status, got, free.Status, want)
		}
		if mail := s.AwaitMails(t, owner.Email, before+1)[0]; mail.Subject != "You already have an account" || len(mail.Links) != 0 {
			t.Errorf("the owner gets %q with %d links", mail.Subject, len(mail.Links))
		}
		for _, held := range []string{again.Username, fresh.Username} {
			other := testenv.Newcomer()
			other.Username = strings.ToUpper(held)
			mustSay(t, testenv.Post(t, s.URL(), registerRequest(other)), "register", "USERNAME_TAKEN")
		}
		// Nor does logging in tell, by the username or by the address.
		for _, p := range []*testenv.Person{again, fresh} {
			for _, login := range []string{p.Username, p.Email} {
				mustSay(t, testenv.Post(t, s.URL(), loginRequest(login, p.Password, p.Client)), "login", "EMAIL_NOT_CONFIRMED")
			}
		}
		mustSay(t, testenv.Post(t, s.URL(), resendRequest(owner.Email, again.Client)), "resendConfirmation")
		if got := s.Login(t, owner); got.Tokens == nil {
			t.Errorf("the owner's login: %+v", got)
		}
	})
}

// An unconfirmed username is held for its address alone, which may use it again.
func TestUsernameHeld(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		ada, bob := testenv.Newcomer(), testenv.Newcomer()
		s.Register(t, ada)
		bob.Username = ada.Username
		mustSay(t, testenv.Post(t, s.URL(), registerRequest(bob)), "register", "USERNAME_TAKEN")
		ada.Password = "another " + ada.Password
		second := s.Register(t, ada)
		a := testenv.Post(t, s.URL(), confirmRequest(second, ada.Password, ada.Client))
		if got := a.Payload(t, "confirmEmail"); got.Tokens == nil || got.User.Username != ada.Username {
			t.Fatalf("confirmEmail: %s", a.Body)
		}
		mustSay(t, testenv.Post(t, s.URL(), registerRequest(bob)), "register", "USERNAME_TAKEN")
	})
}

// All mistakes of a registration are reported together.
func TestMistakesTogether(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		p := &testenv.Person{Email: "Ada <ada@example.org>", Username: "a", Password: "short", Client: testenv.ClientAddress()}
		a := testenv.Post(t, s.URL(), registerRequest(p))
		mustSay(t, a, "register", "EMAIL_INVALID", "USERNAME_INVALID", "PASSWORD_TOO_SHORT")
		if limit := a.Payload(t, "register").Errors[2].Limit; limit == nil || *limit != 8 {
			t.Errorf("the limit of PASSWORD_TOO_SHORT: %v", limit)
		}
	})
}

// With REGISTRATION=closed nobody registers; the shell makes accounts.
func TestRegistrationClosed(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		a := testenv.Post(t, s.URL(), registerRequest(testenv.Newcomer()))
		if a.Status != http.StatusOK || a.Code() != "FORBIDDEN" || a.Errors[0].Extensions.Reason != "REGISTRATION_CLOSED" {
			t.Errorf("register: %d %s", a.Status, a.Body)
		}
		id, access := makeAdmin(t, s)
		mustBe(t, s.URL(), access, id)
	}, "REGISTRATION=closed")
}

// A registration that was open when registration closed still confirms.
func TestOpenLinkAfterClosing(t *testing.T) {
	t.Parallel()
	s := testenv.Production(t)
	ada := testenv.Newcomer()
	token := s.Register(t, ada)
	s.Env = append(s.Env, "REGISTRATION=closed")
	s.Restart(t, 0)
	if a := testenv.Post(t, s.Replicas[0].URL, confirmRequest(token, "", ada.Client)); a.Payload(t, "confirmEmail").Tokens == nil {
		t.Errorf("confirmEmail: %s", a.Body)
	}
}

// Who gives no username has one made, logs in by address or by that, and changes it.
func TestRegisterWithoutUsername(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		for _, extra := range [][]any{nil, {"username", nil}} {
			ada := testenv.Newcomer()
			mustSay(t, testenv.Post(t, s.URL(), asking("register", "", ada.Client, append([]any{"email", ada.Email, "password", ada.Password}, extra...)...)), "register")
			mail := s.AwaitMails(t, ada.Email, 1)[0]
			got := testenv.Post(t, s.URL(), confirmRequest(testenv.LinkToken(t, mail.Links[0]), "", ada.Client)).Payload(t, "confirmEmail")
			if got.Tokens == nil || len(got.User.Username) != 11 || !strings.Contains(mail.Text, got.User.Username) {
				t.Fatalf("confirmed as %+v after\n%s", got.User, mail.Text)
			}
			mustSay(t, testenv.Post(t, s.URL(), loginRequest(got.User.Username, ada.Password, ada.Client)), "login")
			mustSay(t, testenv.Post(t, s.URL(), loginRequest(ada.Email, ada.Password, ada.Client)), "login")
			mustSay(t, testenv.Post(t, s.URL(), asking("changeUsername", got.Tokens.AccessToken, ada.Client, "username", ada.Username)), "changeUsername")
		}
	})
}

// Fourteen networks register somebody's address first, and go on: the owner
// confirms by whichever link arrives, with the username and the password chosen.
func TestStrangersKeepNobodyFromConfirming_C6(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		ada := testenv.Newcomer()
		strangers := func() {
			for range 14 {
				eve := testenv.Newcomer()
				eve.Email = ada.Email
				mustSay(t, testenv.Post(t, s.URL(), registerRequest(eve)), "register")
				eve.Username = ada.Username
				mustSay(t, testenv.Post(t, s.URL(), registerRequest(eve)), "register")
			}
		}
		strangers()
		mustSay(t, testenv.Post(t, s.URL(), registerRequest(ada)), "register")
		strangers()
		for _, m := range s.AwaitMails(t, ada.Email, 10) {
			if len(m.Links) != 1 {
				t.Errorf("a mail has %d links, want 1", len(m.Links))
			}
		}
		link := s.Mails(t, ada.Email)[0].Links[0]
		form := browse(t, s.URL(), http.MethodGet, link).mustShow(t, http.StatusOK, `name="username"`)
		form.press(t, s.URL(), ada.Client, "confirm", "wrong password 1").mustShow(t, http.StatusUnprocessableEntity, "not the password")
		a := testenv.Post(t, s.URL(), asking("confirmEmail", "", testenv.ClientAddress(),
			"token", testenv.LinkToken(t, link), "username", ada.Username, "password", ada.Password))
		mustSay(t, a, "confirmEmail")
		if got := s.Login(t, ada); got.Tokens == nil || got.User.Username != ada.Username {
			t.Errorf("the owner's login: %+v", got)
		}
	})
}
