package request

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

// A service at a path of its host is found there and, behind a proxy that takes the path
// off, without it.
func TestUnderPath_D7(t *testing.T) {
	says := func(text string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) })
	}
	for _, path := range []string{"", "/id", "/a/b", "/auth", "/email", "/graphql", "/livez", "/dev", "/assets"} {
		mux := NewMux(path)
		for _, at := range []string{"/graphql", "/auth/token", "/livez", "/email/confirm-email", "/dev/mail", "/dev/mail/{id}", "/dev/mail/{id}/html", "/assets/page.css", "/{$}"} {
			mux.Handle(at, says(at))
		}
		mux.HandleWellKnown("/.well-known/x", says("known"))
		mux.Handle("/", says("nothing"))
		h := newDoor(t).Harden(mux)
		asked := map[string]string{
			"/graphql": "/graphql", "/auth/token": "/auth/token", "/livez": "/livez", "/email/confirm-email": "/email/confirm-email", "/dev/mail": "/dev/mail",
			"/dev/mail/7": "/dev/mail/{id}", "/dev/mail/7/html": "/dev/mail/{id}/html", "/": "/{$}", "/.well-known/x": "known", "/nowhere": "nothing", "/id/id/graphql": "nothing",
		}
		for at, want := range asked {
			for _, target := range []string{path + at, at} {
				if got := do(h, httptest.NewRequest(http.MethodGet, target, nil)).Body.String(); got != want {
					t.Errorf("PUBLIC_URL at %q, %s: got %q, want %q", path, target, got, want)
				}
			}
		}
		if got := do(h, httptest.NewRequest(http.MethodGet, "/.well-known/x"+path, nil)).Body.String(); got != "known" {
			t.Errorf("PUBLIC_URL at %q: got %q where RFC 8414 looks", path, got)
		}
	}
	mux := NewMux("/id")
	mux.Handle("/graphql", says(""))
	mux.Handle("/", says(""))
	for target, want := range map[string]string{"/id": "/id/", "/id//graphql": "/id/graphql"} { // redirects stay there
		if got := do(mux, httptest.NewRequest(http.MethodGet, target, nil)).Header().Get("Location"); got != want {
			t.Errorf("%s leads to %q, want %q", target, got, want)
		}
	}
}

// The cookie of a service at a path is sent there, under the prefix that such a one can have.
func TestCookieUnderPath_I5(t *testing.T) {
	for path, want := range map[string]map[bool]string{
		"":    {true: "__Host-latchkey=x; Path=/; Max-Age=9; HttpOnly; Secure; SameSite=Lax", false: "latchkey=x; Path=/; Max-Age=9; HttpOnly; SameSite=Lax"},
		"/id": {true: "__Secure-latchkey=x; Path=/id/; Max-Age=9; HttpOnly; Secure; SameSite=Lax", false: "latchkey=x; Path=/id/; Max-Age=9; HttpOnly; SameSite=Lax"},
	} {
		for secure, line := range want {
			w := httptest.NewRecorder()
			c := Caller{door: &Door{cookies: newCookies(secure, path)}, w: w}
			c.SetRefreshCookie("x", time.Unix(9, 0), time.Unix(0, 0))
			c.SetDeviceCookie("y", 9*time.Second)
			device := strings.NewReplacer("latchkey=x", "latchkey-device=y", "Lax", "Strict").Replace(line)
			if got := w.Header().Values("Set-Cookie"); !slices.Equal(got, []string{line, device}) {
				t.Errorf("%q: got %q, want %q and %q", path, got, line, device)
			}
		}
	}
}
