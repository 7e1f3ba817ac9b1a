package web

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestSecurityHeaders_I8(t *testing.T) {
	s := newService(t, func(c *Config) {
		c.PasskeyDomain, c.RelatedOrigins, c.AccountURL = c.PublicURL.Hostname(), related, c.AppURL
	})
	for _, tt := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/", 200},
		{"GET", confirmPath, 410},
		{"GET", "/nowhere", 404},
		{"GET", endpointsPath, 200},
		{"GET", changePath, 303},
		{"GET", relatedOriginsPath, 200},
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

func TestLogsHoldNoSecret_I7(t *testing.T) {
	s := newService(t)
	s.mux.HandleFunc("/broken", func(_ http.ResponseWriter, r *http.Request) {
		panic(errors.New("secret " + r.URL.RawQuery))
	})
	in := s.register("ada", "ada@example.org", goodPassword)
	s.register("eve", "ada@example.org", "what a stranger chose")
	s.get(confirmPath + "?" + in.Encode())
	s.press("confirm", in, "password", "secret and wrong")
	s.get("/email/" + in.Get("token") + "?secret=1")
	s.get("/broken?secret=1")
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
		`"method":"GET","route":"/email/confirm-email","outcome":"ok","status":200`, `"method":"POST","route":"/email/confirm-email","outcome":"user_error","status":422`,
		`"route":"/","outcome":"invalid","status":404`, `"panic":"*errors.errorString"`, `"method":"other"`,
	} {
		if !strings.Contains(log, want) {
			t.Errorf("the log does not say %s:\n%s", want, log)
		}
	}
}
