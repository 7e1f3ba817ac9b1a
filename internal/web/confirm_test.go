package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"latchkey/internal/link"
)

func TestLookingAtLinkChangesNothing_D5(t *testing.T) {
	s := newService(t)
	in := s.register("ada", "ada@example.org", goodPassword)
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodOptions} {
		for range 2 {
			w := s.do(httptest.NewRequest(method, confirmPath+"?do=confirm&"+in.Encode(), nil))
			if want := map[string]int{http.MethodOptions: http.StatusNoContent}[method]; w.Code != max(want, http.StatusOK) {
				t.Errorf("%s: status %d", method, w.Code)
			}
			if c := w.Header().Values("Set-Cookie"); len(c) > 0 {
				t.Errorf("%s sets a cookie", method)
			}
			if len(s.registrations("ada@example.org")) != 1 {
				t.Fatalf("%s used the registration up", method)
			}
		}
	}
	wants(t, s.press("confirm", in), http.StatusOK, "Your email is confirmed")
}

func TestLinkPageHeaders_D6(t *testing.T) {
	s := newService(t)
	in := s.register("ada", "ada@example.org", goodPassword)
	answers := map[string]*httptest.ResponseRecorder{
		"live": s.get(confirmPath + "?" + in.Encode()),
		"dead": s.get(confirmPath + "?token=lko_x"),
		"done": s.press("confirm", in),
	}
	for name, w := range answers {
		for header, want := range map[string]string{"Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "Content-Security-Policy": pageCSP} {
			if got := w.Header().Get(header); got != want {
				t.Errorf("%s: %s is %q, want %q", name, header, got, want)
			}
		}
	}
}

func TestConfirm(t *testing.T) {
	s := newService(t)
	in := s.register("Ada", "Ada@example.org", goodPassword)
	wants(t, s.get(confirmPath+"?"+in.Encode()), http.StatusOK,
		"<bdi>Ada</bdi>", "<bdi>Ada@example.org</bdi>", "today at 12:00 UTC", "Firefox on Linux", `value="confirm"`, `value="decline"`)
	w := s.press("confirm", in)
	wants(t, w, http.StatusOK, "Your email is confirmed", "<bdi>Ada</bdi>", `href="https://app.example.org"`)
	if len(w.Header().Values("Set-Cookie")) > 0 {
		t.Error("confirming set a cookie")
	}
	wants(t, s.press("confirm", in), http.StatusGone, "This link no longer works")
	wants(t, s.get(confirmPath+"?"+in.Encode()), http.StatusGone, "Send the mail again", `value="Ada@example.org"`)
}

func TestConfirmAmongSeveral(t *testing.T) {
	s := newService(t)
	stranger := s.register("eve", "ada@example.org", "what a stranger chose")
	in := s.register("ada", "ada@example.org", goodPassword)

	wants(t, s.get(confirmPath+"?"+in.Encode()), http.StatusOK, `id="password"`)
	invalid := `aria-describedby="password-error password-hint" aria-invalid="true" autofocus`
	wants(t, s.press("confirm", in), http.StatusUnprocessableEntity, invalid, "Type the password")
	wants(t, s.press("confirm", stranger, "password", goodPassword), http.StatusUnprocessableEntity, invalid, "not the password")
	if w := s.press("confirm", in, "password", "wrong, and not to be seen"); strings.Contains(w.Body.String(), "not to be seen") {
		t.Error("the page repeats the password")
	}
	wants(t, s.press("confirm", in, "password", goodPassword), http.StatusOK, "Your email is confirmed")
	wants(t, s.press("confirm", stranger, "password", "what a stranger chose"), http.StatusGone)
}

