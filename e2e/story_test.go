package e2e_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"latchkey/internal/testenv"
)

const (
	firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0"
	iphone  = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
)

// loginWith logs p in with this browser and returns the tokens.
func loginWith(t *testing.T, s *testenv.Stack, p *testenv.Person, login, agent, deviceName string) (access, refresh string) {
	t.Helper()
	in := testenv.Input("login", login, "password", p.Password)
	if deviceName != "" {
		in = testenv.Input("login", login, "password", p.Password, "deviceName", deviceName)
	}
	a := testenv.Post(t, s.URL(), testenv.Request{
		Query: testenv.LoginOp, Variables: in, Client: p.Client, Header: map[string]string{"User-Agent": agent},
	})
	got := a.Payload(t, "login")
	if got.Tokens == nil || got.User == nil || got.User.Email == nil || *got.User.Email != p.Email {
		t.Fatalf("login: %s", a.Body)
	}
	p.ID = got.User.ID
	return got.Tokens.AccessToken, got.Tokens.RefreshToken
}

// The life of one account, from its registration to the logout of its last
// device.
func TestLife(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		ada := testenv.Newcomer()
		registerAndConfirmOnThePage(t, s, ada)

		first, firstRefresh := loginWith(t, s, ada, ada.Username, firefox, "")
		second, secondRefresh := loginWith(t, s, ada, strings.ToUpper(ada.Email[:5])+ada.Email[5:], iphone, "Ada's phone")
		mustBe(t, s.URL(), first, ada.ID)
		awaitMail(t, s, ada.Email, "A new login to your account", 0)

		list := devices(t, s.URL(), second)
		if len(list) != 2 || list[0].DeviceName != "Ada's phone" || !list[0].Current ||
			list[1].DeviceName != "Firefox on Linux" || list[1].Current {
			t.Fatalf("devices, the latest first: %+v", list)
		}
		for i, agent := range []string{iphone, firefox} {
			if d := list[i]; d.UserAgent == nil || *d.UserAgent != agent || d.IPAddress == nil || *d.IPAddress != ada.Client {
				t.Errorf("device %d: got %+v, want the user agent %q and the address %s", i, d, agent, ada.Client)
			}
		}

		access, next := refresh(t, s.URL(), firstRefresh)
		if next == firstRefresh {
			t.Error("a refresh left the refresh token as it was")
		}
		mustBe(t, s.URL(), access, ada.ID)
		if list := devices(t, s.URL(), access); list[0].DeviceName != "Firefox on Linux" || !list[0].Current {
			t.Errorf("devices after the other one refreshed: %+v", list)
		}

		revoke(t, s, access, list[0].ID, "")
		mustBeRevoked(t, s.URL(), second)
		mustSay(t, testenv.Post(t, s.URL(), refreshRequest(secondRefresh)), "refresh", "TOKEN_INVALID")
		revoke(t, s, access, list[0].ID, "NOT_FOUND")
		mustBe(t, s.URL(), access, ada.ID)

		mustSay(t, testenv.Post(t, s.URL(), testenv.Request{Query: testenv.LogoutOp, Variables: testenv.Input("refreshToken", next)}), "logout")
		mustBeRevoked(t, s.URL(), access)
		mustSay(t, testenv.Post(t, s.URL(), refreshRequest(next)), "refresh", "TOKEN_INVALID")
		if a := me(t, s.URL(), ""); len(a.Errors) > 0 || string(a.Data["me"]) != "null" {
			t.Errorf("me of nobody: got %s, want null", a.Body)
		}
	})
}

