package web

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"latchkey/internal/request"
)

func TestMountNeedsAll(t *testing.T) {
	s := newService(t)
	for name, drop := range map[string]func(*Config){
		"AppName": func(c *Config) { c.AppName = "" }, "PublicURL": func(c *Config) { c.PublicURL = nil },
		"Auth": func(c *Config) { c.Auth = nil }, "Health": func(c *Config) { c.Health = nil }, "Now": func(c *Config) { c.Now = nil },
	} {
		cfg := s.cfg
		drop(&cfg)
		if err := Mount(request.NewMux(""), s.door, cfg); err == nil {
			t.Errorf("without %s: no error", name)
		}
	}
}

func TestHome(t *testing.T) {
	s := newService(t, func(c *Config) { c.Explorer = false })
	w := s.get("/")
	wants(t, w, http.StatusOK, "Latchkey keeps accounts here", `href="https://app.example.org"`)
	if strings.Contains(w.Body.String(), "<script") {
		t.Error("the plain page has a script")
	}
	wants(t, s.get(explorerFiles["main.js"].path), http.StatusNotFound)
}

func TestAssets(t *testing.T) {
	s := newService(t)
	for _, a := range append(slices.Collect(maps.Values(explorerFiles)), pageCSS) {
		w := s.get(a.path)
		wants(t, w, http.StatusOK)
		if w.Header().Get("Cache-Control") != "public, max-age=31536000, immutable" || w.Header().Get("Content-Type") != a.kind {
			t.Errorf("%s: %v", a.path, w.Header())
		}
	}
	wants(t, s.get("/assets/page.000000000000.css"), http.StatusNotFound)
}

func TestMethods(t *testing.T) {
	s := newService(t)
	for path, allow := range map[string]string{
		"/": "GET, HEAD, OPTIONS", "/livez": "GET, HEAD, OPTIONS", confirmPath: "GET, HEAD, OPTIONS, POST", "/dev/mail": "GET, HEAD, OPTIONS",
	} {
		if w := s.do(httptest.NewRequest(http.MethodDelete, path, nil)); w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != allow {
			t.Errorf("DELETE %s: got %d, Allow %q", path, w.Code, w.Header().Get("Allow"))
		}
		if w := s.do(httptest.NewRequest(http.MethodOptions, path, nil)); w.Code != http.StatusNoContent || w.Header().Get("Allow") != allow {
			t.Errorf("OPTIONS %s: got %d, Allow %q", path, w.Code, w.Header().Get("Allow"))
		}
	}
}

func TestCORSOnlyForAPI_I5(t *testing.T) {
	s := newService(t)
	for _, path := range []string{"/", confirmPath, "/dev/mail.json", "/readyz"} {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("Origin", app)
		if w := s.do(r); w.Header().Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s may be read from another origin", path)
		}
	}
}
