package request

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"
	"time"

	"latchkey/internal/auth"
)

// observing returns a Door whose requests are observed, and what was observed last.
func observing(t *testing.T) (*Door, *Observed) {
	t.Helper()
	last := &Observed{}
	keep := func(_ context.Context, o *Observed) {
		last.RequestID, last.Method, last.Route, last.Client, last.Operation = o.RequestID, o.Method, o.Route, o.Client, o.Operation
		last.Outcome, last.Code, last.Status, last.Began, last.Took = o.Outcome, o.Code, o.Status, o.Began, o.Took
		last.TraceID, last.CallerTraceID = o.TraceID, o.CallerTraceID
	}
	return newDoor(t, func(c *Config) { c.Observers = []func(context.Context, *Observed){keep} }), last
}

// What is told of a request is its route, never its path, what came of it, and its client.
func TestObserved(t *testing.T) {
	d, last := observing(t)
	mux := NewMux("/id")
	status := func(n int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(n) }
	}
	mux.HandleFunc("/silent/{name}", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/gone", status(http.StatusGone))
	mux.HandleFunc("/teapot", status(http.StatusTeapot))
	mux.HandleFunc("/away", status(http.StatusServiceUnavailable))
	mux.HandleFunc("/noted", func(_ http.ResponseWriter, r *http.Request) {
		Note(r.Context(), Forbidden, "ONE")
		Note(r.Context(), OK, "TWO")
		Note(r.Context(), Forbidden, "THREE")
	})
	mux.HandleFunc("/broken", func(http.ResponseWriter, *http.Request) { panic("on purpose") })
	mux.HandleFunc("/left", func(_ http.ResponseWriter, r *http.Request) {
		Note(r.Context(), Internal, "INTERNAL")
		r.Context().Value(leaveKey{}).(context.CancelFunc)()
	})
	mux.Handle("/identified", d.Identify(auth.ByAPI, status(http.StatusOK)))
	h := d.Harden(mux)
	for _, tt := range []struct {
		method, path string
		want         *Observed
	}{
		{"GET", "/silent/ada?token=secret", &Observed{Method: "GET", Route: "/silent/{name}", Outcome: OK, Status: 200}},
		{"GET", "/id/silent/ada", &Observed{Method: "GET", Route: "/id/silent/{name}", Outcome: OK, Status: 200}},
		{"BREW", "/teapot", &Observed{Method: "other", Route: "/teapot", Outcome: Invalid, Status: 418}},
		{"GET", "/nowhere", &Observed{Method: "GET", Route: "", Outcome: Invalid, Status: 404}},
		{"GET", "/gone", &Observed{Method: "GET", Route: "/gone", Outcome: UserError, Status: 410}},
		{"GET", "/away", &Observed{Method: "GET", Route: "/away", Outcome: Unavailable, Status: 503}},
		{"POST", "/noted", &Observed{Method: "POST", Route: "/noted", Outcome: Forbidden, Code: "ONE", Status: 200}},
		{"GET", "/broken", &Observed{Method: "GET", Route: "/broken", Outcome: Internal, Status: 500}},
		{"GET", "/left", &Observed{Method: "GET", Route: "/left", Outcome: Invalid, Code: "INTERNAL", Status: 200}},
		{"GET", "/identified", &Observed{Method: "GET", Route: "/identified", Outcome: OK, Status: 200}},
	} {
		r := httptest.NewRequest(tt.method, tt.path, nil)
		ctx, leave := context.WithCancel(t.Context())
		r = r.WithContext(context.WithValue(ctx, leaveKey{}, leave))
		before := time.Now()
		id := do(h, r).Header().Get("X-Request-Id")
		leave()
		if last.RequestID != id || last.Client != netip.MustParseAddr("192.0.2.1") || last.Began.Before(before) || last.Took <= 0 {
			t.Errorf("%s %s: %v", tt.method, tt.path, last)
		}
		if last.Method != tt.want.Method || last.Route != tt.want.Route || last.Outcome != tt.want.Outcome || last.Code != tt.want.Code || last.Status != tt.want.Status {
			t.Errorf("%s %s: got %v, want %v", tt.method, tt.path, last, tt.want)
		}
	}
}

type leaveKey struct{}

// Each status comes to an outcome, and the worst of several counts, whoever notes first.
func TestOutcomes(t *testing.T) {
	for status, want := range map[int]Outcome{
		200: OK, 204: OK, 302: OK, 304: OK, 400: Invalid, 401: Unauthenticated, 403: Forbidden, 404: Invalid, 405: Invalid, 410: UserError,
		413: Invalid, 422: UserError, 429: RateLimited, 500: Internal, 502: Internal, 503: Unavailable,
	} {
		if got := OutcomeOf(status); got != want {
			t.Errorf("%d: %s, want %s", status, got, want)
		}
	}
	o := &Observed{}
	ctx := context.WithValue(t.Context(), observedKey{}, o)
	var all sync.WaitGroup
	for range 4 {
		for _, is := range Outcomes {
			all.Go(func() { Note(ctx, is, string(is)) })
		}
	}
	all.Wait()
	if o.Outcome != Internal || o.Code != string(Internal) {
		t.Errorf("%s %s counts", o.Outcome, o.Code)
	}
	Note(t.Context(), Internal, "outside of a request")
}

// Observing allocates nothing, whether somebody listens or not.
func TestObservingCostsNothing(t *testing.T) {
	r, w := httptest.NewRequest(http.MethodGet, "/", nil), &nowhere{http.Header{}}
	measure := func(d *Door) float64 {
		mux := NewMux("")
		mux.Handle("/", d.Identify(auth.ByAPI, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { Note(r.Context(), OK, "") })))
		h := d.Harden(mux)
		return testing.AllocsPerRun(100, func() {
			clear(w.header)
			h.ServeHTTP(w, r)
		})
	}
	seen := 0
	without := measure(newDoor(t))
	with := measure(newDoor(t, func(c *Config) {
		c.Observers = []func(context.Context, *Observed){func(_ context.Context, o *Observed) { seen += len(o.Outcome) }}
	}))
	if t.Logf("%.0f and %.0f allocations", without, with); with > without || seen == 0 {
		t.Errorf("%.0f allocations with somebody who listens, %.0f without", with, without)
	}
}

type nowhere struct{ header http.Header }

func (w *nowhere) Header() http.Header         { return w.header }
func (w *nowhere) WriteHeader(int)             {}
func (w *nowhere) Write(p []byte) (int, error) { return len(p), nil }
