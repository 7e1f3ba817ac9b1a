package e2e_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"latchkey/internal/testenv"
)

// origins lists what a page may say of itself and whether it may use the cookie.
func origins(s *testenv.Stack) map[string]struct {
	header []string
	may    bool
} {
	type row = struct {
		header []string
		may    bool
	}
	own, err := url.Parse(public(s))
	if err != nil {
		panic(err) // the stack runs with it
	}
	other := map[string]string{"http": "https", "https": "http"}[own.Scheme]
	return map[string]row{
		"own":                         {[]string{"Origin", public(s)}, true},
		"allowed":                     {[]string{"Origin", allowedOrigin}, true},
		"none":                        {nil, false},
		"an app":                      {[]string{"Origin", appOrigin}, true},
		"another app":                 {[]string{"Origin", "ionic://localhost"}, false},
		"a preview":                   {[]string{"Origin", previewOrigin}, false},
		"below a preview":             {[]string{"Origin", strings.Replace(previewOrigin, "://", "://x.", 1)}, false},
		"here":                        {[]string{"Origin", "http://localhost:5173"}, development(s)},
		"here by address":             {[]string{"Origin", "http://127.0.0.1:5173"}, development(s)},
		"here by IPv6 and TLS":        {[]string{"Origin", "https://[::1]:5173"}, development(s)},
		"here in front of another":    {[]string{"Origin", "http://localhost.evil.example:5173"}, false},
		"here twice":                  {[]string{"Origin", "http://localhost:5173", "Origin", "http://localhost:5173"}, false},
		"foreign":                     {[]string{"Origin", foreignOrigin}, false},
		"null":                        {[]string{"Origin", "null"}, false},
		"empty":                       {[]string{"Origin", ""}, false},
		"a star":                      {[]string{"Origin", "*"}, false},
		"own and foreign":             {[]string{"Origin", public(s), "Origin", foreignOrigin}, false},
		"foreign and own":             {[]string{"Origin", foreignOrigin, "Origin", public(s)}, false},
		"own twice":                   {[]string{"Origin", public(s), "Origin", public(s)}, false},
		"a list":                      {[]string{"Origin", public(s) + " " + foreignOrigin}, false},
		"own with a path":             {[]string{"Origin", public(s) + "/"}, false},
		"own in capitals":             {[]string{"Origin", strings.ToUpper(public(s))}, false},
		"own by another scheme":       {[]string{"Origin", other + "://" + own.Host}, development(s)},
		"own at another port":         {[]string{"Origin", own.Scheme + "://" + own.Hostname() + ":81"}, development(s)},
		"own in front of another":     {[]string{"Origin", public(s) + ".evil.example"}, false},
		"allowed in front of another": {[]string{"Origin", allowedOrigin + ".evil.example"}, false},
		"below the allowed one":       {[]string{"Origin", strings.Replace(allowedOrigin, "://", "://x.", 1)}, false},
		"only a referrer":             {[]string{"Referer", public(s) + "/"}, false},
		"only Sec-Fetch-Site":         {[]string{"Sec-Fetch-Site", "same-origin"}, false},
	}
}

// cookieLine is the whole of Set-Cookie, but for value and Max-Age.
func cookieLine(s *testenv.Stack) string {
	if secure(s) {
		return "__Host-latchkey=%s; Path=/; Max-Age=%d; HttpOnly; Secure; SameSite=Lax"
	}
	return "latchkey=%s; Path=/; Max-Age=%d; HttpOnly; SameSite=Lax"
}

// loginByCookie logs p in as a page of this service does, and returns the access
// token and the cookie as browsers send it back.
func loginByCookie(t *testing.T, s *testenv.Stack, p *testenv.Person) (access, cookie string) {
	t.Helper()
	a := postJSON(t, s.URL(), variablesBody(testenv.Request{
		Query: testenv.LoginOp, Variables: testenv.Input("login", p.Username, "password", p.Password, "transport", "COOKIE"),
	}), "Origin", public(s), "X-Forwarded-For", p.Client)
	got := a.Payload(t, "login")
	if got.Tokens == nil {
		t.Fatalf("login: %s", a.Body)
	}
	return got.Tokens.AccessToken, mustSetCookie(t, s, a, 30*24*time.Hour)
}

