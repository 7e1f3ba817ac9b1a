package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"latchkey/internal/auth"
	"latchkey/internal/link"
	"latchkey/internal/store"
)

// Looking changes nothing; the form makes the first administrator, says what is wrong beside each
// field and keeps what was typed, and is gone from then on.
func TestFirstPage_D5_O3(t *testing.T) {
	s := newService(t)
	in := s.link(link.Target{Purpose: link.FirstAdministrator})
	for range 2 {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			if w := s.do(httptest.NewRequest(method, firstPath+"?"+in.Encode()+"&email=ada%40example.org&username=ada&password=x", nil)); w.Code != http.StatusOK {
				t.Errorf("%s: status %d", method, w.Code)
			}
		}
	}
	wants(t, s.get(firstPath+"?"+in.Encode()), http.StatusOK, "The first administrator", `name="password"`)
	wants(t, s.get(firstPath), http.StatusGone, "This link is incomplete")
	wants(t, s.get(firstPath+"?token=lko_x"), http.StatusGone, "This link no longer works")
	wants(t, s.get(resetPath+"?"+in.Encode()), http.StatusGone)

	w := s.pressOn(firstPath, "", in, "email", "ada", "username", `<b>"`, "password", "password")
	wants(t, w, http.StatusUnprocessableEntity, `value="ada"`, `value="&lt;b&gt;&#34;"`, `id="email-error"`, `id="username-error"`, `id="password-error"`, "people guess first")
	if strings.Count(w.Body.String(), "autofocus") != 1 || strings.Contains(w.Body.String(), `value="password"`) {
		t.Errorf("the page:\n%s", w.Body)
	}
	foreign := formOn(firstPath, "", in, "email", "eve@example.org", "username", "eve", "password", goodPassword)
	foreign.Header.Set("Sec-Fetch-Site", "cross-site")
	wants(t, s.do(foreign), http.StatusForbidden)
	wants(t, s.pressOn(firstPath, "", url.Values{"token": {"lko_x"}}, "email", "eve@example.org", "username", "eve", "password", goodPassword), http.StatusGone)
	wants(t, s.pressOn(firstPath, "", in, "email", "ada@example.org", "username", "ada", "password", goodPassword), http.StatusOK, "You are the first administrator", "<bdi>ada</bdi>")
	wants(t, s.pressOn(firstPath, "", in, "email", "eve@example.org", "username", "eve", "password", goodPassword), http.StatusGone)
	wants(t, s.get(firstPath+"?"+in.Encode()), http.StatusGone, "latchkey admin-link")
	list, err := s.auth.Users(t.Context(), auth.UserList{})
	if err != nil || len(list.Nodes) != 1 || list.Nodes[0].Role != store.RoleAdmin {
		t.Errorf("users: %+v, %v", list.Nodes, err)
	}
	for _, secret := range []string{in.Get("token"), goodPassword, "example.org"} {
		if strings.Contains(s.log.String(), secret) {
			t.Errorf("the log has %q", secret)
		}
	}
}
