package browser_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"latchkey/internal/testenv"
)

// Development allows pages of localhost and of loopback addresses, whatever their port.
// Other names below localhost lead browsers to this machine too, and are nothing to it:
// those below latchkey.localhost are one site.

// api is the service's address on that site.
func api(s *testenv.Stack) string { return named("auth.latchkey", s.Replicas[0].URL) }

// named is an address of this machine under a name below localhost.
func named(name, url string) string { return strings.Replace(url, "127.0.0.1", name+".localhost", 1) }

// pages starts a server of empty pages on this machine and returns its address.
func pages(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<!doctype html><title>A page</title><body>")
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// ask sends an operation from the page that is open to the API at base, and returns the
// answer, or "blocked" where the browser does not hand it over.
func (b *tab) ask(base, query string) string {
	b.t.Helper()
	_, err := chromedp.Run(b.ctx, chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`{
		window.answer = null;
		fetch(%q, {method: "POST", credentials: "include", headers: {"Content-Type": "application/json"}, body: JSON.stringify({query: %q})})
			.then(r => r.text()).then(text => { window.answer = text }, () => { window.answer = "blocked" });
	}`, base+"/graphql", query)))
	must(b.t, err)
	b.until(`window.answer !== null`)
	answer, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`window.answer`))
	must(b.t, err)
	return answer
}

// What pages ask by the cookie.
const (
	refreshByCookie = `mutation { refresh { user { username } tokens { refreshToken } errors { code } } }`
	logoutByCookie  = `mutation { logout { errors { code } } }`
)

func loginByCookie(p *testenv.Person) string {
	return `mutation { login(input: {login: "` + p.Username + `", password: "` + p.Password + `", transport: COOKIE}) { user { username } tokens { refreshToken } errors { code } } }`
}

// A frontend on another port of this machine registers somebody and logs them in with the
// cookie, with no setting at all. Another page is refused, and the log says once what
// would allow it.
func TestLocalFrontendInBrowser_I5(t *testing.T) {
	t.Parallel()
	s := testenv.Embedded(t)
	b := open(t)
	local := func(url string) string { return strings.Replace(url, "127.0.0.1", "localhost", 1) }
	for name, c := range map[string]struct{ page, api string }{
		"localhost": {local(pages(t)), local(s.Replicas[0].URL)}, "127.0.0.1": {pages(t), s.Replicas[0].URL},
	} {
		ada := testenv.Newcomer()
		b.do(chromedp.Navigate(c.page))
		got := b.ask(c.api, `mutation { register(input: {email: "`+ada.Email+`", username: "`+ada.Username+`", password: "`+ada.Password+`"}) { errors { code } } }`)
		if !strings.Contains(got, `"errors":[]`) {
			t.Fatalf("%s: register: %s", name, got)
		}
		link := s.AwaitMails(t, ada.Email, 1)[0].Links[0]
		if got := b.ask(c.api, `mutation { confirmEmail(input: {token: "`+testenv.LinkToken(t, link)+`"}) { errors { code } } }`); !strings.Contains(got, `"errors":[]`) {
			t.Fatalf("%s: confirm: %s", name, got)
		}
		for _, query := range []string{loginByCookie(ada), refreshByCookie, refreshByCookie} {
			if got := b.ask(c.api, query); !strings.Contains(got, `"username":"`+ada.Username+`"`) || !strings.Contains(got, `"refreshToken":null`) {
				t.Errorf("%s: %s", name, got)
			}
		}
		if got := b.ask(c.api, logoutByCookie); !strings.Contains(got, `"errors":[]`) {
			t.Errorf("%s: logout: %s", name, got)
		}
	}

	stranger := named("stranger.latchkey", pages(t))
	b.do(chromedp.Navigate(stranger))
	for range 3 {
		if got := b.ask(api(s), refreshByCookie); got != "blocked" {
			t.Errorf("a page of another name: %s", got)
		}
	}
	if n := strings.Count(s.Log(), `"allow":"CORS_ORIGINS=`+stranger+`"`); n != 1 || strings.Count(s.Log(), "CORS_ORIGINS") != 1 {
		t.Errorf("the log says %d times what would allow %s:\n%s", n, stranger, s.Log())
	}
}

// An app on another origin of the same site logs in and refreshes with the
// cookie, which its scripts never see; a page whose origin is not allowed gets
// nothing, and logs nobody out.
func TestCookieFromAnotherOriginInBrowser_I5(t *testing.T) {
	t.Parallel()
	app, stranger := named("app.latchkey", pages(t)), named("stranger.latchkey", pages(t))
	s := testenv.Embedded(t, "CORS_ORIGINS="+app)
	ada := s.Join(t)
	b := open(t)

	ask := func(query string) string { t.Helper(); return b.ask(api(s), query) }
	login, refresh, logout := loginByCookie(ada), refreshByCookie, logoutByCookie

	b.do(chromedp.Navigate(stranger))
	if got := ask(login); got != "blocked" {
		t.Errorf("a stranger's page logs in: %s", got)
	}
	b.do(chromedp.Navigate(app))
	if got := ask(refresh); !strings.Contains(got, "TOKEN_INVALID") {
		t.Errorf("after the stranger's try the app has a session: %s", got)
	}
	for _, query := range []string{login, refresh, refresh} {
		if got := ask(query); !strings.Contains(got, `"username":"`+ada.Username+`"`) || !strings.Contains(got, `"refreshToken":null`) {
			t.Errorf("%s: %s", query, got)
		}
	}
	b.says(`document.cookie`, "")

	b.do(chromedp.Navigate(stranger))
	for _, query := range []string{refresh, logout} {
		if got := ask(query); got != "blocked" {
			t.Errorf("a stranger's page: %s: %s", query, got)
		}
	}
	b.do(chromedp.Navigate(app))
	if got := ask(refresh); !strings.Contains(got, `"username":"`+ada.Username+`"`) {
		t.Errorf("the stranger ended the session: %s", got)
	}
	ask(logout)
	if got := ask(refresh); !strings.Contains(got, "TOKEN_INVALID") {
		t.Errorf("after the logout: %s", got)
	}
}