// mustSetCookie fails the test unless the answer sets the cookie, exactly so and
// for that long, and does not hold its value otherwise. It returns the cookie.
func mustSetCookie(t *testing.T, s *testenv.Stack, a *testenv.Answer, life time.Duration) string {
	t.Helper()
	list := a.Header.Values("Set-Cookie")
	if len(list) == 2 { // of a login
		deviceCookie(t, s, a)
	} else if len(list) != 1 {
		t.Fatalf("%d cookies: %s", len(list), a.Body)
	}
	pair, _, _ := strings.Cut(list[0], ";")
	_, value, _ := strings.Cut(pair, "=")
	ok := false
	for late := range 10 { // seconds
		ok = ok || list[0] == fmt.Sprintf(cookieLine(s), value, int(life/time.Second)-late)
	}
	if !ok || !strings.HasPrefix(value, "lkr_") {
		t.Errorf("the cookie: %q, want %q", list[0], cookieLine(s))
	}
	if strings.Contains(string(a.Body), value) || strings.Contains(string(a.Body), "lkr_") {
		t.Errorf("the answer holds the cookie's token: %s", a.Body)
	}
	return pair
}

// deviceCookie returns the second cookie that a login sets, and fails the test unless it
// is exactly so, is kept for 180 days, and stands nowhere else in the answer.
func deviceCookie(t *testing.T, s *testenv.Stack, a *testenv.Answer) string {
	t.Helper()
	list := a.Header.Values("Set-Cookie")
	if len(list) != 2 {
		t.Fatalf("%d cookies: %s", len(list), a.Body)
	}
	pair, _, _ := strings.Cut(list[1], ";")
	_, value, _ := strings.Cut(pair, "=")
	want := "latchkey-device=" + value + "; Path=/; Max-Age=15552000; HttpOnly; SameSite=Strict"
	if secure(s) {
		want = "__Host-latchkey-device=" + value + "; Path=/; Max-Age=15552000; HttpOnly; Secure; SameSite=Strict"
	}
	if list[1] != want || !strings.HasPrefix(value, "lkd_") || strings.Contains(string(a.Body), "lkd_") {
		t.Errorf("the device's cookie: %q, want %q, and nothing of it in %s", list[1], want, a.Body)
	}
	return pair
}

// mustClearCookie fails the test unless the answer has the browser forget it.
func mustClearCookie(t *testing.T, s *testenv.Stack, a *testenv.Answer) {
	t.Helper()
	want := fmt.Sprintf(strings.Replace(cookieLine(s), "%d", "0", 1), "")
	if got := a.Header.Values("Set-Cookie"); len(got) != 1 || got[0] != want {
		t.Errorf("the cookie is not cleared: got %q, want %q", got, want)
	}
}

// mustLeaveCookie fails the test if the answer sets any cookie.
func mustLeaveCookie(t *testing.T, what string, a *testenv.Answer) {
	t.Helper()
	if got := a.Header.Values("Set-Cookie"); len(got) > 0 {
		t.Errorf("%s sets %q", what, got)
	}
}

