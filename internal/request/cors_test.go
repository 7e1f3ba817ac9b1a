package request

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/rs/zerolog"
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
	apps := func(c *Config) { c.Origins = append(c.Origins, "capacitor://localhost") }
	development := func(c *Config) { c.Development = "localhost" }
	for _, tt := range []struct {
		name, origin string
		change       func(*Config)
		want         bool
	}{
		{"an app", "capacitor://localhost", apps, true},
		{"another app", "ionic://localhost", apps, false},
		{"an app that nobody named", "capacitor://localhost", none, false},
		{"here", "http://localhost:5173", development, true},
		{"here by TLS", "https://localhost:5173", development, true},
		{"here by address", "http://127.0.0.1:3000", development, true},
		{"here by IPv6", "http://[::1]:3000", development, true},
		{"here without a port", "http://localhost", development, true},
		{"here in production", "http://localhost:5173", none, false},
		{"here by address in production", "http://127.0.0.1:3000", none, false},
		{"here in front of another", "http://localhost:5173.evil.example", development, false},
		{"here in front of a name", "http://localhost.evil.example", development, false},
		{"a name below localhost", "http://evil.localhost", development, false},
		{"here with a path", "http://localhost:5173/", development, false},
		{"here as a user", "http://localhost:5173@evil.example", development, false},
		{"here on two lines", "http://localhost:5173\nhttps://evil.example", development, false},
		{"another scheme here", "ftp://localhost:21", development, false},
		{"another loopback address", "http://127.0.0.2:3000", development, false},
		{"another in development", "https://evil.example", development, false},
		{"null in development", "null", development, false},
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

// Pages of previews read answers, and no answer to a request with the cookie.
func TestCORSPreviews_I5(t *testing.T) {
	h := api(newDoor(t, func(c *Config) { c.Previews = []string{"example.org", "preview.example.net:8443"} }))
	for origin, want := range map[string]struct{ calls, cookie bool }{
		"https://pr-7.example.org":                {calls: true},
		"https://x.example.org":                   {calls: true},
		"https://pr-7.preview.example.net:8443":   {calls: true},
		app:                                       {calls: true, cookie: true}, // which is named
		"http://pr-7.example.org":                 {},
		"https://example.org":                     {},
		"https://.example.org":                    {},
		"https://a.b.example.org":                 {},
		"https://pr-7.example.org:8443":           {},
		"https://pr-7.example.org.":               {},
		"https://pr-7.example.org.evil.example":   {},
		"https://evil.example/.example.org":       {},
		"https://evil.example#.example.org":       {},
		"https://x@evil.example.org":              {},
		"https://pr-7.preview.example.net":        {},
		"https://PR-7.example.org":                {},
		"https://*.example.org":                   {},
		"https://xexample.org":                    {},
		"capacitor://pr-7.example.org":            {},
		"https://pr-7.example.org https://x.test": {},
	} {
		post := httptest.NewRequest(http.MethodPost, "/graphql", nil)
		post.Header.Set("Origin", origin)
		for what, w := range map[string]*httptest.ResponseRecorder{"post": do(h, post), "preflight": do(h, preflight(origin, "POST", "content-type"))} {
			allowed, credentials := w.Header().Get("Access-Control-Allow-Origin"), w.Header().Get("Access-Control-Allow-Credentials")
			if (allowed == origin) != want.calls || !want.calls && allowed != "" || (credentials == "true") != want.cookie {
				t.Errorf("%s, %s: allowed is %q, credentials %q", origin, what, allowed, credentials)
			}
			if !strings.Contains(strings.Join(w.Header().Values("Vary"), ", "), "Origin") {
				t.Errorf("%s, %s: no Vary: Origin", origin, what)
			}
		}
	}
}

// In development the log says once of each origin what would allow it, of twenty at most
// and of nothing that is none; in production strangers write no line.
func TestRefusedOrigins_I7(t *testing.T) {
	advice := func(origin string) string {
		if strings.Contains(origin, "junk") {
			return ""
		}
		return "CORS_ORIGINS=" + origin
	}
	var log strings.Builder
	ask := func(h http.Handler, origins ...string) int {
		log.Reset()
		for _, origin := range origins {
			do(h, preflight(origin, "POST", "content-type"))
			do(h, preflight(origin, "POST", "content-type"))
		}
		return strings.Count(log.String(), "\n")
	}
	development := api(newDoor(t, func(c *Config) {
		c.Development, c.AdviceFor, c.Log, c.Previews = "localhost", advice, zerolog.New(&log), []string{"example.org"}
	}))
	if n := ask(development, "", app, "http://localhost:5173", "https://auth.example.org", "https://x.example.org", "junk"); n > 0 {
		t.Errorf("of what is allowed, or no origin: %s", &log)
	}
	if n := ask(development, "https://other.example", "http://192.168.1.5:5173"); n != 2 || !strings.Contains(log.String(), `"allow":"CORS_ORIGINS=https://other.example"`) {
		t.Errorf("%d lines, want 2: %s", n, &log)
	}
	var many []string
	for i := range 100 {
		many = append(many, fmt.Sprintf("https://n%d.example", i))
	}
	if n := ask(development, many...); n != mostTold-2 {
		t.Errorf("%d lines more, want %d", n, mostTold-2)
	}
	production := api(newDoor(t, func(c *Config) { c.AdviceFor, c.Log = advice, zerolog.New(&log) }))
	if n := ask(production, many...); n > 0 {
		t.Errorf("in production: %s", &log)
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
