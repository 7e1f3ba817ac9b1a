package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

const related = `{"origins":["https://app.example.com"]}`

// The file of related origins is there under the domain of passkeys, and nowhere else.
func TestRelatedOrigins_K6(t *testing.T) {
	for _, tt := range []struct {
		public, domain, file, host string
		status                     int
	}{
		{"https://example.org", "example.org", related, "example.org", 200},
		{"https://example.org", "example.org", related, "10.0.0.1:8080", 200}, // a proxy that does not keep the host
		{"https://example.org/id", "example.org", related, "example.org", 200},
		{"https://auth.example.org", "example.org", related, "example.org", 200}, // routed here by a proxy
		{"https://auth.example.org", "example.org", related, "Example.org:443", 200},
		{"https://auth.example.org", "example.org", related, "auth.example.org", 404},
		{"https://auth.example.org", "example.org", related, "evil.example", 404},
		{"https://auth.example.org", "example.org", related, "", 404},
		{"https://example.org", "example.org", "", "example.org", 404},
		{"https://10.0.0.1", "", "", "10.0.0.1", 404},
	} {
		public, err := url.Parse(tt.public)
		must(t, err)
		s := newServiceAt(t, public, []string{app}, func(c *Config) { c.PasskeyDomain, c.RelatedOrigins = tt.domain, tt.file })
		r := httptest.NewRequest(http.MethodGet, relatedOriginsPath, nil)
		r.Host = tt.host
		w := s.do(r)
		if w.Code != tt.status || (w.Code == 200) != (w.Body.String() == related) {
			t.Errorf("%+v: %d %s", tt, w.Code, w.Body)
		}
		if h := w.Header(); w.Code == 200 && (h.Get("Content-Type") != "application/json" || h.Get("Cache-Control") != wellKnownAge || h.Get("X-Content-Type-Options") != "nosniff") {
			t.Errorf("%+v: %v", tt, h)
		}
	}
}

func TestAccountURL(t *testing.T) {
	s := newService(t, func(c *Config) {
		c.AccountURL, c.PasskeyDomain = &url.URL{Scheme: "https", Host: "app.example.org", Path: "/account"}, "example.org"
	})
	w := s.get(endpointsPath)
	wants(t, w, http.StatusOK, `{"enroll":"https://app.example.org/account","manage":"https://app.example.org/account"}`)
	if w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("%v", w.Header())
	}
	for _, path := range []string{changePath, changePath + "?next=https://evil.example"} {
		w = s.get(path)
		if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "https://app.example.org/account" || w.Body.Len() > 0 {
			t.Errorf("%s: %d, %v", path, w.Code, w.Header())
		}
	}
	wants(t, s.get(relatedOriginsPath), http.StatusNotFound)

	s = newService(t, func(c *Config) { c.AccountURL = &url.URL{Scheme: "https", Host: "app.example.org"} })
	wants(t, s.get(endpointsPath), http.StatusNotFound)
	if w := s.get(changePath); w.Code != http.StatusSeeOther {
		t.Errorf("without passkeys: %d", w.Code)
	}
	s = newService(t)
	for _, path := range []string{endpointsPath, changePath, relatedOriginsPath, "/.well-known/", strings.TrimSuffix(relatedOriginsPath, "n")} {
		wants(t, s.get(path), http.StatusNotFound)
	}
}
