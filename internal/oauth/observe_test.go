package oauth_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"latchkey/internal/oauth"
)

// What is observed of a request says whether a person, the program that asks or the service
// is at fault, which the status does not.
func TestObserved(t *testing.T) {
	f := setup(t)
	get := func(path string) func() {
		return func() { f.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, nil)) }
	}
	post := func(path string, pairs ...string) func() { return func() { f.post(path, pairs...) } }
	wrong := adaPairs()
	for i := range wrong {
		if wrong[i] == goodPassword {
			wrong[i] = "wrong"
		}
	}
	for _, tt := range []struct {
		do   func()
		want string
	}{
		{post(oauth.TokenPath, adaPairs()...), "/auth/token ok "},
		{post(oauth.TokenPath, wrong...), "/auth/token user_error invalid_grant"},
		{post(oauth.TokenPath, "grant_type", "refresh_token", "refresh_token", "x"), "/auth/token user_error invalid_grant"},
		{post(oauth.TokenPath, "grant_type", "x"), "/auth/token invalid unsupported_grant_type"},
		{post(oauth.TokenPath), "/auth/token invalid invalid_request"},
		{post(oauth.IntrospectPath, "token", "x"), "/auth/introspect unauthenticated invalid_client"},
		{get(oauth.TokenPath), "/auth/token invalid "},
		{get(oauth.VerifyPath), "/auth/verify unauthenticated "},
		{get(oauth.VerifyPath + "?role=KING"), "/auth/verify invalid invalid_request"},
		{get(oauth.KeysPath), "/.well-known/jwks.json ok "},
	} {
		if tt.do(); f.seen != tt.want {
			t.Errorf("observed is %q, want %q", f.seen, tt.want)
		}
	}
	for range 20 {
		f.post(oauth.TokenPath, wrong...)
	}
	if want := "/auth/token rate_limited temporarily_unavailable"; f.seen != want {
		t.Errorf("observed is %q, want %q", f.seen, want)
	}
}
