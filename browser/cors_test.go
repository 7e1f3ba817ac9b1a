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

// site starts a server of empty pages and returns its address on this machine,
// under a name that is the service's site and under one that is not.
func site(t *testing.T) (same, other string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<!doctype html><title>A page</title><body>")
	}))
	t.Cleanup(server.Close)
	return strings.Replace(server.URL, "127.0.0.1", "localhost", 1), server.URL
}

// An app on another origin of the same site logs in and refreshes with the
// cookie, which its scripts never see; a page whose origin is not allowed gets
// nothing, and logs nobody out.
func TestCookieFromAnotherOriginInBrowser_I5(t *testing.T) {
	t.Parallel()
	app, _ := site(t)
	stranger, _ := site(t)
	s := testenv.Embedded(t, "CORS_ORIGINS="+app)
	ada := s.Join(t)
	b := open(t)

	// ask sends an operation from the page that is open and returns the answer,
	// or "blocked" where the browser does not hand it over.
	ask := func(query string) string {
		t.Helper()
		_, err := chromedp.Run(b.ctx, chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`{
			window.answer = null;
			fetch(%q, {method: "POST", credentials: "include", headers: {"Content-Type": "application/json"}, body: JSON.stringify({query: %q})})
				.then(r => r.text()).then(text => { window.answer = text }, () => { window.answer = "blocked" });
		}`, public(s)+"/graphql", query)))
		must(t, err)
		b.until(`window.answer !== null`)
		answer, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`window.answer`))
		must(t, err)
		return answer
	}
	const (
		refresh = `mutation { refresh { user { username } tokens { refreshToken } errors { code } } }`
		logout  = `mutation { logout { errors { code } } }`
	)
	login := `mutation { login(input: {login: "` + ada.Username + `", password: "` + ada.Password + `", transport: COOKIE}) { user { username } tokens { refreshToken } errors { code } } }`

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
