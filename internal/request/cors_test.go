package request

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// api is an API that pages of app may call.
func api(d *Door) http.Handler {
	return d.AllowOrigins(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("{}")) }), http.MethodPost)
}

func preflight(origin, method, headers string) *http.Request {
	r := httptest.NewRequest(http.MethodOptions, "/graphql", nil)
	r.Header.Set("Origin", origin)
	r.Header.Set("Access-Control-Request-Method", method)
	if headers != "" {
		r.Header.Set("Access-Control-Request-Headers", headers)
	}
	return r
}

func TestCORSOrigins_I5(t *testing.T) {
	wide := func(c *Config) { c.Origins = append(c.Origins, "*", "null") } // which config refuses, too
	none := func(c *Config) { c.Origins = nil }
	for _, tt := range []struct {
		name, origin string
		change       func(*Config)
		want         bool
	}{
		{"allowed", app, wide, true},
		{"another", "https://evil.example", wide, false},
		{"null", "null", wide, false},
		{"another scheme", "http://app.example.org", wide, false},
		{"another port", app + ":8443", wide, false},
		{"longer", app + ".evil.example", wide, false},
		{"a subdomain", "https://x.app.example.org", wide, false},
		{"another case", "https://APP.example.org", wide, false},
		{"none", "", wide, false},
		{"an empty list", "https://evil.example", none, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := api(newDoor(t, tt.change))
			post := httptest.NewRequest(http.MethodPost, "/graphql", nil)
			post.Header.Set("Origin", tt.origin)
			for what, w := range map[string]*httptest.ResponseRecorder{"post": do(h, post), "preflight": do(h, preflight(tt.origin, "POST", "content-type"))} {
				want, credentials := "", ""
				if tt.want {
					want, credentials = tt.origin, "true"
				}
				if got := w.Header().Get("Access-Control-Allow-Origin"); got != want {
					t.Errorf("%s: allowed origin is %q, want %q", what, got, want)
				}
				if got := w.Header().Get("Access-Control-Allow-Credentials"); got != credentials {
					t.Errorf("%s: credentials: got %q, want %q", what, got, credentials)
				}
				if !strings.Contains(strings.Join(w.Header().Values("Vary"), ", "), "Origin") {
					t.Errorf("%s: no Vary: Origin", what)
				}
			}
		})
	}
}

func TestCORSPreflight_I5(t *testing.T) {
	h := api(newDoor(t))
	for _, tt := range []struct {
		name, method, headers string
		want                  bool
	}{
		{"urql", "POST", "content-type", true},
		{"with a token", "POST", "authorization,content-type", true},
		{"Apollo", "POST", "apollo-require-preflight,apollographql-client-name,apollographql-client-version,authorization,content-type", true},
		{"Sentry", "POST", "authorization,baggage,content-type,sentry-trace", true},
		{"OpenTelemetry", "POST", "content-type,traceparent,tracestate", true},
		{"any header", "POST", "content-type,x-anything", true},
		{"another method", "PUT", "content-type", false},
		{"GET", "GET", "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := do(h, preflight(app, tt.method, tt.headers))
			if got := w.Header().Get("Access-Control-Allow-Origin") == app; got != tt.want {
				t.Errorf("allowed: %v, want %v", got, tt.want)
			}
			// By name: a star would mean nothing in an answer to a request with credentials.
			if got := w.Header().Get("Access-Control-Allow-Headers"); tt.want && got != tt.headers {
				t.Errorf("allowed headers are %q, want %q", got, tt.headers)
			}
			if tt.want && w.Header().Get("Access-Control-Max-Age") != "7200" {
				t.Errorf("max age is %q", w.Header().Get("Access-Control-Max-Age"))
			}
		})
	}
}

// Nobody else is told anything by asking for a header.
func TestCORSHeadersOfOthers_I5(t *testing.T) {
	h := api(newDoor(t))
	for _, origin := range []string{"https://evil.example", "null", "*", ""} {
		for _, headers := range []string{"traceparent", "content-type", "*"} {
			for name := range do(h, preflight(origin, "POST", headers)).Header() {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("%q asks for %s: the answer has %s", origin, headers, name)
				}
			}
		}
	}
}

func TestCORSExposes(t *testing.T) {
	h := api(newDoor(t))
	r := httptest.NewRequest(http.MethodPost, "/graphql", nil)
	r.Header.Set("Origin", app)
	got := strings.Split(do(h, r).Header().Get("Access-Control-Expose-Headers"), ", ")
	for _, want := range []string{"Retry-After", "X-Request-Id"} {
		if !slices.Contains(got, want) {
			t.Errorf("%s is not among %v", want, got)
		}
	}
}
