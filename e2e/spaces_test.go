package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	"latchkey/internal/testenv"
)

// spaced is s with what phones and clipboards add at its ends.
func spaced(s string) string { return " \u00a0" + s + "\t\r\n " }

// White space at both ends of an address or a username is nothing, wherever they are
// typed; at those of a password it is part of it.
func TestWhiteSpaceAround_B2(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		ada := testenv.Newcomer()
		clean := *ada
		ada.Username, ada.Email, ada.Password = spaced(clean.Username), spaced(clean.Email), " "+clean.Password+" "
		var registered struct{ Email string }
		testenv.Post(t, s.URL(), registerRequest(ada)).Into(t, "register", &registered)
		if registered.Email != clean.Email {
			t.Errorf("registered %q", registered.Email)
		}
		mustSay(t, testenv.Post(t, s.URL(), resendRequest(spaced(clean.Email), ada.Client)), "resendConfirmation")
		link := s.AwaitMails(t, clean.Email, 1)[0].Links[0]
		p := exchange(t, http.MethodPost, s.URL()+"/email/confirm-email", formOf("token", testenv.LinkToken(t, link), "email", spaced(clean.Email),
			"username", spaced(clean.Username), "password", ada.Password, "do", "confirm"), "Content-Type", "application/x-www-form-urlencoded")
		if p.status != http.StatusOK || !strings.Contains(p.body, "confirmed") {
			t.Fatalf("the page: %d %s", p.status, p.body)
		}
		for _, login := range []string{spaced(clean.Username), spaced(clean.Email), clean.Email + "\u3000"} {
			a := testenv.Post(t, s.URL(), loginRequest(login, ada.Password, ada.Client)).Payload(t, "login")
			if a.User == nil || a.User.Username != clean.Username || *a.User.Email != clean.Email {
				t.Fatalf("login by %q: %+v", login, a)
			}
			ada.ID, ada.Access = a.User.ID, a.Tokens.AccessToken
		}
		mustSay(t, testenv.Post(t, s.URL(), loginRequest(clean.Email, clean.Password, testenv.ClientAddress())), "login", "INVALID_CREDENTIALS")
		granted(t, speak(t, s, tokenPath, formOf("grant_type", "password", "username", spaced(clean.Email), "password", ada.Password), ada.Client))

		renamed := testenv.Username()
		a := testenv.Post(t, s.URL(), asking("changeUsername", ada.Access, ada.Client, "username", spaced(renamed))).Payload(t, "changeUsername")
		if a.User == nil || a.User.Username != renamed {
			t.Errorf("changeUsername: %+v", a)
		}
		moved := testenv.Address()
		mustSay(t, testenv.Post(t, s.URL(), asking("changeEmail", ada.Access, ada.Client, "email", spaced(moved), "password", ada.Password)), "changeEmail")
		awaitMail(t, s, moved, "Confirm your new email", 0)
		mustSay(t, testenv.Post(t, s.URL(), asking("requestPasswordReset", "", ada.Client, "email", spaced(clean.Email))), "requestPasswordReset")
		awaitMail(t, s, clean.Email, "Set a new password", 0)

		if out := userCommand(t, s, "show", spaced(renamed)); !strings.Contains(out, ada.ID) {
			t.Errorf("user show: %s", out)
		}
		bob := testenv.Newcomer()
		mustPrint(t, s, bob.Password+"\n", 0, nil, "user", "create", "--email", spaced(bob.Email), "--username", spaced(bob.Username))
		eve := testenv.Newcomer()
		mustPrint(t, s, `{"email":" `+eve.Email+`\n","username":"\t`+eve.Username+` "}`, 0, nil, "import", "-")
		for _, p := range []*testenv.Person{bob, eve} {
			if got := count(t, s, `SELECT count(*) FROM users WHERE email = $1 AND username = $2`, p.Email, p.Username); got != 1 {
				t.Errorf("%d users %s", got, p.Username)
			}
		}
	})
}
