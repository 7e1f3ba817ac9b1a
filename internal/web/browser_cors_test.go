package web

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"latchkey/internal/auth"
	"latchkey/internal/store"
	"latchkey/internal/testenv"
)

// An app on another origin of the same site logs in and refreshes with the
// cookie, which its scripts never see; a page whose origin is not allowed gets
// nothing, and logs nobody out.
func TestCookieFromAnotherOriginInBrowser_I5(t *testing.T) {
	testenv.Need(t, "TEST_E2E")
	page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<!doctype html><title>An app</title>")
	})
	app, stranger := httptest.NewServer(page), httptest.NewServer(page)
	defer app.Close()
	defer stranger.Close()
	b := openBrowser(t, app.URL)
	_, err := b.auth.CreateUser(t.Context(), auth.Shell("test"), auth.CreateUserInput{
		Email: "ada@example.org", Username: "ada", Password: new(goodPassword), Role: store.RoleUser,
	})
	must(t, err)

	// ask sends an operation from the page that is open and returns the answer,
	// or "blocked" where the browser does not hand it over.
	ask := func(query string) string {
		t.Helper()
		_, err := chromedp.Run(b.ctx, chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`{
			window.answer = null;
			fetch(%q, {method: "POST", credentials: "include", headers: {"Content-Type": "application/json"}, body: JSON.stringify({query: %q})})
				.then(r => r.text()).then(text => { window.answer = text }, () => { window.answer = "blocked" });
		}`, b.base+"/graphql", query)))
		must(t, err)
		b.until(`window.answer !== null`)
		answer, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`window.answer`))
		must(t, err)
		return answer
	}
	const (
		login   = `mutation { login(input: {login: "ada", password: "` + goodPassword + `", transport: COOKIE}) { user { username } tokens { refreshToken } errors { code } } }`
		refresh = `mutation { refresh { user { username } tokens { refreshToken } errors { code } } }`
		logout  = `mutation { logout { errors { code } } }`
	)

	b.do(chromedp.Navigate(stranger.URL))
	if got := ask(login); got != "blocked" {
		t.Errorf("a stranger's page logs in: %s", got)
	}
	b.do(chromedp.Navigate(app.URL))
	if got := ask(refresh); !strings.Contains(got, "TOKEN_INVALID") {
		t.Errorf("after the stranger's try the app has a session: %s", got)
	}
	for _, query := range []string{login, refresh, refresh} {
		if got := ask(query); !strings.Contains(got, `"username":"ada"`) || !strings.Contains(got, `"refreshToken":null`) {
			t.Errorf("%s: %s", query, got)
		}
	}
	b.says(`document.cookie`, "")

	b.do(chromedp.Navigate(stranger.URL))
	for _, query := range []string{refresh, logout} {
		if got := ask(query); got != "blocked" {
			t.Errorf("a stranger's page: %s: %s", query, got)
		}
	}
	b.do(chromedp.Navigate(app.URL))
	if got := ask(refresh); !strings.Contains(got, `"username":"ada"`) {
		t.Errorf("the stranger ended the session: %s", got)
	}
	ask(logout)
	if got := ask(refresh); !strings.Contains(got, "TOKEN_INVALID") {
		t.Errorf("after the logout: %s", got)
	}
}
