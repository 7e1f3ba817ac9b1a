package e2e_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"latchkey/internal/testenv"
)

// adminVisit asks for a path of the admin page as a browser on the service's own pages does. It
// follows nothing.
func adminVisit(t *testing.T, s *testenv.Stack, method, path, cookie string, form url.Values) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL()+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if r.Header.Set("Sec-Fetch-Site", "same-origin"); cookie != "" {
		r.Header.Set("Cookie", cookie)
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	return res
}

// The page is there, in a cookie of its own that no page of another site is sent; its sessions are
// administrators', end on the next request, and are told apart from those of apps.
func TestAdminPage_E5_I5_O3(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		p := testenv.Newcomer()
		out, errOut, code := shell(t, s, p.Password+"\n", "user", "create", "--email", p.Email, "--username", p.Username, "--admin")
		if code != 0 {
			t.Fatalf("exit code %d\n%s%s", code, out, errOut)
		}
		id := strings.TrimSpace(out)
		if res := adminVisit(t, s, http.MethodGet, "/admin", "", nil); res.StatusCode != http.StatusSeeOther || !strings.HasSuffix(res.Header.Get("Location"), "/admin/login") {
			t.Errorf("without a login: %d to %s", res.StatusCode, res.Header.Get("Location"))
		}
		eve := s.Join(t)
		res := adminVisit(t, s, http.MethodPost, "/admin/login", "", url.Values{"login": {eve.Username}, "password": {eve.Password}})
		if res.StatusCode != http.StatusUnprocessableEntity || len(res.Cookies()) > 0 {
			t.Errorf("who is no administrator: %d, %v", res.StatusCode, res.Cookies())
		}
		res = adminVisit(t, s, http.MethodPost, "/admin/login", "", url.Values{"login": {p.Username}, "password": {p.Password}})
		if res.StatusCode != http.StatusSeeOther || len(res.Cookies()) != 1 {
			t.Fatalf("the login: %d, %v", res.StatusCode, res.Cookies())
		}
		c := res.Cookies()[0]
		name := "latchkey-admin"
		if secure(s) {
			name = "__Host-" + name
		}
		if c.Name != name || !c.HttpOnly || c.Secure != secure(s) || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Domain != "" {
			t.Errorf("the cookie is %+v", c)
		}
		cookie := c.Name + "=" + c.Value
		if res := adminVisit(t, s, http.MethodGet, "/admin/users", cookie, nil); res.StatusCode != http.StatusOK || !strings.Contains(res.Header.Get("Content-Security-Policy"), "script-src 'none'") {
			t.Errorf("the page: %d, %s", res.StatusCode, res.Header.Get("Content-Security-Policy"))
		}
		app := s.Login(t, p)
		if res := adminVisit(t, s, http.MethodGet, "/admin/users", c.Name+"="+app.Tokens.RefreshToken, nil); res.StatusCode != http.StatusSeeOther {
			t.Errorf("with the token of an app: %d", res.StatusCode)
		}
		if out, errOut, code := shell(t, s, "", "user", "revoke-sessions", id); code != 0 {
			t.Fatalf("%s%s", out, errOut)
		}
		if res := adminVisit(t, s, http.MethodGet, "/admin/users", cookie, nil); res.StatusCode != http.StatusSeeOther {
			t.Errorf("after its end: %d", res.StatusCode)
		}
		if strings.Contains(s.Log(), c.Value) {
			t.Error("the log has a token")
		}
	})
}

// ADMIN_PAGE=off leaves no page there.
func TestAdminPageOff_O3(t *testing.T) {
	t.Parallel()
	s := testenv.Embedded(t, "ADMIN_PAGE=off")
	for _, path := range []string{"/admin", "/admin/login", "/admin/users"} {
		if res := adminVisit(t, s, http.MethodGet, path, "", nil); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", path, res.StatusCode)
		}
	}
}
