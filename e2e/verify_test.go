package e2e_test

import (
	"crypto/sha256"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/testenv"
)

// mayPass asks a replica as a proxy does whether the bearer of a token may pass, and fails
// the test unless the answer has this status, its headers, and a part of its challenge.
func mayPass(t *testing.T, what, base, query, access string, status int, challenge string) page {
	t.Helper()
	var header []string
	if access != "" {
		header = []string{"Authorization", "Bearer " + access}
	}
	p := exchange(t, "GET", base+verifyPath+query, "", header...)
	told := p.header.Get("WWW-Authenticate")
	if p.status != status || !strings.Contains(told, challenge) || (told != "") != (status == 401 || status == 403) ||
		(p.header.Get("X-User-Id") != "") != (status == 200) || p.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s: got %d %v %s, want %d %s", what, p.status, p.header, p.body, status, challenge)
	}
	return p
}

// A proxy hears 200 for whoever may pass at this moment, and why not for everybody else:
// what happens to a session, a user or a role counts on the next request, at each replica.
func TestVerifyEndpoint_V1(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		ada := s.Join(t)
		each := func(what, query, access string, status int, challenge string) {
			t.Helper()
			for _, p := range s.Replicas {
				mayPass(t, what, p.URL, query, access, status, challenge)
			}
		}
		p := mayPass(t, "a user", s.URL(), "", ada.Access, 200, "")
		for name, want := range map[string]string{
			"X-User-Id": ada.ID, "X-User-Name": ada.Username, "X-User-Role": "USER", "X-Session-Id": devices(t, s.URL(), ada.Access)[0].ID,
		} {
			if got := p.header.Values(name); len(got) != 1 || got[0] != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
		head := exchange(t, "HEAD", s.URL()+verifyPath, "", "Authorization", "Bearer "+ada.Access)
		if head.status != 200 || head.header.Get("X-User-Id") != ada.ID {
			t.Errorf("HEAD: %d %v", head.status, head.header)
		}
		for _, method := range []string{"POST", "PUT", "DELETE"} {
			if p := exchange(t, method, s.URL()+verifyPath, "", "Authorization", "Bearer "+ada.Access); p.status != 405 {
				t.Errorf("%s: %d", method, p.status)
			}
		}

		// What is no token that counts.
		header, claims := parts(t, ada.Access)
		each("nobody", "", "", 401, `Bearer realm="latchkey"`)
		each("a refresh token", "", ada.Refresh, 401, `error="invalid_token"`)
		each("an expired token", "", signed(header, with(claims, "exp", time.Now().Unix()), knownSecret, sha256.New), 401, "has expired")
		each("another audience", "", signed(header, with(claims, "aud", foreignOrigin), knownSecret, sha256.New), 401, `error="invalid_token"`)
		each("a role that it says itself", "?role=ADMIN", signed(header, with(claims, "role", "ADMIN"), knownSecret, sha256.New), 403, `error="insufficient_scope"`)
		each("a misspelt parameter", "?roles=ADMIN", ada.Access, 400, "")
		each("a misspelt parameter, and nobody", "?roles=ADMIN", "", 400, "")

		// What the account is, at this moment.
		role := func(to string) { change(t, s, `UPDATE users SET role = $2 WHERE id = $1`, ada.ID, to) }
		each("a user, as an administrator", "?role=ADMIN", ada.Access, 403, `error="insufficient_scope"`)
		role("ADMIN")
		each("an administrator", "?role=ADMIN", ada.Access, 200, "")
		each("an administrator, as a user", "?role=USER", ada.Access, 403, `error="insufficient_scope"`)
		role("USER")
		each("an administrator of before", "?role=ADMIN", ada.Access, 403, `error="insufficient_scope"`)

		shown := func(ago time.Duration) {
			change(t, s, `UPDATE sessions SET authenticated_at = $2 WHERE user_id = $1`, ada.ID, time.Now().Add(-ago).UTC())
		}
		each("just now", "?fresh=600", ada.Access, 200, "")
		shown(11 * time.Minute)
		each("eleven minutes ago", "?fresh=600", ada.Access, 401, `error="insufficient_user_authentication"`)
		each("one factor", "?fresh=600", ada.Access, 401, `acr_values="aal1", max_age="600"`)
		each("eleven minutes ago, within an hour", "?fresh=3600", ada.Access, 200, "")
		shown(0)
		enrol(t, s, ada)
		each("two factors", "?fresh=600", ada.Access, 200, "")
		change(t, s, `UPDATE sessions SET proofs = 'PASSWORD' WHERE user_id = $1`, ada.ID)
		each("one of two factors", "?fresh=600", ada.Access, 401, `acr_values="aal2", max_age="600"`)
		each("one of two factors, for what need not be fresh", "", ada.Access, 200, "")

		change(t, s, `UPDATE users SET disabled_at = $2 WHERE id = $1`, ada.ID, time.Now().UTC())
		each("disabled", "", ada.Access, 401, "has ended")
		change(t, s, `UPDATE users SET disabled_at = NULL WHERE id = $1`, ada.ID)
		each("enabled again", "", ada.Access, 200, "")
		mustSay(t, testenv.Post(t, s.URL(), testenv.Request{Query: testenv.LogoutOp, Variables: testenv.Input(), Bearer: ada.Access}), "logout")
		each("logged out", "", ada.Access, 401, "has ended")
	})
}

