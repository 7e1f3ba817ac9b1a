package request

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// A page of a stranger whose name was made to mean 127.0.0.1 reads nothing of a
// server for development.
func TestOtherNames_F5(t *testing.T) {
	mux := NewMux("")
	mux.HandleFunc("/", func(http.ResponseWriter, *http.Request) {})
	development := newDoor(t, func(c *Config) { c.Development = "auth.test" }).Harden(mux)
	production := newDoor(t).Harden(mux)
	for host, want := range map[string]int{
		"localhost:8080": 200, "127.0.0.1:8080": 200, "[::1]:8080": 200, "[::1]": 200, "latchkey:8080": 200, "auth.test": 200, "AUTH.test:8080": 200,
		"a.localhost:80": 200, "192.168.1.7": 200, "": 200,
		"evil.example": 421, "evil.example:8080": 421, "127.0.0.1.evil.example": 421, "localhost.evil.example:8080": 421, "auth.test.evil.example": 421,
		"127.0.0.1.": 421, "localhost.": 421,
	} {
		for path := range map[string]bool{"/": true, "/graphql": true} {
			r := httptest.NewRequest(http.MethodPost, path, nil)
			r.Host = host
			w := do(development, r)
			if w.Code != want {
				t.Errorf("%s%s: got %d, want %d", host, path, w.Code, want)
			}
			if w.Header().Get("X-Request-Id") == "" {
				t.Errorf("%s%s: an answer without its headers", host, path)
			}
			if w := do(production, r); w.Code != http.StatusOK {
				t.Errorf("%s%s in production: got %d", host, path, w.Code)
			}
		}
	}
}
