package e2e_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"latchkey/internal/testenv"
)

// Who presses "do not write to me again" gets no mails that others cause. Nobody who
// asks for one can tell. The page undoes it, and so does confirming by an older link.
func TestDoNotWriteToMeAgain_C3_C6(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		ada := testenv.Newcomer()
		token := s.Register(t, ada)
		stop := s.Mails(t, ada.Email)[0].Stop
		if stop == "" {
			t.Fatal("the mail does not offer to be the last")
		}
		settle := func() {
			t.Helper()
			testenv.Await(t, patience, "the outbox to settle", func() bool {
				return count(t, s, `SELECT count(*) FROM outbox WHERE recipient_key = $1`, ada.Email) == 0
			})
		}
		// all has strangers cause each mail that they can, and returns what they are answered.
		all := func(email string) (answers string) {
			t.Helper()
			eve := testenv.Newcomer()
			eve.Email = email
			for _, r := range []testenv.Request{
				registerRequest(eve), resendRequest(email, eve.Client), asking("requestPasswordReset", "", eve.Client, "email", email),
			} {
				a := testenv.Post(t, s.URL(), r)
				answers += strings.ReplaceAll(string(a.Body), email, "ADDRESS") + "\n"
			}
			return answers
		}
		mails := func() int { return len(s.Mails(t, ada.Email)) }

		for range 2 { // scanners look
			browse(t, s.URL(), http.MethodGet, stop).mustShow(t, http.StatusOK, "Do not write to me again")
		}
		usual := all(ada.Email)
		settle()
		before := mails()
		if before < 2 {
			t.Errorf("%d mails after somebody looked at the link, want more than the first", before)
		}
		browse(t, s.URL(), http.MethodGet, stop).press(t, s.URL(), ada.Client, "stop", "").mustShow(t, http.StatusOK, "We do not write to you")
		if got := all(ada.Email); got != usual {
			t.Errorf("strangers are answered\n%s, before it was\n%s", got, usual)
		}
		if fresh := all(testenv.Address()); fresh != usual {
			t.Errorf("for another address\n%s, want\n%s", fresh, usual)
		}
		settle()
		if n := mails(); n != before {
			t.Errorf("%d mails, want still %d", n, before)
		}

		// The page undoes it.
		browse(t, s.URL(), http.MethodGet, stop).press(t, s.URL(), ada.Client, "start", "").mustShow(t, http.StatusOK, "We write to you again")
		mustSay(t, testenv.Post(t, s.URL(), resendRequest(ada.Email, testenv.ClientAddress())), "resendConfirmation")
		s.AwaitMails(t, ada.Email, before+1)

		// So does the operator, for somebody who has no such mail any more.
		oneClick(t, s, stop)
		settle()
		before = mails()
		if out, errOut, code := shell(t, s, "", "mail", "allow", ada.Email); code != 0 {
			t.Errorf("mail allow: exit code %d\n%s%s", code, out, errOut)
		}
		mustSay(t, testenv.Post(t, s.URL(), resendRequest(ada.Email, testenv.ClientAddress())), "resendConfirmation")
		s.AwaitMails(t, ada.Email, before+1)

		// A mail program presses for its reader.
		oneClick(t, s, stop)
		settle()
		before = mails()
		all(ada.Email)
		settle()
		if n := mails(); n != before {
			t.Errorf("%d mails after one click, want still %d", n, before)
		}

		// The owner confirms by the first mail, and so gets mails again.
		mustSay(t, testenv.Post(t, s.URL(), asking("confirmEmail", "", ada.Client,
			"token", token, "username", ada.Username, "password", ada.Password)), "confirmEmail")
		all(ada.Email)
		awaitMail(t, s, ada.Email, "You already have an account", 1)

		// And gets to the account, refused or not.
		browse(t, s.URL(), http.MethodGet, stop).press(t, s.URL(), ada.Client, "stop", "").mustShow(t, http.StatusOK, "We do not write to you")
		resets := func() (n int) {
			for _, m := range s.Mails(t, ada.Email) {
				if m.Subject == "Set a new password" {
					n++
				}
			}
			return n
		}
		settle()
		had := resets()
		mustSay(t, testenv.Post(t, s.URL(), asking("requestPasswordReset", "", ada.Client, "email", ada.Email)), "requestPasswordReset")
		testenv.Await(t, patience, "the owner's link", func() bool { return resets() > had })
	})
}

// oneClick does what a mail program does that shows a button for it (RFC 8058).
func oneClick(t *testing.T, s *testenv.Stack, link string) {
	t.Helper()
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.PostForm(s.URL()+u.RequestURI(), url.Values{"List-Unsubscribe": {"One-Click"}})
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("one click is answered %d", res.StatusCode)
	}
}