// The cookie is set and used for own and allowed origins, and for nothing else;
// what is refused has done nothing.
func TestCookieOrigins_I5(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		ada, bob := s.Join(t), testenv.Newcomer()
		token := s.Register(t, bob)
		access, cookie := loginByCookie(t, s, ada)
		login := variablesBody(testenv.Request{
			Query: testenv.LoginOp, Variables: testenv.Input("login", ada.Username, "password", ada.Password, "transport", "COOKIE"),
		})
		confirm := variablesBody(testenv.Request{Query: testenv.ConfirmOp, Variables: testenv.Input("token", token, "transport", "COOKIE")})
		for name, o := range origins(s) {
			ask := func(body string, more ...string) *testenv.Answer {
				return postJSON(t, s.URL(), body, append(append([]string{"X-Forwarded-For", ada.Client}, o.header...), more...)...)
			}
			refresh, logout := document(`mutation { refresh { tokens { refreshToken } errors { code } } }`), document(`mutation { logout { errors { code } } }`)
			if o.may {
				a := ask(refresh, "Cookie", cookie)
				if cookie = mustSetCookie(t, s, a, 30*24*time.Hour); len(a.Header.Values("Set-Cookie")) != 1 {
					t.Errorf("%s: refresh sets %q", name, a.Header.Values("Set-Cookie"))
				}
				if got := a.Payload(t, "refresh"); got.Tokens == nil || got.Tokens.RefreshToken != "" {
					t.Errorf("%s: refresh: %s", name, a.Body)
				}
				continue
			}
			for what, a := range map[string]*testenv.Answer{
				"login": ask(login), "confirmEmail": ask(confirm), "refresh": ask(refresh, "Cookie", cookie), "logout": ask(logout, "Cookie", cookie),
			} {
				mustFail(t, what+" from "+name, a, "FORBIDDEN", "ORIGIN")
				mustLeaveCookie(t, what+" from "+name, a)
			}
		}
		mustBe(t, s.URL(), access, ada.ID)
		if n := len(devices(t, s.URL(), access)); n != 2 {
			t.Errorf("%d devices after refused logins, want 2", n)
		}
		a := postJSON(t, s.URL(), confirm, "Origin", allowedOrigin, "X-Forwarded-For", bob.Client)
		mustSetCookie(t, s, a, 30*24*time.Hour)
		if got := a.Payload(t, "confirmEmail"); got.User == nil || got.Tokens == nil || got.Tokens.RefreshToken != "" {
			t.Errorf("confirmEmail: %s", a.Body)
		}
		a = postJSON(t, s.URL(), login, "Origin", allowedOrigin, "X-Forwarded-For", ada.Client)
		mustSetCookie(t, s, a, 30*24*time.Hour)

		// Without the cookie the origin is nothing to anybody: the token is in the answer.
		a = postJSON(t, s.URL(), variablesBody(loginRequest(ada.Username, ada.Password, "")), "Origin", foreignOrigin, "X-Forwarded-For", ada.Client)
		if got := a.Payload(t, "login"); got.Tokens == nil || got.Tokens.RefreshToken == "" || a.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("login without the cookie: %s", a.Body)
		}
		mustLeaveCookie(t, "a login without the cookie", a)
	})
}

// A token in the input goes before the cookie and leaves it alone; a dead cookie
// is cleared; nothing is TOKEN_INVALID.
func TestRefreshByCookie_I5(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		ada := s.Join(t)
		_, cookie := loginByCookie(t, s, ada)
		ask := func(input map[string]any, header ...string) *testenv.Answer {
			return postJSON(t, s.URL(), variablesBody(testenv.Request{Query: testenv.RefreshOp, Variables: input}), header...)
		}
		a := ask(testenv.Input("refreshToken", ada.Refresh), "Origin", public(s), "Cookie", cookie)
		if got := a.Payload(t, "refresh"); got.Tokens == nil || got.Tokens.RefreshToken == "" {
			t.Errorf("a token beside the cookie: %s", a.Body)
		}
		mustLeaveCookie(t, "a token beside the cookie", a)
		a = ask(testenv.Input("refreshToken", ada.Refresh), "Origin", foreignOrigin, "Cookie", cookie)
		if got := a.Payload(t, "refresh"); got.Tokens == nil {
			t.Errorf("a token beside the cookie from another origin: %s", a.Body)
		}
		for name, a := range map[string]*testenv.Answer{
			"neither token nor cookie":    ask(testenv.Input()),
			"neither, from elsewhere":     ask(testenv.Input(), "Origin", foreignOrigin),
			"an empty token":              ask(testenv.Input("refreshToken", ""), "Origin", public(s), "Cookie", cookie),
			"a dead token":                ask(testenv.Input("refreshToken", "lkr_x"), "Origin", public(s), "Cookie", cookie),
			"a cookie of another name":    ask(testenv.Input(), "Origin", public(s), "Cookie", "x"+cookie),
			"the name without its prefix": ask(testenv.Input(), "Origin", public(s), "Cookie", strings.Replace("__Host-"+cookie, "__Host-__Host-", "", 1)),
		} {
			mustSay(t, a, "refresh", "TOKEN_INVALID")
			mustLeaveCookie(t, name, a)
		}
		for name, dead := range map[string]string{"nonsense": "x", "an access token": ada.Access, "cut short": cookie[strings.Index(cookie, "=")+1 : len(cookie)-1]} {
			a := ask(testenv.Input(), "Origin", public(s), "Cookie", strings.SplitAfter(cookie, "=")[0]+dead)
			mustSay(t, a, "refresh", "TOKEN_INVALID")
			if mustClearCookie(t, s, a); t.Failed() {
				t.Fatalf("a cookie that is %s", name)
			}
		}
		// An access token beside it, even a bad one, is nothing to refresh.
		a = ask(testenv.Input(), "Origin", public(s), "Cookie", cookie, "Authorization", "Bearer x")
		if a.Payload(t, "refresh").Tokens == nil {
			t.Errorf("refresh beside a bad access token: %s", a.Body)
		}
		mustSetCookie(t, s, a, 30*24*time.Hour)
		// The cookie alone makes nobody a viewer.
		if a := postQuery(t, s.URL(), testenv.MeOp, "Origin", public(s), "Cookie", cookie); len(a.Errors) > 0 || string(a.Data["me"]) != "null" {
			t.Errorf("me by the cookie: %s", a.Body)
		}
	})
}