// A cookie lets nobody pass, whichever page has a browser send it, and no page of another
// site reads the answer.
func TestVerifyIsNotForPages_V2(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		ada := s.Join(t)
		login := loginRequest(ada.Username, ada.Password, ada.Client)
		login.Variables = testenv.Input("login", ada.Username, "password", ada.Password, "transport", "COOKIE")
		login.Header = map[string]string{"Origin": public(s)}
		cookie := cookieOf(t, testenv.Post(t, s.URL(), login))
		for _, origin := range []string{public(s), allowedOrigin, previewOrigin, foreignOrigin, "null"} {
			p := exchange(t, "GET", s.URL()+verifyPath, "", "Cookie", cookie.Name+"="+cookie.Value, "Origin", origin)
			if p.status != 401 || p.header.Get("X-User-Id") != "" {
				t.Errorf("a cookie from %s: %d %v", origin, p.status, p.header)
			}
			p = exchange(t, "GET", s.URL()+verifyPath, "", "Authorization", "Bearer "+ada.Access, "Origin", origin)
			preflight := exchange(t, "OPTIONS", s.URL()+verifyPath, "", "Origin", origin, "Access-Control-Request-Method", "GET", "Access-Control-Request-Headers", "authorization")
			for name := range maps.Keys(preflight.header) {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("a preflight from %s: %v", origin, preflight.header)
				}
			}
			if p.header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s reads the answer: %v", origin, p.header)
			}
		}
	})
}

// forwardAuth is the question that Traefik's ForwardAuth sends for a request: a GET without
// its body, with its headers but those of the connection, and with headers of Traefik's own
// (pkg/middlewares/auth/forward.go).
func forwardAuth(t *testing.T, address string, r *http.Request) page {
	t.Helper()
	var header []string
	for name, values := range r.Header {
		if slices.Contains([]string{"Connection", "Keep-Alive", "Te", "Trailers", "Transfer-Encoding", "Upgrade", "Content-Length"}, name) {
			continue
		}
		for _, v := range values {
			header = append(header, name, v)
		}
	}
	return exchange(t, "GET", address, "", append(header,
		"X-Forwarded-Method", r.Method, "X-Forwarded-Proto", "https", "X-Forwarded-Host", r.Host, "X-Forwarded-Uri", r.URL.RequestURI(), "X-Forwarded-For", "192.0.2.1")...)
}

// Traefik's questions, at the addresses that docs/backends.md gives it, are answered by the
// token alone, whatever the request was and whatever headers it had.
func TestBehindTraefik_V1_V2(t *testing.T) {
	t.Parallel()
	addresses, handedOn := traefikBlock(t)
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		ada := s.Join(t)
		ask := func(address, access string) page {
			t.Helper()
			r, err := http.NewRequest("POST", "https://app.example.org/auth/verify?role=USER&x=1", strings.NewReader("{}"))
			if err != nil {
				t.Fatal(err)
			}
			r.Header = http.Header{
				"Content-Type": {"application/json"}, "Content-Length": {"2"}, "Accept": {"*/*"}, "Cookie": {"a=b"}, "Origin": {foreignOrigin},
				"X-User-Id": {"somebody"}, "X-User-Role": {"ADMIN"}, "X-Session-Id": {"x"}, "X-Original-Uri": {"/public/"}, "X-Http-Method-Override": {"HEAD"},
			}
			if access != "" {
				r.Header.Set("Authorization", "Bearer "+access)
			}
			return forwardAuth(t, strings.Replace(address, "http://latchkey:8080", s.URL(), 1), r)
		}
		p := ask(addresses[0], ada.Access)
		for name, want := range map[string]string{"X-User-Id": ada.ID, "X-User-Name": ada.Username, "X-User-Role": "USER"} {
			if p.status != 200 || p.header.Get(name) != want || !slices.Contains(handedOn, name) {
				t.Errorf("%s: %d %q, want %q, handed on are %v", name, p.status, p.header.Get(name), want, handedOn)
			}
		}
		if p.header.Get("X-Session-Id") == "" || !slices.Contains(handedOn, "X-Session-Id") {
			t.Errorf("no session: %v", p.header)
		}
		if p := ask(addresses[0], ""); p.status != 401 {
			t.Errorf("nobody: %d", p.status)
		}
		if p := ask(addresses[1], ada.Access); p.status != 403 {
			t.Errorf("a user for administrators: %d", p.status)
		}
	})
}
