package web

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/rs/zerolog"
)

func TestSecurityHeaders_I8(t *testing.T) {
	s := newService(t, func(c *Config) {
		c.GraphQL = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet {
				w.Header().Set("Set-Cookie", "half=done")
				panic("on purpose")
			}
			_, _ = w.Write([]byte("{}"))
		})
	})
	for _, tt := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/", 200},
		{"POST", "/graphql", 200},
		{"GET", "/graphql", 500},
		{"OPTIONS", "/graphql", 200},
		{"GET", confirmPath, 410},
		{"GET", "/nowhere", 404},
		{"GET", "/.well-known/jwks.json", 404},
		{"GET", "//graphql", 307},
		{"DELETE", "/livez", 405},
		{"HEAD", "/livez", 200},
		{"GET", "/readyz", 200},
		{"GET", pageCSS.path, 200},
		{"GET", "/dev/mail", 200},
		{"GET", "/dev/mail.json", 200},
		{"GET", "/dev/mail/none", 404},
	} {
		t.Run(tt.method+" "+tt.path, func(t *testing.T) {
			w := s.do(httptest.NewRequest(tt.method, tt.path, nil))
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
	s := newService(t, func(c *Config) { c.PublicURL = &url.URL{Scheme: "http", Host: "localhost:8080"} })
	if got := s.get("/").Header().Get("Strict-Transport-Security"); got != "" {
		t.Errorf("HSTS is %q", got)
	}
}

func TestRequestIDIsOurs(t *testing.T) {
	var inside string
	s := newService(t, func(c *Config) {
		c.GraphQL = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { inside = RequestID(r.Context()) })
	})
	r := httptest.NewRequest(http.MethodPost, "/graphql", nil)
	r.Header.Set("X-Request-Id", "theirs")
	first, firstInside := s.do(r).Header().Get("X-Request-Id"), inside
	second := s.do(r).Header().Get("X-Request-Id")
	if first == "theirs" || first != firstInside || first == second {
		t.Errorf("ids %q (inside %q) and %q: want two of ours", first, firstInside, second)
	}
}

func TestLogsHoldNoSecret_I7(t *testing.T) {
	s := newService(t, func(c *Config) {
		c.GraphQL = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			panic(errors.New("secret " + r.URL.RawQuery))
		})
	})
	in := s.register("ada", "ada@example.org", goodPassword)
	s.register("eve", "ada@example.org", "what a stranger chose")
	s.get(confirmPath + "?" + in.Encode())
	s.press("confirm", in, "password", "secret and wrong")
	s.get("/email/" + in.Get("token") + "?secret=1")
	s.get("/graphql?secret=1")
	odd := httptest.NewRequest(http.MethodGet, "/", nil)
	odd.Method = "SECRET"
	s.do(odd)
	log := s.log.String()
	for _, secret := range []string{"secret", "SECRET", in.Get("token"), "ada@example.org", "ada%40", goodPassword} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %q:\n%s", secret, log)
		}
	}
	for _, want := range []string{
		`"method":"GET","route":"/email/confirm-email","status":200`, `"method":"POST","route":"/email/confirm-email","status":422`,
		`"route":"/","status":404`, `"panic":"*errors.errorString"`, `"method":"other"`,
	} {
		if !strings.Contains(log, want) {
			t.Errorf("the log does not say %s:\n%s", want, log)
		}
	}
}

func TestPanics_I6(t *testing.T) {
	var log bytes.Buffer
	mux := http.NewServeMux()
	mux.HandleFunc("/early", func(http.ResponseWriter, *http.Request) {
		var none []int
		_ = none[3]
	})
	mux.HandleFunc("/late", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("half an ans"))
		panic("on purpose")
	})
	h := harden(zerolog.New(&log), true, mux)

	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/early", nil))
	if want := "Something went wrong here. Request " + w.Header().Get("X-Request-Id") + ".\n"; w.Code != 500 || w.Body.String() != want {
		t.Errorf("got %d %q, want 500 %q", w.Code, w.Body, want)
	}
	if !strings.Contains(log.String(), "index out of range [3]") || !strings.Contains(log.String(), "headers_test.go") {
		t.Errorf("the log does not say what happened where: %s", &log)
	}

	defer func() {
		if v := recover(); v != http.ErrAbortHandler {
			t.Errorf("half an answer: got %v, want the connection to be aborted", v)
		}
	}()
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/late", nil))
}

func TestRequestLogLevels(t *testing.T) {
	var log bytes.Buffer
	s := newService(t, func(c *Config) {
		c.Log = zerolog.New(&log).Level(zerolog.InfoLevel)
		c.GraphQL = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	})
	s.get("/livez")
	if log.Len() > 0 {
		t.Errorf("a good request is logged at info level: %s", &log)
	}
	s.get("/graphql")
	if !strings.Contains(log.String(), `"level":"warn"`) {
		t.Errorf("a failure is logged as %q", &log)
	}
}
