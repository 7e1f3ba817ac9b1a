package verify_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"latchkey/verify"
)

// ask sends a request with these Authorization headers to a handler.
func ask(h http.Handler, authorization ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for _, a := range authorization {
		r.Header.Add("Authorization", a)
	}
	r.AddCookie(&http.Cookie{Name: "latchkey", Value: "lkr_x"})
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// Who may not pass is told why by status and challenge, and by a body that browsers can read
// from another origin.
func TestMiddleware(t *testing.T) {
	s := newService(t, newSigner("ES256"))
	var told []error
	v := s.verifier(t, func(c *verify.Config) { c.Refused = func(_ *http.Request, err error) { told = append(told, err) } })
	inner := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := verify.FromContext(r.Context())
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = w.Write([]byte(c.Subject))
	})
	all, admins, fresh := v.Require(inner), v.RequireRole("ADMIN", inner), v.RequireFresh(10*time.Minute, verify.AAL2, inner)
	both := v.RequireRole("ADMIN", fresh)
	user, admin := s.token(), s.token("role", "ADMIN")
	strong := s.token("acr", "aal2", "role", "ADMIN")
	for _, c := range []struct {
		what      string
		handler   http.Handler
		token     string
		status    int
		challenge string
	}{
		{"a user", all, user, 200, ""},
		{"nobody", all, "", 401, "Bearer"},
		{"garbage", all, "x", 401, `Bearer error="invalid_token", error_description="The access token is not valid here."`},
		{"too late", all, s.token("exp", now.Unix()), 401, `Bearer error="invalid_token", error_description="The access token has expired."`},
		{"an administrator", admins, admin, 200, ""},
		{"a user for administrators", admins, user, 403, `Bearer error="insufficient_scope", error_description="Another role is needed."`},
		{"two factors", fresh, strong, 200, ""},
		{"one factor", fresh, admin, 401, `Bearer error="insufficient_user_authentication", error_description="A fresh proof of who you are is needed.", acr_values="aal2", max_age="600"`},
		{"two factors, long ago", fresh, s.token("acr", "aal2", "auth_time", now.Unix()-601), 401,
			`Bearer error="insufficient_user_authentication", error_description="A fresh proof of who you are is needed.", acr_values="aal2", max_age="600"`},
		{"two factors, just now", fresh, s.token("acr", "aal2", "auth_time", now.Unix()-600), 200, ""},
		{"who knows when", fresh, s.token("acr", "aal2", "auth_time", nil), 401,
			`Bearer error="insufficient_user_authentication", error_description="A fresh proof of who you are is needed.", acr_values="aal2", max_age="600"`},
		{"both", both, strong, 200, ""},
		{"both, one factor", both, admin, 401,
			`Bearer error="insufficient_user_authentication", error_description="A fresh proof of who you are is needed.", acr_values="aal2", max_age="600"`},
		{"both, a user", both, user, 403, `Bearer error="insufficient_scope", error_description="Another role is needed."`},
	} {
		told = nil
		header := []string{"bearer " + c.token}
		if c.token == "" {
			header = nil
		}
		w := ask(c.handler, header...)
		if w.Code != c.status || w.Header().Get("WWW-Authenticate") != c.challenge || (len(told) == 1) != (c.status != 200) {
			t.Errorf("%s: got %d %q, told %v, want %d %q", c.what, w.Code, w.Header().Get("WWW-Authenticate"), told, c.status, c.challenge)
		}
		var body map[string]any
		if c.status == 200 {
			if w.Body.String() != subject {
				t.Errorf("%s: the handler saw %s", c.what, w.Body)
			}
		} else if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || body["error"] == "" || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v %s", c.what, w.Header(), w.Body)
		}
	}
	if w := ask(all, "Bearer "+user, "Bearer "+user); w.Code != 401 {
		t.Errorf("two headers: %d", w.Code)
	}
	if w := ask(all, "Basic YWRhOng="); w.Code != 401 || w.Header().Get("WWW-Authenticate") != "Bearer" {
		t.Errorf("Basic: %d %v", w.Code, w.Header())
	}
}

// While keys cannot be had nobody passes, and nobody is told that their token is bad.
func TestMiddlewareWithoutKeys(t *testing.T) {
	s := newService(t, newSigner("ES256"))
	s.status = http.StatusServiceUnavailable
	w := ask(s.verifier(t).Require(http.NotFoundHandler()), "Bearer "+s.token())
	if w.Code != 503 || w.Header().Get("Retry-After") != "1" || w.Header().Get("WWW-Authenticate") != "" {
		t.Errorf("got %d %v %s", w.Code, w.Header(), w.Body)
	}
}

// Identify turns nobody away, and Permit decides by the same rules.
func TestPermit(t *testing.T) {
	s := newService(t, newSigner("ES256"))
	v := s.verifier(t)
	permit := func(n verify.Need, authorization ...string) (c *verify.Claims, err error) {
		ask(v.Identify(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { c, err = verify.Permit(r.Context(), n) })), authorization...)
		return c, err
	}
	for _, c := range []struct {
		need   verify.Need
		header []string
		want   error
	}{
		{verify.Need{}, nil, verify.ErrNoToken},
		{verify.Need{}, []string{"Bearer x"}, verify.ErrInvalid},
		{verify.Need{}, []string{"Bearer " + s.token()}, nil},
		{verify.Need{Level: verify.AAL1}, []string{"Bearer " + s.token("acr", "aal2")}, nil},
		{verify.Need{Role: "ADMIN"}, []string{"Bearer " + s.token()}, verify.ErrRole},
	} {
		if got, err := permit(c.need, c.header...); !errors.Is(err, c.want) || (err == nil) != (c.want == nil) || (err == nil) != (got != nil && got.Subject == subject) {
			t.Errorf("%+v: got %v, %v, want %v", c.need, got, err, c.want)
		}
	}
	_, err := permit(verify.Need{Level: verify.AAL2}, "Bearer "+s.token())
	if e, ok := errors.AsType[*verify.StepUpError](err); !ok || e.Level != verify.AAL2 || e.MaxAge != 0 {
		t.Errorf("one factor: %v", err)
	}
	if _, err := verify.FromContext(t.Context()); !errors.Is(err, verify.ErrNoToken) {
		t.Errorf("without the middleware: %v", err)
	}
}

// What would ask for nothing is a mistake of the program, and ends it when it is wired.
func TestRequireNothing(t *testing.T) {
	v := newService(t, newSigner("ES256")).verifier(t)
	for name, wire := range map[string]func(){
		"no role": func() { v.RequireRole("", http.NotFoundHandler()) }, "no age": func() { v.RequireFresh(0, verify.AAL2, http.NotFoundHandler()) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			wire()
		}()
	}
}
