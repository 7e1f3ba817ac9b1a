package request

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/rs/zerolog"
)

func TestSecurityHeaders_I8(t *testing.T) {
	d, mux := newDoor(t), NewMux("")
	mux.Handle("/api", api(d))
	mux.HandleFunc("/broken", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Set-Cookie", "half=done")
		panic("on purpose")
	})
	h := d.Harden(mux)
	for _, tt := range []struct {
		method, path string
		status       int
	}{
		{"POST", "/api", 200},
		{"OPTIONS", "/api", 200},
		{"GET", "/broken", 500},
		{"GET", "/nowhere", 404},
		{"GET", "//api", 307},
	} {
		t.Run(tt.method+" "+tt.path, func(t *testing.T) {
			w := do(h, httptest.NewRequest(tt.method, tt.path, nil))
			if w.Code != tt.status {
				t.Errorf("got status %d, want %d", w.Code, tt.status)
			}
			h := w.Header()
			if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "no-referrer" || len(h.Get("X-Request-Id")) != 26 {
				t.Errorf("headers are missing: %v", h)
			}
			if h.Get("Strict-Transport-Security") != "max-age=63072000" {
				t.Errorf("HSTS is %q", h.Get("Strict-Transport-Security"))
			}
			csp := h.Get("Content-Security-Policy")
			if !strings.HasPrefix(csp, "default-src 'none'; ") || !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe") {
				t.Errorf("the policy is %q", csp)
			}
			if len(h.Values("Set-Cookie")) > 0 {
				t.Error("a cookie is set")
			}
		})
	}
}

func TestNoHSTSWithoutTLS_I8(t *testing.T) {
	h := newDoor(t, func(c *Config) { c.Secure = false }).Harden(NewMux(""))
	if got := do(h, httptest.NewRequest(http.MethodGet, "/", nil)).Header().Get("Strict-Transport-Security"); got != "" {
		t.Errorf("HSTS is %q", got)
	}
}

// A request is called as a proxy of ours calls it, or by an id of our making, whatever a
// stranger calls it.
func TestRequestIDs_O5(t *testing.T) {
	var inside string
	mux := NewMux("")
	mux.HandleFunc("/api", func(_ http.ResponseWriter, r *http.Request) { inside = RequestID(r.Context()) })
	h := newDoor(t, func(c *Config) { c.Proxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")} }).Harden(mux)
	const good = "8f2c1d0e-5b7a-49C6"
	for _, tt := range []struct {
		peer  string
		given []string
		taken bool
	}{
		{"10.1.2.3:4", []string{good + "-aa"}, true},
		{"[::ffff:10.1.2.3]:4", []string{good + strings.Repeat("a", 64-len(good))}, true},
		{"192.0.2.1:4", []string{good + "-aa"}, false},
		{"unix", []string{good + "-aa"}, false},
		{"10.1.2.3:4", []string{good + "a"}, false},
		{"10.1.2.3:4", []string{good + strings.Repeat("a", 65-len(good))}, false},
		{"10.1.2.3:4", []string{good + "-aa", good + "-aa"}, false},
		{"10.1.2.3:4", []string{good + "-a@example.org"}, false},
		{"10.1.2.3:4", []string{good + "-aa\n"}, false},
		{"10.1.2.3:4", []string{good + "-äa"}, false},
		{"10.1.2.3:4", nil, false},
	} {
		r := httptest.NewRequest(http.MethodPost, "/api", nil)
		r.RemoteAddr, r.Header["X-Request-Id"] = tt.peer, tt.given
		got := do(h, r).Header().Get("X-Request-Id")
		if got != inside || tt.taken && got != tt.given[0] || !tt.taken && (len(got) != 26 || len(tt.given) > 0 && got == tt.given[0]) {
			t.Errorf("%q from %s became %q, inside %q", tt.given, tt.peer, got, inside)
		}
	}
}

func TestPanics_I6(t *testing.T) {
	var log bytes.Buffer
	mux := NewMux("")
	mux.HandleFunc("/early", func(http.ResponseWriter, *http.Request) {
		var none []int
		_ = none[3]
	})
	mux.HandleFunc("/late", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("half an ans"))
		panic("on purpose")
	})
	h := newDoor(t, func(c *Config) { c.Log = zerolog.New(&log) }).Harden(mux)

	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/early", nil))
	if want := "Something went wrong here. Request " + w.Header().Get("X-Request-Id") + ".\n"; w.Code != 500 || w.Body.String() != want {
		t.Errorf("got %d %q, want 500 %q", w.Code, w.Body, want)
	}
	if !strings.Contains(log.String(), "index out of range [3]") || !strings.Contains(log.String(), "harden_test.go") {
		t.Errorf("the log does not say what happened where: %s", &log)
	}

	defer func() {
		if v := recover(); v != http.ErrAbortHandler {
			t.Errorf("half an answer: got %v, want the connection to be aborted", v)
		}
	}()
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/late", nil))
}
