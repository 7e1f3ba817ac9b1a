package metrics

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"latchkey/internal/auth"
	"latchkey/internal/buildinfo"
	"latchkey/internal/db"
	"latchkey/internal/outbox"
	"latchkey/internal/password"
	"latchkey/internal/request"
	"latchkey/internal/store"
)

// world is what the sources of newMetrics say.
type world struct {
	now    time.Time
	outbox *store.Outbox // nil: the database is away
	asked  int           // how often the outbox was
	up     map[string]bool
	alone  bool
}

func newMetrics() (*Metrics, *world) {
	w := &world{now: time.Unix(1_800_000_000, 0), outbox: &store.Outbox{}, up: map[string]bool{"postgresql": true, "postgresql writes": false}}
	return New(Sources{
		Build:   buildinfo.Info{Version: "1.2.3", Revision: "84449a9ab4c1f3f6", Go: "go1.26.8"},
		Schema:  func() int64 { return 15 },
		Pool:    func() db.Pool { return db.Pool{Used: 1, Idle: 2, Max: 4, Waited: 1500 * time.Millisecond} },
		Hashing: func() password.Load { return password.Load{Workers: 2, Waiting: 3, Refused: 5} },
		Outbox: func(context.Context, time.Time) (*store.Outbox, error) {
			w.asked++
			if w.outbox == nil {
				return nil, errors.New("away")
			}
			return w.outbox, nil
		},
		Ready: func(context.Context) map[string]bool { return w.up },
		Alone: func() bool { return w.alone },
		Now:   func() time.Time { return w.now },
	}), w
}

// values are what m answers, by series.
func values(t *testing.T, m *Metrics) map[string]string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	all := map[string]string{}
	for line := range strings.Lines(w.Body.String()) {
		if series, value, ok := strings.Cut(strings.TrimSpace(line), "} "); ok && line[0] != '#' {
			all[series+"}"] = value
		} else if series, value, ok := strings.Cut(strings.TrimSpace(line), " "); ok && line[0] != '#' {
			all[series] = value
		}
	}
	return all
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	m, w := newMetrics()
	before := values(t, m)
	if _, there := before["latchkey_sweep_last_success_timestamp_seconds"]; there {
		t.Error("a sweep went well before there was one")
	}
	for range 2 {
		m.Request(t.Context(), &request.Observed{Route: "/graphql", Operation: "me", Outcome: request.OK, Status: 200, Took: 7 * time.Millisecond})
	}
	m.Request(t.Context(), &request.Observed{Route: "/livez", Outcome: request.OK, Status: 200, Took: time.Second})
	m.Request(t.Context(), &request.Observed{Route: "", Outcome: request.Internal, Status: 0})
	m.LoginEnded(auth.ByAPI, auth.LoginRefused)
	m.LoginEnded(auth.ByLink, auth.LoginOK)
	m.RefreshEnded(auth.RefreshReuse)
	m.Hashed(30 * time.Millisecond)
	m.Mailed("password_reset", outbox.EndSent)
	m.Swept(map[string]int64{"sessions": 3, "tokens": 0}, w.now, nil)
	m.Swept(map[string]int64{"sessions": 1}, w.now.Add(time.Hour), errors.New("away"))
	w.outbox, w.alone = &store.Outbox{Waiting: 7, Failed: 2, Oldest: w.now.Add(-90 * time.Second)}, true
	w.now = w.now.Add(outboxAge)
	got := values(t, m)
	for series, want := range map[string]string{
		`latchkey_operations_total{operation="me",outcome="ok"}`:                "2",
		`latchkey_operation_duration_seconds_bucket{operation="me",le="0.005"}`: "0",
		`latchkey_operation_duration_seconds_bucket{operation="me",le="0.01"}`:  "2",
		`latchkey_operation_duration_seconds_count{operation="me"}`:             "2",
		`latchkey_http_requests_total{code="2xx",route="/graphql"}`:             "2",
		`latchkey_http_requests_total{code="2xx",route="/livez"}`:               "1",
		`latchkey_http_requests_total{code="0xx",route=""}`:                     "1",
		`latchkey_logins_total{outcome="refused",way="api"}`:                    "1",
		`latchkey_logins_total{outcome="ok",way="link"}`:                        "1",
		`latchkey_logins_total{outcome="busy",way="oauth"}`:                     "0",
		`latchkey_refreshes_total{outcome="reuse"}`:                             "1",
		`latchkey_hash_duration_seconds_bucket{le="0.05"}`:                      "1",
		`latchkey_hash_queue`:                                                               "3",
		`latchkey_hash_workers`:                                                             "2",
		`latchkey_hash_refused_total`:                                                       "5",
		`latchkey_mails_total{kind="password_reset",outcome="sent"}`:                        "1",
		`latchkey_swept_rows_total{table="sessions"}`:                                       "4",
		`latchkey_sweep_last_success_timestamp_seconds`:                                     "1.8e+09",
		`latchkey_outbox_mails`:                                                             "7",
		`latchkey_outbox_oldest_seconds`:                                                    "105",
		`latchkey_outbox_failed`:                                                            "2",
		`latchkey_db_pool_connections{state="used"}`:                                        "1",
		`latchkey_db_pool_connections{state="idle"}`:                                        "2",
		`latchkey_db_pool_connections{state="max"}`:                                         "4",
		`latchkey_db_wait_seconds_total`:                                                    "1.5",
		`latchkey_dependency_up{name="postgresql"}`:                                         "1",
		`latchkey_dependency_up{name="postgresql writes"}`:                                  "0",
		`latchkey_throttle_fallback`:                                                        "1",
		`latchkey_schema_version`:                                                           "15",
		`latchkey_build_info{goversion="go1.26.8",revision="84449a9ab4c1",version="1.2.3"}`: "1",
	} {
		if got[series] != want {
			t.Errorf("%s is %q, want %s", series, got[series], want)
		}
	}
	if _, there := got[`latchkey_operations_total{operation="",outcome="ok"}`]; there {
		t.Error("a path that is no operation counts as one")
	}
}

