package request

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"latchkey/internal/auth"
	"latchkey/internal/store"
)

// call returns the Caller of a request with these header fields, in pairs, and the
// answer to it.
func call(t *testing.T, header ...string) (*Caller, *httptest.ResponseRecorder) {
	t.Helper()
	var c *Caller
	door, mux := newDoor(t, func(c *Config) { c.Previews = []string{"preview.example.org"} }), NewMux("")
	mux.Handle("/", door.Identify(auth.ByAPI, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { c = From(r.Context()) })))
	h := door.Harden(mux)
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	r.RemoteAddr = "192.0.2.1:50000"
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	return c, do(h, r)
}

func TestActor(t *testing.T) {
	c, w := call(t, "User-Agent", "curl/8")
	_, err := c.SignedIn(t.Context())
	if e := auth.AsError(err); e.Code != auth.Unauthenticated || e.Reason != auth.ReasonMissing {
		t.Errorf("without a token: %v", err)
	}
	got := c.Actor()
	if got.Viewer != nil || got.Way != auth.ByAPI || got.Client.Addr.String() != "192.0.2.1" || got.Client.UserAgent != "curl/8" {
		t.Errorf("nobody: %+v", got)
	}
	if got.RequestID == "" || got.RequestID != w.Header().Get("X-Request-Id") {
		t.Errorf("request %q, want %q", got.RequestID, w.Header().Get("X-Request-Id"))
	}
	ada := &auth.Viewer{User: &store.User{Username: "ada"}}
	c.SetViewer(ada)
	want := got
	want.Viewer = ada
	if got, err := c.SignedIn(t.Context()); err != nil || got != want {
		t.Errorf("ada: %+v, %v", got, err)
	}
}

// The cookie is for the service's own pages and those that CORS_ORIGINS names; pages of
// previews may call without it; programs, which send no Origin, are no page.
func TestOrigins_I5(t *testing.T) {
	for name, tt := range map[string]struct {
		origins      []string
		may, foreign bool
	}{
		"own":     {[]string{"https://auth.example.org"}, true, false},
		"allowed": {[]string{app}, true, false},
		"foreign": {[]string{"https://evil.example"}, false, true},
		"null":    {[]string{"null"}, false, true},
		"empty":   {[]string{""}, false, true},
		"preview": {[]string{"https://x.preview.example.org"}, false, false},
		"below":   {[]string{"https://y.x.preview.example.org"}, false, true},
		"two":     {[]string{app, app}, false, true},
		"none":    {nil, false, false},
	} {
		var header []string
		for _, o := range tt.origins {
			header = append(header, "Origin", o)
		}
		c, _ := call(t, header...)
		if c.MayUseCookie() != tt.may || c.ForeignPage() != tt.foreign {
			t.Errorf("%s: the cookie %t, foreign %t", name, c.MayUseCookie(), c.ForeignPage())
		}
	}
}