func registerAndConfirmOnThePage(t *testing.T, s *testenv.Stack, p *testenv.Person) {
	t.Helper()
	a := testenv.Post(t, s.URL(), registerRequest(p))
	mustSay(t, a, "register")
	var answer struct{ Email string }
	if a.Into(t, "register", &answer); answer.Email != p.Email {
		t.Errorf("register says that the mail goes to %q, want %q", answer.Email, p.Email)
	}
	mustSay(t, testenv.Post(t, s.URL(), loginRequest(p.Username, p.Password, p.Client)), "login", "EMAIL_NOT_CONFIRMED")

	mail := s.AwaitMails(t, p.Email, 2)[0] // that login had one sent again
	if mail.Subject != "Confirm your email" || mail.To != p.Email || !strings.Contains(mail.Text, p.Username) || len(mail.Links) != 1 {
		t.Fatalf("the mail: %+v", mail)
	}
	link := mail.Links[0]
	// D5: scanners look at links, some of them often.
	for _, method := range []string{http.MethodHead, http.MethodOptions, http.MethodGet, http.MethodGet} {
		got := browse(t, s.URL(), method, link)
		if got.status >= 400 || len(got.header.Values("Set-Cookie")) > 0 {
			t.Errorf("%s of the link: %d, %d cookies", method, got.status, len(got.header.Values("Set-Cookie")))
		}
	}
	form := browse(t, s.URL(), http.MethodGet, link).mustShow(t, http.StatusOK, p.Username)
	for name, want := range map[string]string{"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"} {
		if got := form.header.Get(name); got != want {
			t.Errorf("%s of the page: got %q, want %q", name, got, want)
		}
	}
	if n := count(t, s, `SELECT count(*) FROM users WHERE email_key = $1`, strings.ToLower(p.Email)); n != 0 {
		t.Errorf("looking at the link made %d accounts", n)
	}

	form.press(t, s.URL(), p.Client, "confirm", "").mustShow(t, http.StatusOK, "Your email is confirmed")
	form.press(t, s.URL(), p.Client, "confirm", "").mustShow(t, http.StatusGone, "This link no longer works")
	browse(t, s.URL(), http.MethodGet, link).mustShow(t, http.StatusGone, "This link no longer works")
}

// revoke ends a session as the bearer and wants this code, or none.
func revoke(t *testing.T, s *testenv.Stack, access, id, code string) {
	t.Helper()
	a := testenv.Post(t, s.URL(), testenv.Request{Query: revokeOp, Variables: testenv.Input("sessionId", id), Bearer: access})
	if code != "" {
		mustSay(t, a, "revokeSession", code)
		return
	}
	var got struct{ RevokedSessionID string }
	if a.Into(t, "revokeSession", &got); len(a.Errors) > 0 || got.RevokedSessionID != id {
		t.Fatalf("revokeSession: %s", a.Body)
	}
}

// What is private is null for everybody but the user and administrators.
func TestPrivateFields(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		ada, bob := s.Join(t), s.Join(t)
		adminID, admin := makeAdmin(t, s)

		look := func(access, id string) (p *person) {
			t.Helper()
			a := testenv.Post(t, s.URL(), testenv.Request{Query: userOp, Variables: map[string]any{"id": id}, Bearer: access})
			if a.Into(t, "user", &p); len(a.Errors) > 0 {
				t.Fatalf("user: %s", a.Body)
			}
			return p
		}
		if p := look(bob.Access, ada.ID); p == nil || p.ID != ada.ID || p.Username != ada.Username || p.CreatedAt == "" {
			t.Errorf("the public profile: %+v", p)
		} else if p.Email != nil || p.Role != nil || p.UpdatedAt != nil || p.LastLoginAt != nil || p.DisabledAt != nil || p.Sessions != nil {
			t.Errorf("another sees what is private: %+v", p)
		}
		for who, access := range map[string]string{"the user": ada.Access, "an administrator": admin} {
			if p := look(access, ada.ID); p == nil || p.Email == nil || *p.Email != ada.Email || *p.Role != "USER" || p.UpdatedAt == nil ||
				p.LastLoginAt == nil || len(p.Sessions) != 1 {
				t.Errorf("%s sees %+v", who, p)
			}
		}
		if p := look(admin, adminID); *p.Role != "ADMIN" {
			t.Errorf("the administrator's role is %q", *p.Role)
		}
		if p := look(ada.Access, "nobody"); p != nil {
			t.Errorf("a user that there is not: %+v", p)
		}

		node := func(access, id, want string) {
			t.Helper()
			a := testenv.Post(t, s.URL(), testenv.Request{Query: nodeOp, Variables: map[string]any{"id": id}, Bearer: access})
			var got *struct {
				Typename string `json:"__typename"`
			}
			a.Into(t, "node", &got)
			if len(a.Errors) > 0 || (got == nil) != (want == "") || got != nil && got.Typename != want {
				t.Errorf("node: got %s, want %q", a.Body, want)
			}
		}
		session := devices(t, s.URL(), ada.Access)[0].ID
		node(bob.Access, ada.ID, "User")
		node(ada.Access, session, "Session")
		node(admin, session, "Session")
		node(bob.Access, session, "")
		node(bob.Access, "nothing", "")
		for _, op := range []string{userOp, nodeOp} {
			a := testenv.Post(t, s.URL(), testenv.Request{Query: op, Variables: map[string]any{"id": ada.ID}})
			if a.Code() != "UNAUTHENTICATED" || a.Errors[0].Extensions.Reason != "MISSING" {
				t.Errorf("without a token: %s", a.Body)
			}
		}
	})
}

