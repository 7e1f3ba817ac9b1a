package e2e_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"latchkey/internal/testenv"
)

// tracedHeaders are what a page asks leave for whose requests are traced, as browsers
// write it.
const tracedHeaders = "authorization,baggage,content-type,sentry-trace,traceparent,x-anything"

// Pages of allowed origins may read the API's answers, with credentials unless they are
// previews; others are told nothing, never a star, and caches keep the two apart.
func TestCORS_I5(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		for name, o := range map[string]struct {
			origin string
			may    bool
		}{
			"an app": {appOrigin, true}, "another app": {"ionic://localhost", false}, "a preview": {previewOrigin, true},
			"below a preview": {strings.Replace(previewOrigin, "://", "://x.", 1), false}, "a preview by http": {strings.Replace(previewOrigin, "https", "http", 1), false},
			"here": {"http://localhost:5173", development(s)}, "here by address": {"https://127.0.0.1:5173", development(s)}, "a name below here": {"http://x.localhost", false},
			"allowed": {allowedOrigin, true}, "own": {public(s), development(s)}, "foreign": {foreignOrigin, false}, "null": {"null", false}, "a star": {"*", false},
			"allowed in capitals": {strings.ToUpper(allowedOrigin), false}, "allowed with a path": {allowedOrigin + "/", false},
			"allowed in front": {allowedOrigin + ".evil.example", false}, "allowed by http": {strings.Replace(allowedOrigin, "https", "http", 1), false},
		} {
			want, credentials := "", ""
			if o.may {
				want = o.origin
			}
			if o.may && o.origin != previewOrigin {
				credentials = "true"
			}
			check := func(what string, p page) {
				t.Helper()
				if got := p.header.Values("Access-Control-Allow-Origin"); strings.Join(got, " ") != want || p.header.Get("Access-Control-Allow-Credentials") != credentials {
					t.Errorf("%s, %s: allowed are %q, credentials %q; want %q", name, what, got, p.header.Get("Access-Control-Allow-Credentials"), want)
				}
				if !strings.Contains(strings.Join(p.header.Values("Vary"), ","), "Origin") {
					t.Errorf("%s, %s: Vary is %q", name, what, p.header.Values("Vary"))
				}
			}
			check("a query", exchange(t, "POST", s.URL()+"/graphql", typenameBody, "Content-Type", "application/json", "Origin", o.origin))
			check("a refusal", exchange(t, "POST", s.URL()+"/graphql", typenameBody, "Content-Type", "text/plain", "Origin", o.origin))
			preflight := exchange(t, "OPTIONS", s.URL()+"/graphql", "", "Origin", o.origin,
				"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", tracedHeaders)
			check("a preflight", preflight)
			allows := preflight.header.Get("Access-Control-Allow-Methods") == "POST" && preflight.header.Get("Access-Control-Allow-Headers") == tracedHeaders
			if allows != o.may || preflight.status >= 300 {
				t.Errorf("%s: the preflight answers %d %v", name, preflight.status, preflight.header)
			}
			p := exchange(t, "OPTIONS", s.URL()+"/graphql", "", "Origin", o.origin, "Access-Control-Request-Method", "DELETE")
			if p.header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s: a preflight for another method is allowed", name)
			}
		}
		// The pages are for people, not for other sites.
		for _, path := range []string{"/", "/email/confirm-email?token=x", "/livez", "/readyz", "/dev/mail", "/dev/mail.json", "/nowhere"} {
			for _, method := range []string{"GET", "OPTIONS"} {
				p := exchange(t, method, s.URL()+path, "", "Origin", allowedOrigin, "Access-Control-Request-Method", "GET")
				if p.header.Get("Access-Control-Allow-Origin") != "" {
					t.Errorf("%s %s lets other sites read it", method, path)
				}
			}
		}
	})
}

// Another site cannot log a visitor into an account of its own: a form of its
// page does not reach the API, and a script's request sets no cookie.
func TestLoginCSRF_I5(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		eve := s.Join(t)
		login := variablesBody(testenv.Request{
			Query: testenv.LoginOp, Variables: testenv.Input("login", eve.Username, "password", eve.Password, "transport", "COOKIE"),
		})
		for _, kind := range []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""} {
			for _, origin := range []string{foreignOrigin, "null", public(s)} {
				p := exchange(t, http.MethodPost, s.URL()+"/graphql", login, "Content-Type", kind, "Origin", origin, "Sec-Fetch-Site", "cross-site")
				mustRefuse(t, kind, answered(p), http.StatusUnsupportedMediaType, badInput)
				mustLeaveCookie(t, kind, answered(p))
			}
		}
		p := exchange(t, http.MethodGet, s.URL()+"/graphql?query="+url.QueryEscape(`mutation { logout { errors { code } } }`), "", "Sec-Fetch-Mode", "navigate")
		if p.status != http.StatusMethodNotAllowed {
			t.Errorf("a link to the API: got %d, want 405", p.status)
		}
		if n := len(devices(t, s.URL(), eve.Access)); n != 1 {
			t.Errorf("%d devices, want 1", n)
		}
	})
}
