package e2e_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"latchkey/internal/testenv"
)

const inviteOp = `mutation ($i: InviteUserInput!) { inviteUser(input: $i) { user { id username invitedUntil } errors { code message field } } }`

// getPage asks for a page, and postPage posts a form to one, as browsers do.
func getPage(t *testing.T, at string) (status int, body string) {
	t.Helper()
	return pageOf(t)(http.Get(at))
}

func postPage(t *testing.T, at string, form url.Values) (status int, body string) {
	t.Helper()
	return pageOf(t)(http.PostForm(at, form))
}

func pageOf(t *testing.T) func(*http.Response, error) (int, string) {
	return func(res *http.Response, err error) (int, string) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(text)
	}
}

// On an empty database the log names the command and holds no link; the link that the command
// prints makes the first administrator, and nobody else.
func TestAdminLink_O3(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]*testenv.Stack{"embedded": testenv.NewEmbedded(t), "production": testenv.NewProduction(t, "DATABASE_URL="+testenv.PostgresURL(t))} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s.Add(t)
			s.AwaitReady(t)
			out, errOut, code := shell(t, s, "", "admin-link")
			at, err := url.Parse(strings.TrimSpace(out))
			if code != 0 || err != nil || at.Path != "/email/first-administrator" || at.Query().Get("token") == "" {
				t.Fatalf("admin-link: exit code %d, %q\n%s", code, out, errOut)
			}
			other, _, _ := shell(t, s, "", "admin-link")
			p := testenv.Newcomer()
			form := url.Values{"token": {at.Query().Get("token")}, "email": {p.Email}, "username": {p.Username}, "password": {p.Password}}
			page := s.URL() + at.Path
			if status, body := getPage(t, page+"?"+at.RawQuery); status != http.StatusOK || !strings.Contains(body, "The first administrator") {
				t.Errorf("the page: %d\n%s", status, body)
			}
			if status, body := postPage(t, page, form); status != http.StatusOK || !strings.Contains(body, "You are the first administrator") {
				t.Fatalf("the form: %d\n%s", status, body)
			}
			if got := s.Login(t, p); got.Tokens == nil {
				t.Errorf("the login: %+v", got)
			}
			eve := testenv.Newcomer()
			for what, token := range map[string]string{"again": at.Query().Get("token"), "another link": strings.TrimSpace(other[strings.Index(other, "token=")+len("token="):])} {
				form := url.Values{"token": {token}, "email": {eve.Email}, "username": {eve.Username}, "password": {eve.Password}}
				if status, _ := postPage(t, page, form); status != http.StatusGone {
					t.Errorf("%s: %d, want 410", what, status)
				}
			}
			if out, errOut, code := shell(t, s, "", "admin-link"); code != 1 || out != "" || !strings.Contains(errOut, "There is an administrator already") {
				t.Errorf("admin-link with an administrator: exit code %d, %q\n%s", code, out, errOut)
			}
			log := s.Log()
			if !strings.Contains(log, "latchkey admin-link") || strings.Contains(log, "lko_") || strings.Contains(log, p.Password) {
				t.Errorf("the log:\n%s", log)
			}
		})
	}
}

// An administrator invites somebody, who sets a password on the page of the mail's link and logs
// in. Nobody logs in before.
func TestInvited_O3(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		_, admin := makeAdmin(t, s)
		p := testenv.Newcomer()
		a := testenv.Post(t, s.URL(), testenv.Request{Query: inviteOp, Variables: testenv.Input("email", p.Email, "username", p.Username), Bearer: admin})
		mustSay(t, a, "inviteUser")
		if !strings.Contains(string(a.Body), `"invitedUntil":"2`) {
			t.Errorf("inviteUser: %s", a.Body)
		}
		a = testenv.Post(t, s.URL(), testenv.Request{Query: inviteOp, Variables: testenv.Input("email", p.Email, "username", testenv.Username()), Bearer: admin})
		mustSay(t, a, "inviteUser", "EMAIL_TAKEN")
		mails := s.AwaitMails(t, p.Email, 1)
		if mails[0].Subject != "You are invited: choose a password" {
			t.Fatalf("the mail is %q", mails[0].Subject)
		}
		if got := s.Login(t, p); got.Tokens != nil || got.Errors[0].Code != "INVALID_CREDENTIALS" {
			t.Errorf("a login before: %+v", got)
		}
		at, err := url.Parse(mails[0].Links[0])
		if err != nil {
			t.Fatal(err)
		}
		if status, body := getPage(t, s.URL()+at.RequestURI()); status != http.StatusOK || !strings.Contains(body, "is yours once you have") {
			t.Errorf("the page: %d\n%s", status, body)
		}
		form := at.Query()
		form.Set("password", p.Password)
		form.Set("do", "set")
		if status, body := postPage(t, s.URL()+at.Path, form); status != http.StatusOK {
			t.Fatalf("the form: %d\n%s", status, body)
		}
		if got := s.Login(t, p); got.Tokens == nil {
			t.Errorf("the login: %+v", got)
		}
	})
}
