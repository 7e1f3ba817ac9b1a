package oauth_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"latchkey/internal/oauth"
)

// verify asks as a proxy does, with these header fields in pairs.
func (f *fixture) verify(query string, header ...string) reply {
	f.t.Helper()
	r := httptest.NewRequest(http.MethodGet, oauth.VerifyPath+query, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	return f.do(r)
}

// A proxy is told whose token it is, or by status and challenge why it is not enough.
func TestVerify_V1(t *testing.T) {
	f := setup(t)
	access, refresh := f.tokens(f.post(oauth.TokenPath, adaPairs()...))
	claims, err := f.keys.Verify(access, f.now)
	must(t, err)
	bearer := []string{"Authorization", "Bearer " + access}
	for _, query := range []string{"", "?", "?role=USER", "?fresh=1", "?fresh=31536000&role=USER"} {
		a := f.verify(query, bearer...)
		h := a.Header()
		if a.Code != 200 || a.Body.Len() > 0 || h.Get("X-User-Id") != f.ada.ID || h.Get("X-User-Name") != "ada" || h.Get("X-User-Role") != "USER" ||
			h.Get("X-Session-Id") != claims.SessionID || h.Get("Cache-Control") != "no-store" {
			t.Errorf("%q: %d %v %s", query, a.Code, h, a.Body)
		}
	}
	f.exec(`UPDATE sessions SET authenticated_at = $1`, f.now.Add(-10*time.Minute))
	for what, c := range map[string]struct {
		query     string
		header    []string
		status    int
		challenge string
	}{
		"nobody":             {"", nil, 401, `Bearer realm="latchkey"`},
		"Basic":              {"", []string{"Authorization", "Basic YWRhOng="}, 401, `Bearer realm="latchkey"`},
		"a cookie":           {"", []string{"Cookie", "__Host-latchkey=" + refresh}, 401, `Bearer realm="latchkey"`},
		"garbage":            {"", []string{"Authorization", "Bearer x"}, 401, `Bearer realm="latchkey", error="invalid_token", error_description="This is no access token of this service."`},
		"a refresh token":    {"", []string{"Authorization", "Bearer " + refresh}, 401, `Bearer realm="latchkey", error="invalid_token", error_description="This is no access token of this service."`},
		"two tokens":         {"", append(bearer, bearer...), 401, `Bearer realm="latchkey", error="invalid_token", error_description="This is no access token of this service."`},
		"another role":       {"?role=ADMIN", bearer, 403, `Bearer realm="latchkey", error="insufficient_scope", error_description="This needs the role ADMIN."`},
		"the role first":     {"?role=ADMIN&fresh=1", bearer, 403, `Bearer realm="latchkey", error="insufficient_scope", error_description="This needs the role ADMIN."`},
		"nobody, for a role": {"?role=ADMIN", nil, 401, `Bearer realm="latchkey"`},
		"long ago": {"?fresh=599", bearer, 401, `Bearer realm="latchkey", error="insufficient_user_authentication", ` +
			`error_description="This needs a fresh proof of who you are: call stepUp, and try again.", acr_values="aal1", max_age="599"`},
	} {
		a := f.verify(c.query, c.header...)
		if a.Code != c.status || a.Header().Get("WWW-Authenticate") != c.challenge || a.Header().Get("Cache-Control") != "no-store" || a.JSON["error"] == nil {
			t.Errorf("%s: got %d %q %s, want %d %q", what, a.Code, a.Header().Get("WWW-Authenticate"), a.Body, c.status, c.challenge)
		}
		for _, name := range []string{"X-User-Id", "X-User-Name", "X-User-Role", "X-Session-Id"} {
			if a.Header().Get(name) != "" {
				t.Errorf("%s: the answer has %s", what, name)
			}
		}
	}
	if a := f.verify("?fresh=600", bearer...); a.Code != 200 {
		t.Errorf("just fresh enough: %d %s", a.Code, a.Body)
	}
	f.now = f.now.Add(16 * time.Minute)
	if a := f.verify("", bearer...); a.Code != 401 || !strings.Contains(a.Header().Get("WWW-Authenticate"), "expired") {
		t.Errorf("an expired token: %d %v", a.Code, a.Header())
	}
}

// A proxy that asks wrongly is told so by every request, with a token and without.
func TestVerifyParameters_V1(t *testing.T) {
	f := setup(t)
	access, _ := f.tokens(f.post(oauth.TokenPath, adaPairs()...))
	for _, query := range []string{
		"?rolle=ADMIN", "?Role=ADMIN", "?role=", "?role=admin", "?role=ROOT", "?role=USER&role=ADMIN", "?role=ADMIN;fresh=1", "?role=%zz", "?role=ADMIN&x",
		"?fresh", "?fresh=0", "?fresh=-1", "?fresh=1.5", "?fresh=10m", "?fresh=+600", "?fresh=%20600", "?fresh=31536001", "?fresh=99999999999999999999", "?fresh=600&fresh=600",
		"?acr=aal2", "?access_token=" + access,
	} {
		for _, header := range [][]string{nil, {"Authorization", "Bearer " + access}} {
			if a := f.verify(query, header...); a.Code != 400 || a.JSON["error"] != "invalid_request" || a.Header().Get("X-User-Id") != "" {
				t.Errorf("%s: %d %s", query, a.Code, a.Body)
			}
		}
	}
}

// What somebody called themselves adds no header to the answer.
func TestVerifyIsOneHeaderEach_V2(t *testing.T) {
	f := setup(t)
	access, _ := f.tokens(f.post(oauth.TokenPath, adaPairs()...))
	f.exec(`UPDATE users SET username = $1`, "ada\r\nX-User-Role: ADMIN")
	server := httptest.NewServer(f)
	defer server.Close()
	r, err := http.NewRequest(http.MethodGet, server.URL+oauth.VerifyPath, nil)
	must(t, err)
	r.Header.Set("Authorization", "Bearer "+access)
	w, err := http.DefaultClient.Do(r)
	must(t, err)
	_ = w.Body.Close()
	if roles := w.Header.Values("X-User-Role"); w.StatusCode != 200 || len(roles) != 1 || roles[0] != "USER" {
		t.Errorf("got %d %v", w.StatusCode, w.Header)
	}
}

// What a proxy's question asks of the database, as TestStatements of package graph has it:
// one statement, and one more for whoever has to be fresh and has shown one factor.
func TestStatements(t *testing.T) {
	f := setup(t)
	access, _ := f.tokens(f.post(oauth.TokenPath, adaPairs()...))
	for _, c := range []struct {
		what, query, bearer string
		want                int64
	}{
		{"nobody", "", "", 0},
		{"garbage", "", "Bearer x", 0},
		{"a user", "", "Bearer " + access, 1},
		{"a role", "?role=ADMIN", "Bearer " + access, 1},
		{"fresh, with one factor", "?fresh=600", "Bearer " + access, 2},
		{"fresh, with two", "?fresh=600", "Bearer " + access, 1},
	} {
		if c.what == "fresh, with two" {
			f.exec(`UPDATE sessions SET proofs = 'PASSWORD TOTP'`)
		}
		before := f.db.Statements.Load()
		f.verify(c.query, "Authorization", c.bearer)
		if got := f.db.Statements.Load() - before; got != c.want {
			t.Errorf("%s: %d statements, want %d", c.what, got, c.want)
		}
	}
}