// One link is good for all that is unfinished: its page asks which it is, keeps the
// username that was typed, and takes a no to all of them.
func TestConfirmWhichever(t *testing.T) {
	s := newService(t)
	s.register("eve", "ada@example.org", "what a stranger chose")
	s.register("ada", "ada@example.org", goodPassword)
	in := s.link(link.Target{Purpose: link.ConfirmRegistration, Registration: &s.registrations("ada@example.org")[0], Whichever: true})
	wants(t, s.get(confirmPath+"?"+in.Encode()), http.StatusOK, `id="username" name="username" value=""`, `id="password"`, `value="decline-all"`)
	wants(t, s.press("confirm", in, "username", "Ada", "password", "wrong"), http.StatusUnprocessableEntity, `value="Ada"`, "not the password")
	wants(t, s.press("confirm", in, "username", "Ada", "password", goodPassword), http.StatusOK, "Your email is confirmed", "<bdi>ada</bdi>")
	wants(t, s.press("confirm", in, "username", "eve", "password", "what a stranger chose"), http.StatusGone)

	for _, name := range []string{"bob", "eva"} {
		s.register(name, "bob@example.org", goodPassword)
	}
	in = s.link(link.Target{Purpose: link.ConfirmRegistration, Registration: &s.registrations("bob@example.org")[0], Whichever: true})
	wants(t, s.press("decline-all", in), http.StatusOK, "The registration is gone")
	if n := len(s.registrations("bob@example.org")); n != 0 {
		t.Errorf("%d registrations are still there", n)
	}
	wants(t, s.press("confirm", in, "username", "bob", "password", goodPassword), http.StatusGone)
}

// The page was opened while there was one registration, and posted when there
// were two.
func TestConfirmAsksLate(t *testing.T) {
	s := newService(t)
	in := s.register("ada", "ada@example.org", goodPassword)
	s.register("eve", "ada@example.org", "what a stranger chose")
	wants(t, s.press("confirm", in), http.StatusUnprocessableEntity, `id="password"`, "Type the password")
}

func TestConfirmLimit_C7(t *testing.T) {
	s := newService(t)
	in := s.register("ada", "ada@example.org", goodPassword)
	s.register("eve", "ada@example.org", "what a stranger chose")
	for range 10 {
		wants(t, s.press("confirm", in, "password", "wrong"), http.StatusUnprocessableEntity)
	}
	w := s.press("confirm", in, "password", goodPassword)
	wants(t, w, http.StatusTooManyRequests, "Too many tries", "Try again in 4 minutes", "Open the link again")
	if got := w.Header().Get("Retry-After"); got != "200" {
		t.Errorf("Retry-After is %q, want 200", got)
	}
	s.now = s.now.Add(200 * time.Second)
	wants(t, s.press("confirm", in, "password", goodPassword), http.StatusOK)
}

func TestDecline(t *testing.T) {
	s := newService(t)
	in := s.register("ada", "ada@example.org", goodPassword)
	wants(t, s.press("decline", in), http.StatusOK, "The registration is gone")
	if len(s.registrations("ada@example.org")) != 0 {
		t.Error("the registration is still there")
	}
	wants(t, s.press("decline", in), http.StatusGone)
	wants(t, s.press("confirm", in), http.StatusGone)
}

// deadTitle is what the page of a dead link says of this query: one without a token
// that is text was cut on its way, and was not used by anybody.
func deadTitle(query string) string {
	for _, lost := range []string{"", "token=%ff", "token=lko_%00", "token=%zz"} {
		if query == lost {
			return "This link is incomplete"
		}
	}
	return "This link no longer works"
}

func TestDeadLinks(t *testing.T) {
	s := newService(t)
	in := s.register("ada", "ada@example.org", goodPassword)
	other := url.Values{"token": in["token"], "email": {"bob@example.org"}}
	for name, query := range map[string]string{
		"nothing": "", "unknown token": "token=lko_AAAA&email=ada%40example.org", "another address": other.Encode(),
		"not UTF-8": "token=%ff", "NUL": "token=lko_%00", "bad escape": "token=%zz",
	} {
		t.Run(name, func(t *testing.T) {
			wants(t, s.get(confirmPath+"?"+query), http.StatusGone, deadTitle(query), `value="resend"`)
		})
	}
	wants(t, s.press("confirm", other), http.StatusGone)
	s.now = s.now.Add(25 * time.Hour)
	wants(t, s.get(confirmPath+"?"+in.Encode()), http.StatusGone)
}

func TestResend_C3(t *testing.T) {
	s := newService(t)
	s.register("ada", "ada@example.org", goodPassword)
	known := s.press("resend", nil, "email", "ada@example.org")
	unknown := s.press("resend", nil, "email", "bob@example.org")
	wants(t, known, http.StatusOK, "Look into your inbox")
	if strings.ReplaceAll(known.Body.String(), "ada@", "bob@") != unknown.Body.String() || known.Code != unknown.Code {
		t.Error("the answer tells a known from an unknown address")
	}
	wants(t, s.press("resend", nil, "email", "ada"), http.StatusUnprocessableEntity,
		`value="ada"`, `aria-describedby="email-error" aria-invalid="true" autofocus`)
}