// logout ends the sessions of whatever came along, and of the cookie with a good
// origin only; it is FORBIDDEN if a cookie with a bad one was all there was.
func TestLogoutByCookie_I5(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		ada := s.Join(t)
		byCookie, cookie := loginByCookie(t, s, ada)
		byBearer, byToken := s.Login(t, ada).Tokens, s.Login(t, ada).Tokens
		for _, c := range []struct {
			name                  string
			origin                string
			cookie, bearer, token bool // what is sent
			refused, cookieStays  bool
		}{
			{name: "nothing", origin: public(s), cookieStays: true},
			{name: "a cookie", origin: public(s), cookie: true},
			{name: "a cookie from the allowed origin", origin: allowedOrigin, cookie: true},
			{name: "all three", origin: public(s), cookie: true, bearer: true, token: true},
			{name: "a cookie from elsewhere", origin: foreignOrigin, cookie: true, refused: true, cookieStays: true},
			{name: "a cookie from elsewhere beside an access token", origin: foreignOrigin, cookie: true, bearer: true, cookieStays: true},
			{name: "a cookie from elsewhere beside a token", origin: "null", cookie: true, token: true, cookieStays: true},
			{name: "an access token", bearer: true, cookieStays: true},
			{name: "a token from elsewhere", origin: foreignOrigin, token: true, cookieStays: true},
		} {
			input, header := testenv.Input(), []string{}
			if c.origin != "" {
				header = append(header, "Origin", c.origin)
			}
			if c.cookie {
				header = append(header, "Cookie", cookie)
			}
			if c.bearer {
				header = append(header, "Authorization", "Bearer "+byBearer.AccessToken)
			}
			if c.token {
				input = testenv.Input("refreshToken", byToken.RefreshToken)
			}
			a := postJSON(t, s.URL(), variablesBody(testenv.Request{Query: testenv.LogoutOp, Variables: input}), header...)
			if c.refused {
				mustFail(t, c.name, a, "FORBIDDEN", "ORIGIN")
			} else {
				mustSay(t, a, "logout")
			}
			if c.cookieStays {
				mustLeaveCookie(t, c.name, a)
			} else {
				mustClearCookie(t, s, a)
			}
			for _, session := range []struct {
				access string
				ended  bool
			}{{byCookie, !c.cookieStays}, {byBearer.AccessToken, c.bearer}, {byToken.AccessToken, c.token}} {
				if session.ended {
					mustBeRevoked(t, s.URL(), session.access)
				} else {
					mustBe(t, s.URL(), session.access, ada.ID)
				}
			}
			if !c.cookieStays {
				byCookie, cookie = loginByCookie(t, s, ada)
			}
			if c.bearer {
				byBearer = s.Login(t, ada).Tokens
			}
			if c.token {
				byToken = s.Login(t, ada).Tokens
			}
		}
		// What is dead is no error, and a dead cookie is cleared too.
		a := postJSON(t, s.URL(), variablesBody(testenv.Request{Query: testenv.LogoutOp, Variables: testenv.Input("refreshToken", "lkr_x")}),
			"Origin", public(s), "Cookie", fmt.Sprintf(strings.SplitAfter(cookieLine(s), "%s")[0], "x"), "Authorization", "Bearer x")
		mustSay(t, a, "logout")
		mustClearCookie(t, s, a)
	})
}