// The refresh token of a page travels in a cookie and in nothing else.
func TestCookieLife_I5(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		ada := s.Join(t)
		origin := s.Setting("PUBLIC_URL")
		if origin == "" {
			origin = s.Replicas[0].URL // in development this machine is its own origin
		}
		ask := func(op string, in map[string]any, header map[string]string) *testenv.Answer {
			return testenv.Post(t, s.URL(), testenv.Request{Query: op, Variables: in, Client: ada.Client, Header: header})
		}
		in := testenv.Input("login", ada.Username, "password", ada.Password, "transport", "COOKIE")
		if a := ask(testenv.LoginOp, in, map[string]string{"Origin": "https://evil.example"}); a.Code() != "FORBIDDEN" || a.Header.Get("Set-Cookie") != "" {
			t.Errorf("a login with the cookie from another origin: %s", a.Body)
		}
		a := ask(testenv.LoginOp, in, map[string]string{"Origin": origin})
		cookie := cookieOf(t, a)
		if got := a.Payload(t, "login"); got.Tokens == nil || got.Tokens.RefreshToken != "" || !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode {
			t.Fatalf("login: %s, cookie %v", a.Body, cookie)
		}
		with := map[string]string{"Origin": origin, "Cookie": cookie.Name + "=" + cookie.Value}
		a = ask(testenv.RefreshOp, testenv.Input(), with)
		if got := a.Payload(t, "refresh"); got.Tokens == nil || got.Tokens.RefreshToken != "" {
			t.Fatalf("refresh with the cookie: %s", a.Body)
		}
		next := cookieOf(t, a)
		if next.Value == cookie.Value {
			t.Error("a refresh left the cookie as it was")
		}
		with["Cookie"] = next.Name + "=" + next.Value
		if a = ask(testenv.LogoutOp, testenv.Input(), with); cookieOf(t, a).MaxAge >= 0 {
			t.Error("a logout leaves the cookie in the browser")
		}
		mustSay(t, ask(testenv.RefreshOp, testenv.Input(), with), "refresh", "TOKEN_INVALID")
		mustBe(t, s.URL(), ada.Access, ada.ID) // the other device
	})
}

func cookieOf(t *testing.T, a *testenv.Answer) *http.Cookie {
	t.Helper()
	list := (&http.Response{Header: a.Header}).Cookies()
	i := slices.IndexFunc(list, func(c *http.Cookie) bool { return strings.HasSuffix(c.Name, "latchkey") })
	if i < 0 {
		t.Fatalf("no cookie: %s", a.Body)
	}
	return list[i]
}
