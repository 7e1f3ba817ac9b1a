package request

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"latchkey/internal/auth"
)

// app is the origin of another site's pages, which may call the API of newDoor.
const app = "https://app.example.org"

// newDoor returns the Door of https://auth.example.org; change, if given, alters
// how it is set up. Its auth.Service is empty: nothing here asks for a viewer with
// a token.
func newDoor(t *testing.T, change ...func(*Config)) *Door {
	t.Helper()
	cfg := Config{Auth: new(auth.Service), Secure: true, Own: "https://auth.example.org", Origins: []string{app}}
	for _, c := range change {
		c(&cfg)
	}
	d, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func do(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestNewNeedsAll(t *testing.T) {
	for name, cfg := range map[string]Config{"Auth": {Own: app}, "Own": {Auth: new(auth.Service)}} {
		if _, err := New(cfg); err == nil {
			t.Errorf("without %s: no error", name)
		}
	}
}
