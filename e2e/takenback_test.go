package e2e_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"latchkey/internal/testenv"
)

// An account moves to a mailbox whose reader confirms, sets a password of their own by
// mail and logs in. The reader may be a thief, or somebody who took a stranger's account
// for a new one: the two look alike. So the page and each mail say whose account it is;
// the link of before takes the account back all the same, without what the reader set;
// and the mailbox that loses it is told, and is free for an account of its own.
func TestTakenBackFromNewMailbox_A8_D4(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		first := &story{s.Join(t), t, s}
		opened := time.Now().UTC().Format("2\u00a0January 2006")
		reader := testenv.Newcomer()
		first.ask("changeEmail", nil, "email", reader.Email, "password", first.Password)
		undo := awaitMail(t, s, first.Email, "A change of your email was requested", 0)

		asked := awaitMail(t, s, reader.Email, "Confirm your new email", 0)
		saysWhose := func(what, text string) {
			t.Helper()
			for _, want := range []string{first.Username, "not a new account", "opened"} {
				if !strings.Contains(strings.Join(strings.Fields(text), " "), want) {
					t.Errorf("%s does not say %q:\n%s", what, want, text)
				}
			}
		}
		saysWhose("the mail", asked.Text)
		saysWhose("the mail as HTML", asked.HTML)
		if !strings.Contains(asked.Text, opened) {
			t.Errorf("the mail does not say since when the account is there:\n%s", asked.Text)
		}
		form := first.open(asked).mustShow(t, http.StatusOK, first.Username)
		saysWhose("the page", form.body)
		form.press(t, s.URL(), reader.Client, "confirm", "").mustShow(t, http.StatusOK, reader.Email)

		mustSay(t, testenv.Post(t, s.URL(), asking("requestPasswordReset", "", reader.Client, "email", reader.Email)), "requestPasswordReset")
		reset := awaitMail(t, s, reader.Email, "Set a new password", 0)
		if !strings.Contains(reset.Text, "another address lately") {
			t.Errorf("the mail does not say that the account can be taken back:\n%s", reset.Text)
		}
		first.open(reset).mustShow(t, http.StatusOK, "another address lately").
			press(t, s.URL(), reader.Client, "set", reader.Password).mustShow(t, http.StatusOK, "Your password is set")
		entered := testenv.Post(t, s.URL(), loginRequest(reader.Email, reader.Password, reader.Client)).Payload(t, "login")
		if entered.Tokens == nil || entered.User.ID != first.ID {
			t.Fatalf("the reader's login: %+v", entered)
		}

		first.open(undo).press(t, s.URL(), first.Client, "undo", "").mustShow(t, http.StatusOK, "yours again")
		told := awaitMail(t, s, reader.Email, "Your email was removed from an account", 0)
		for _, part := range []string{told.Text, told.HTML} {
			if !strings.Contains(part, first.Username) {
				t.Errorf("the mail does not say which account:\n%s", part)
			}
			for _, secret := range []string{first.Client, strings.Split(first.Email, "@")[0]} {
				if strings.Contains(part, secret) {
					t.Errorf("the mail says %q", secret)
				}
			}
		}
		for _, link := range told.Links {
			if strings.Contains(link, "token=") {
				t.Errorf("the mail has the link %s", link)
			}
		}
		mustBeRevoked(t, s.URL(), entered.Tokens.AccessToken)
		for _, login := range []string{reader.Email, first.Username, first.Email} {
			mustSay(t, testenv.Post(t, s.URL(), loginRequest(login, reader.Password, first.Client)), "login", "INVALID_CREDENTIALS")
		}

		set := testenv.LinkToken(t, awaitMail(t, s, first.Email, "Set a new password", 0).Links[0])
		first.Access = ""
		first.ask("resetPassword", nil, "token", set, "newPassword", "the last horse of "+first.Username)
		n := len(s.Mails(t, reader.Email))
		mustSay(t, testenv.Post(t, s.URL(), registerRequest(reader)), "register")
		token := testenv.LinkToken(t, awaitMail(t, s, reader.Email, "Confirm your email", n).Links[0])
		own := testenv.Post(t, s.URL(), confirmRequest(token, "", reader.Client)).Payload(t, "confirmEmail")
		if own.User == nil || own.User.ID == first.ID || own.User.Username != reader.Username {
			t.Errorf("an account of the reader's own: %+v", own)
		}
	})
}
