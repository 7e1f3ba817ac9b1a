package request

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"latchkey/internal/testenv"
	"latchkey/internal/trace"
)

// The line of a request has what came of it, and of its client no more than is wanted; the
// same stands in its span, but for the client.
func TestAccessLogAndSpans_O5(t *testing.T) {
	c := testenv.NewCollector(t)
	at, err := url.Parse(c.URL + "/v1/traces")
	if err != nil {
		t.Fatal(err)
	}
	for _, whole := range []bool{false, true} {
		tracer := trace.New(trace.Config{URL: at, Timeout: time.Minute, Log: zerolog.New(t.Output())})
		tracer.Start()
		var log bytes.Buffer
		d := newDoor(t, func(c *Config) {
			c.Trace, c.Proxies = tracer, []netip.Prefix{netip.MustParsePrefix("192.0.2.1/32")} // httptest's client
			c.Observers = []func(context.Context, *Observed){AccessLog(zerolog.New(&log), whole)}
		})
		mux := NewMux("")
		mux.HandleFunc("/api/{token}", func(w http.ResponseWriter, r *http.Request) {
			Observing(r.Context()).Operation = "login"
			Note(r.Context(), Unavailable, "UNAVAILABLE")
			_, child := trace.Start(r.Context(), trace.Client, "child")
			child.End()
			w.WriteHeader(http.StatusTeapot)
		})
		mux.HandleFunc("/livez", func(http.ResponseWriter, *http.Request) {})
		h := d.Harden(mux)
		lines := map[string]map[string]any{} // by the requests' ids
		for _, tt := range []struct{ path, forwarded, shown, network string }{
			{"/api/secret?secret", "203.0.113.7", "203.0.113.7", "203.0.113.0/24"},
			{"/api/secret", "2001:db8:1:2::7", "2001:db8:1:2::7", "2001:db8:1::/48"},
			{"/livez", "203.0.113.7", "203.0.113.7", "203.0.113.0/24"},
			{"/secret", "203.0.113.7", "203.0.113.7", "203.0.113.0/24"},
		} {
			log.Reset()
			r := httptest.NewRequest(http.MethodPost, tt.path, nil)
			r.Header.Set("X-Forwarded-For", tt.forwarded)
			id := do(h, r).Header().Get("X-Request-Id")
			var l map[string]any
			if err := json.Unmarshal(log.Bytes(), &l); err != nil {
				t.Fatal(err)
			}
			client := tt.network
			if whole {
				client = tt.shown
			}
			if l["level"] != "info" || l["message"] != "request" || l["event"] != "request" || l["request_id"] != id || l["client"] != client || l["took_ms"].(float64) < 0 {
				t.Errorf("%s: %s", tt.path, &log)
			}
			if strings.HasPrefix(tt.path, "/api") && (l["route"] != "/api/{token}" || l["method"] != "POST" || l["operation"] != "login" || l["outcome"] != "unavailable" || l["code"] != "UNAVAILABLE" || l["status"] != 418.0) {
				t.Errorf("%s: %s", tt.path, &log)
			}
			if traced := l["trace_id"] != nil; traced != (tt.path != "/livez") || strings.Contains(log.String(), "secret") {
				t.Errorf("%s: %s", tt.path, &log)
			}
			lines[id] = l
		}
		tracer.Stop()
		for id, l := range lines {
			if l["trace_id"] == nil {
				continue
			}
			s := c.Await(t, id, func(s *testenv.Span) bool { return s.Str("latchkey.request_id") == id })
			if hex.EncodeToString(s.TraceId) != l["trace_id"] || s.Str("http.request.method") != "POST" || s.Int("http.response.status_code") != int64(l["status"].(float64)) {
				t.Errorf("%v: %v", l, s)
			}
			if l["route"] == "" && (s.Name != "POST" || s.Str("latchkey.outcome") != "invalid" || s.Status != nil) {
				t.Errorf("%v: %v", l, s)
			}
			if l["route"] != "" && (s.Name != "POST /api/{token}" || s.Str("http.route") != "/api/{token}" || s.Str("latchkey.operation") != "login" ||
				s.Str("latchkey.outcome") != "unavailable" || s.Str("error.type") != "UNAVAILABLE" || s.Status.GetMessage() != "unavailable" || len(c.Within(s)) != 1) {
				t.Errorf("%v: %v", l, s)
			}
		}
	}
	if text := c.Text(); strings.Contains(text, "secret") || strings.Contains(text, "203.0.113") || strings.Contains(text, "2001:db8") || strings.Contains(text, "livez") {
		t.Errorf("the spans hold what was sent, or who did: %s", text)
	}
}

// Without a log and without traces a request costs nothing for them, whatever it says of its
// own trace.
func TestNothingIsTraced(t *testing.T) {
	d, last := observing(t)
	mux := NewMux("")
	mux.HandleFunc("/api", func(http.ResponseWriter, *http.Request) {})
	r := httptest.NewRequest(http.MethodPost, "/api", nil)
	r.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	do(d.Harden(mux), r)
	if last.TraceID != "" || last.CallerTraceID != "0af7651916cd43dd8448eb211c80319c" {
		t.Errorf("got %q and %q", last.TraceID, last.CallerTraceID)
	}
}