// The database is away.
func TestConfirmUnavailable_R1(t *testing.T) {
	s := newService(t)
	in := s.register("ada", "ada@example.org", goodPassword)
	s.db.Close()
	for name, r := range map[string]*http.Request{
		"get": httptest.NewRequest(http.MethodGet, confirmPath+"?"+in.Encode(), nil), "confirm": form("confirm", in),
		"decline": form("decline", in), "resend": form("resend", nil, "email", "ada@example.org"),
	} {
		w := s.do(r)
		wants(t, w, http.StatusServiceUnavailable, "This does not work just now", "Nothing was changed")
		if w.Header().Get("Retry-After") == "" {
			t.Errorf("%s: no Retry-After", name)
		}
	}
}

func TestConfirmRefuses(t *testing.T) {
	s := newService(t)
	in := s.register("ada", "ada@example.org", goodPassword)
	with := func(name, value string) *http.Request {
		r := form("confirm", in)
		r.Header.Set(name, value)
		return r
	}
	long := form("confirm", in, "password", strings.Repeat("x", maxForm))
	put := form("confirm", in)
	put.Method = http.MethodPut
	query := httptest.NewRequest(http.MethodPost, confirmPath+"?do=confirm&"+in.Encode(), nil)
	query.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	tests := []struct {
		name string
		r    *http.Request
		want int
	}{
		{"from another site", with("Sec-Fetch-Site", "cross-site"), http.StatusForbidden},
		{"from a neighbour", with("Sec-Fetch-Site", "same-site"), http.StatusForbidden},
		{"from another origin", with("Origin", "https://evil.example"), http.StatusForbidden},
		{"as JSON", with("Content-Type", "application/json"), http.StatusUnsupportedMediaType},
		{"as multipart", with("Content-Type", "multipart/form-data; boundary=x"), http.StatusUnsupportedMediaType},
		{"too large", long, http.StatusRequestEntityTooLarge},
		{"in the query", query, http.StatusBadRequest},
		{"no such button", form("erase", in), http.StatusBadRequest},
		{"not UTF-8", form("confirm", in, "password", "\xff"), http.StatusBadRequest},
		{"with NUL", form("confirm", in, "email", "\x00"), http.StatusBadRequest},
		{"another method", put, http.StatusMethodNotAllowed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := s.do(tt.r)
			wants(t, w, tt.want)
			if tt.want == http.StatusMethodNotAllowed && w.Header().Get("Allow") != "GET, HEAD, OPTIONS, POST" {
				t.Errorf("Allow: %s", w.Header().Get("Allow"))
			}
		})
	}
	if len(s.registrations("ada@example.org")) != 1 {
		t.Fatal("a refused request did something")
	}
	// What our own page sends: it has no referrer, so its origin is null.
	ours := with("Sec-Fetch-Site", "same-origin")
	ours.Header.Set("Origin", "null")
	wants(t, s.do(ours), http.StatusOK, "Your email is confirmed")
}

// A browser without Sec-Fetch-Site posts our page with an origin of null, and
// one behind a proxy under another Host.
func TestConfirmFromOlderBrowsers(t *testing.T) {
	for _, origin := range []string{"null", "https://auth.example.org"} {
		s := newService(t)
		r := form("confirm", s.register("ada", "ada@example.org", goodPassword))
		r.Host = "backend:8080"
		r.Header.Set("Origin", origin)
		wants(t, s.do(r), http.StatusOK)
	}
}

func TestPagesIgnoreHost_D7(t *testing.T) {
	s := newService(t)
	in := s.register("ada", "ada@example.org", goodPassword)
	r := httptest.NewRequest(http.MethodGet, "http://evil.example"+confirmPath+"?"+in.Encode(), nil)
	r.Header.Set("X-Forwarded-Host", "evil.example")
	r.Header.Set("Forwarded", "host=evil.example")
	w := s.do(r)
	wants(t, w, http.StatusOK, "<footer>auth.example.org</footer>")
	if strings.Contains(w.Body.String(), "evil") {
		t.Error("the page names the host of the request")
	}
}