// The table of mails is asked once in 15 s, however many scrape, and while it does not
// answer nothing is said of it.
func TestOutboxIsAskedSeldom(t *testing.T) {
	t.Parallel()
	m, w := newMetrics()
	w.outbox = &store.Outbox{Waiting: 1}
	for range 5 {
		values(t, m)
		w.now = w.now.Add(outboxAge / 10)
	}
	if w.asked != 1 {
		t.Errorf("asked %d times", w.asked)
	}
	w.outbox, w.now = nil, w.now.Add(outboxAge)
	if _, there := values(t, m)["latchkey_outbox_mails"]; there || w.asked != 2 {
		t.Errorf("of a table that is away something is said; asked %d times", w.asked)
	}
	w.outbox, w.now = &store.Outbox{Waiting: 4}, w.now.Add(-time.Hour) // the clock was set back
	if got := values(t, m)["latchkey_outbox_mails"]; got != "4" {
		t.Errorf("back again: %q", got)
	}
}

// Counting an operation allocates next to nothing.
func TestRequestAllocates(t *testing.T) {
	m, _ := newMetrics()
	o := &request.Observed{Route: "/graphql", Operation: "me", Outcome: request.OK, Status: 200, Took: 7 * time.Millisecond}
	got := testing.AllocsPerRun(100, func() { m.Request(t.Context(), o) })
	if t.Logf("%.0f allocations", got); got > 3 {
		t.Errorf("%.0f allocations, want 3 at most", got)
	}
}

// However everything turns out that can be asked for, there are few series: what may be a
// label's value is counted here from the program.
func TestSeriesAreBounded_O5(t *testing.T) {
	m, _ := newMetrics()
	text, err := os.ReadFile("../../schema.graphqls")
	if err != nil {
		t.Fatal(err)
	}
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "schema.graphqls", Input: string(text)})
	if err != nil {
		t.Fatal(err)
	}
	operations := []string{request.InvalidOperation}
	for _, root := range []*ast.Definition{schema.Query, schema.Mutation} {
		for _, field := range root.Fields { // __schema, __type and __typename among them
			operations = append(operations, field.Name)
		}
	}
	for _, name := range operations {
		for _, is := range request.Outcomes {
			m.Request(t.Context(), &request.Observed{Operation: name, Outcome: is, Route: "/graphql", Status: 200})
		}
	}
	const routes, mails = 128, 40 // more than there are, the same below the path of PUBLIC_URL among them
	for i := range routes {
		for status := range len(classes) {
			m.Request(t.Context(), &request.Observed{Route: fmt.Sprint("/", i), Status: 100 * status})
		}
	}
	for i := range mails {
		for _, is := range []outbox.End{outbox.EndSent, outbox.EndDelayed, outbox.EndUnreachable, outbox.EndGivenUp, outbox.EndDropped} {
			m.Mailed(fmt.Sprint(i), is)
		}
	}
	if n := len(values(t, m)); n > 2500 {
		t.Errorf("%d series of %d operations", n, len(operations))
	} else {
		t.Logf("%d series of %d operations", n, len(operations))
	}
}

// Nobody has the process profile itself without end.
func TestLongProfile(t *testing.T) {
	m, _ := newMetrics()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	for _, path := range []string{"profile", "trace", "heap"} {
		for _, seconds := range []string{"301", "1e9", "NaN"} {
			w := httptest.NewRecorder()
			m.Handler().ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/debug/pprof/"+path+"?seconds="+seconds, nil))
			if w.Code != http.StatusBadRequest {
				t.Errorf("%s of %s seconds: %d", path, seconds, w.Code)
			}
		}
	}
}

// No memory is sampled until somebody asks for a profile of it; from then on it is.
func TestMemoryProfile(t *testing.T) {
	SampleNoMemory()
	m, _ := newMetrics()
	ask := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		m.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/debug/pprof/"+path, nil))
		return w
	}
	if w := ask("heap"); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || w.Header().Get("X-Go-Pprof") == "" || runtime.MemProfileRate == 0 {
		t.Errorf("the first: %d %v, and a sample each %d bytes", w.Code, w.Header(), runtime.MemProfileRate)
	}
	kept := make([][]byte, 64)
	for i := range kept {
		kept[i] = make([]byte, 1<<20)
	}
	runtime.GC() // a profile has what was there at the last
	runtime.GC()
	for _, path := range []string{"heap?debug=1", "allocs?debug=1"} {
		if w := ask(path); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "TestMemoryProfile") {
			t.Errorf("%s: %d, without who allocated 64 MiB", path, w.Code)
		}
	}
	runtime.KeepAlive(kept)
	SampleNoMemory()
	if w := ask("allocs?seconds=1"); w.Code != http.StatusOK {
		t.Errorf("within a second: %d %s", w.Code, w.Body)
	}
}
