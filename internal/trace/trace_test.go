package trace_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"latchkey/internal/testenv"
	"latchkey/internal/trace"
)

// start returns a Tracer that sends to a receiver, and its log.
func start(t *testing.T, receiver string, with ...func(*trace.Config)) (*trace.Tracer, *lines) {
	t.Helper()
	u, err := url.Parse(receiver)
	if err != nil {
		t.Fatal(err)
	}
	log := &lines{}
	c := trace.Config{
		URL: u.JoinPath("v1", "traces"), Timeout: 10 * time.Second, Log: zerolog.New(log),
		Resource: map[string]string{"service.name": "latchkey", "service.version": "1.2.3"},
	}
	for _, f := range with {
		f(&c)
	}
	tracer := trace.New(c)
	tracer.Start()
	return tracer, log
}

// lines is a log.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// stranger is a caller's trace and span.
const stranger, strangerTrace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "0af7651916cd43dd8448eb211c80319c"

func caller(value string, trusted bool) trace.Caller {
	return trace.CallerOf(http.Header{"Traceparent": {value}}, trusted)
}

// A collector that takes OTLP to the letter has every span as it was made.
func TestSpans(t *testing.T) {
	c := testenv.NewCollector(t)
	tracer, log := start(t, c.URL, func(c *trace.Config) { c.Headers = map[string]string{"Api-Key": "abc def"} })
	before := time.Now()
	ctx, root := tracer.Begin(t.Context(), trace.Server, "POST", trace.Caller{})
	inner, span := trace.Start(ctx, trace.Client, "statement")
	span.Str("text", "what was first").Int("number", 7)
	span.Str("text", "a \"b\" <c>\u2028ü").Str("empty", "").Int("number", -3).Int("zero", 0).Strs("list", []string{"a", ""}).Name("two", "parts")
	_, leaf := trace.Start(inner, trace.Internal, "leaf")
	leaf.End()
	span.Fail("unavailable").End()
	span.Str("late", "x").Fail("late").End()
	_, late := trace.Start(span.In(t.Context()), trace.Consumer, "late") // its parent has ended
	late.End()
	root.End()
	tracer.Stop()

	all := map[string]*testenv.Span{}
	for _, s := range c.Spans() {
		all[s.Name] = s
	}
	if len(all) != 4 || log.String() != "" {
		t.Fatalf("%d spans; log: %s", len(all), log)
	}
	r, s, l := all["POST"], all["two parts"], all["leaf"]
	if hex.EncodeToString(r.TraceId) != root.ID() || len(r.ParentSpanId) > 0 || r.Kind != tracepb.Span_SPAN_KIND_SERVER || r.Status != nil || r.Flags != 0x101 {
		t.Errorf("the root is %v", r)
	}
	for _, child := range []*testenv.Span{s, l, all["late"]} {
		if !bytes.Equal(child.TraceId, r.TraceId) {
			t.Errorf("%s is of another trace", child.Name)
		}
	}
	if !bytes.Equal(s.ParentSpanId, r.SpanId) || !bytes.Equal(l.ParentSpanId, s.SpanId) || !bytes.Equal(all["late"].ParentSpanId, s.SpanId) {
		t.Error("parents are wrong")
	}
	if s.Kind != tracepb.Span_SPAN_KIND_CLIENT || l.Kind != tracepb.Span_SPAN_KIND_INTERNAL || all["late"].Kind != tracepb.Span_SPAN_KIND_CONSUMER {
		t.Error("kinds are wrong")
	}
	if s.Status.GetCode() != tracepb.Status_STATUS_CODE_ERROR || s.Status.Message != "unavailable" || s.Str("error.type") != "unavailable" {
		t.Errorf("what failed is %v", s)
	}
	if s.Str("text") != "a \"b\" <c>\u2028ü" || s.Int("number") != -3 || len(s.Attributes) != 5 {
		t.Errorf("attributes are %v", s.Attributes)
	}
	if began, ended := time.Unix(0, int64(r.StartTimeUnixNano)), time.Unix(0, int64(r.EndTimeUnixNano)); began.Before(before.Add(-time.Millisecond)) || ended.Before(began) || ended.After(time.Now()) {
		t.Errorf("from %v to %v", began, ended)
	}
	if r.Resource["service.name"] != "latchkey" || r.Resource["service.version"] != "1.2.3" || r.Resource["telemetry.sdk.language"] != "go" {
		t.Errorf("resource is %v", r.Resource)
	}
	for _, h := range c.Headers() {
		if h.Get("Api-Key") != "abc def" {
			t.Errorf("came with %v", h)
		}
	}
}

// Where nobody traces, and in what is not recorded, there are no spans.
func TestNoSpans(t *testing.T) {
	var none *trace.Tracer
	none.Start()
	ctx, span := none.Begin(t.Context(), trace.Server, "x", caller(stranger, true))
	inner, child := trace.Start(ctx, trace.Client, "y")
	child.Str("a", "b").Int("c", 1).Strs("d", nil).Fail("e").Name("f")
	child.End()
	if ctx != t.Context() || inner != ctx || span.Recorded() || child.Recorded() || span.ID() != "" || child.In(ctx) != ctx {
		t.Error("a nil Tracer made a span")
	}
	none.Stop()

	c := testenv.NewCollector(t)
	tracer, _ := start(t, c.URL, func(c *trace.Config) { c.Sampler = "always_off" })
	ctx, span = tracer.Begin(t.Context(), trace.Server, "x", trace.Caller{})
	_, child = trace.Start(ctx, trace.Client, "y")
	if span.Recorded() || child.Recorded() || span.ID() != "" {
		t.Error("what is not sampled was recorded")
	}
	child.End()
	span.End()
	tracer.Stop()
	if len(c.Spans()) > 0 {
		t.Errorf("%d spans came", len(c.Spans()))
	}
}

// A span that nobody makes costs no memory: not where nobody traces, nor outside of a trace.
func TestNoSpansCostNothing(t *testing.T) {
	var none *trace.Tracer
	ctx := t.Context()
	if n := testing.AllocsPerRun(100, func() {
		ctx, span := none.Begin(ctx, trace.Server, "x", trace.Caller{})
		_, child := trace.Start(ctx, trace.Client, "y")
		child.Str("a", "b").Int("c", 1).Fail("d").Name("e", "f")
		child.End()
		span.End()
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// What a trusted caller says is the parent and decides; a stranger's trace is a link, and
// decides nothing. What is no traceparent is nothing.
func TestCallers(t *testing.T) {
	c := testenv.NewCollector(t)
	unsampled := strings.TrimSuffix(stranger, "1") + "0"
	for _, tt := range []struct {
		name, sampler string
		from          trace.Caller
		recorded      bool
		parent, links bool
	}{
		{"trusted", "parentbased_always_off", caller(stranger, true), true, true, false},
		{"trusted, unsampled", "parentbased_always_on", caller(unsampled, true), false, false, false},
		{"trusted, but not asked", "always_off", caller(stranger, true), false, false, false},
		{"stranger", "parentbased_always_on", caller(stranger, false), true, false, true},
		{"stranger, unsampled", "parentbased_always_on", caller(unsampled, false), true, false, true},
		{"stranger, where few are sampled", "parentbased_always_off", caller(stranger, false), false, false, false},
		{"stranger, by no ratio", "parentbased_traceidratio", caller(stranger, false), false, false, false},
		{"nobody", "", trace.Caller{}, true, false, false},
	} {
		tracer, _ := start(t, c.URL, func(c *trace.Config) { c.Sampler = tt.sampler })
		_, span := tracer.Begin(t.Context(), trace.Server, tt.name, tt.from)
		if span.Recorded() != tt.recorded {
			t.Errorf("%s: recorded: %v", tt.name, !tt.recorded)
		}
		span.End()
		tracer.Stop()
		for _, s := range c.Spans() {
			if s.Name != tt.name {
				continue
			}
			joined := hex.EncodeToString(s.TraceId) == strangerTrace
			parent := hex.EncodeToString(s.ParentSpanId) == "b7ad6b7169203331" && s.Flags == 0x301
			if joined != tt.parent || parent != tt.parent || (len(s.Links) == 1 && hex.EncodeToString(s.Links[0].TraceId) == strangerTrace) != tt.links {
				t.Errorf("%s: %v", tt.name, s)
			}
		}
	}
	if len(c.Spans()) != 4 {
		t.Errorf("%d spans", len(c.Spans()))
	}
}

// A ratio decides by the id of a trace, as in every other service, and is kept to.
func TestRatio(t *testing.T) {
	low, high := strings.ReplaceAll(stranger, "8448eb211c80319c", "0448eb211c80319c"), strings.ReplaceAll(stranger, "8448eb211c80319c", "f448eb211c80319c")
	u, err := url.Parse("http://127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	tracer := trace.New(trace.Config{URL: u, Sampler: "traceidratio", Ratio: 0.25})
	for _, tt := range []struct {
		from trace.Caller
		want bool
	}{{caller(low, true), true}, {caller(high, true), false}} {
		if _, span := tracer.Begin(t.Context(), trace.Server, "x", tt.from); span.Recorded() != tt.want {
			t.Errorf("%s is recorded: %v", tt.from.ID(), !tt.want)
		}
	}
	n := 0
	for range 10_000 {
		if _, span := tracer.Begin(t.Context(), trace.Server, "x", caller(high, false)); span.Recorded() {
			n++
		}
	}
	if n < 2000 || n > 3000 { // eleven standard deviations
		t.Errorf("%d of 10,000 are recorded, want a quarter", n)
	}
}

func TestTraceparents(t *testing.T) {
	for value, want := range map[string]string{
		stranger:                      strangerTrace,
		"cc" + stranger[2:] + "-more": strangerTrace, // a version to come
		"00" + stranger[2:] + "-more": "",
		"ff" + stranger[2:]:           "",
		strings.ToUpper(stranger):     "",
		strings.ReplaceAll(stranger, "b7ad6b7169203331", "0000000000000000"): "",
		strings.ReplaceAll(stranger, strangerTrace, strings.Repeat("0", 32)): "",
		stranger[:54]: "", " " + stranger: "", stranger + "\n": "", "": "", "ada@example.org": "",
	} {
		if got := caller(value, false).ID(); got != want {
			t.Errorf("%q: got %q, want %q", value, got, want)
		}
	}
	if two := trace.CallerOf(http.Header{"Traceparent": {stranger, stranger}}, true); two.ID() != "" || two.Trusted {
		t.Error("two are one")
	}
	if none := trace.CallerOf(http.Header{}, true); none.ID() != "" || none.Trusted {
		t.Error("none is one")
	}
}

// A receiver that is away, hangs or refuses is told once, as is its return; no span waits for
// it, and no more are kept than there is room for.
func TestReceiverInTrouble(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answer func(w http.ResponseWriter, r *http.Request, end <-chan struct{})
		reason string
	}{
		"hangs":    {func(_ http.ResponseWriter, r *http.Request, end <-chan struct{}) { <-end }, "no answer in time"},
		"hangs up": {func(http.ResponseWriter, *http.Request, <-chan struct{}) { panic(http.ErrAbortHandler) }, "it hung up"},
		"is overrun": {func(w http.ResponseWriter, _ *http.Request, _ <-chan struct{}) {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(429)
		}, "it answers 429"},
		"is broken":    {func(w http.ResponseWriter, _ *http.Request, _ <-chan struct{}) { w.WriteHeader(500) }, "it answers 500"},
		"knows us not": {func(w http.ResponseWriter, _ *http.Request, _ <-chan struct{}) { w.WriteHeader(401) }, "it answers 401"},
		"sends us away": {func(w http.ResponseWriter, r *http.Request, _ <-chan struct{}) {
			http.Redirect(w, r, "/x", http.StatusTemporaryRedirect)
		}, "it answers 307"},
		"is not to find": {nil, "connection refused"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var well atomic.Bool
			var served atomic.Int64
			end := make(chan struct{})
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if served.Add(1); !well.Load() {
					tt.answer(w, r, end)
				}
			}))
			defer server.Close()
			defer close(end)
			at := server.URL
			if tt.answer == nil {
				at = "http://127.0.0.1:" + testenv.FreePort(t)
			}
			tracer, log := start(t, at, func(c *trace.Config) { c.Timeout = 2 * time.Second })
			const n = 10_000 // several times the room
			began := time.Now()
			for range n {
				ctx, root := tracer.Begin(t.Context(), trace.Server, "POST", trace.Caller{})
				_, child := trace.Start(ctx, trace.Client, "statement")
				child.End()
				root.End()
			}
			if took := time.Since(began); took > n*time.Millisecond {
				t.Errorf("%d traces took %v, want a millisecond each at most", n, took)
			}
			testenv.Await(t, time.Minute, "the line in the log", func() bool { return strings.Contains(log.String(), "traces are lost") })
			if !strings.Contains(log.String(), `"level":"warn","error":"`+strings.TrimPrefix(at, "http://")+": "+tt.reason+`"`) {
				t.Errorf("log: %s", log)
			}
			if tt.answer == nil {
				tracer.Stop()
				return
			}
			well.Store(true)
			testenv.Await(t, time.Minute, "the receiver to be back", func() bool {
				_, root := tracer.Begin(t.Context(), trace.Server, "POST", trace.Caller{})
				root.End()
				return strings.Contains(log.String(), "traces arrive again")
			})
			tracer.Stop()
			if strings.Count(log.String(), "\n") != 2 {
				t.Errorf("log: %s", log)
			}
		})
	}
}

// Stop waits for a receiver that hangs no longer than two seconds, and then nothing is under
// way any more.
func TestStopWhileReceiverHangs(t *testing.T) {
	t.Parallel()
	left := make(chan struct{})
	came := make(chan struct{}, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // else nobody would see that the client leaves
		came <- struct{}{}
		<-r.Context().Done()
		close(left)
	}))
	defer server.Close()
	tracer, log := start(t, server.URL)
	_, root := tracer.Begin(t.Context(), trace.Server, "POST", trace.Caller{})
	root.End()
	began := time.Now()
	tracer.Stop()
	<-came
	<-left
	if took := time.Since(began); took > 20*time.Second || log.String() != "" {
		t.Errorf("took %v; log: %s", took, log)
	}
}

// What takes a while to be taken is sent again, once.
func TestTriesAgain(t *testing.T) {
	t.Parallel()
	c := testenv.NewCollector(t)
	var tries atomic.Int64
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n := tries.Add(1); n == 1 {
			w.Header().Set("Retry-After", strconv.Itoa(1))
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		req, err := http.NewRequestWithContext(context.WithoutCancel(r.Context()), r.Method, c.URL+r.URL.Path, r.Body)
		if err != nil {
			t.Error(err)
			return
		}
		req.Header = r.Header
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Error(err)
			return
		}
		_ = res.Body.Close()
		w.WriteHeader(res.StatusCode)
	}))
	defer proxy.Close()
	tracer, log := start(t, proxy.URL)
	_, root := tracer.Begin(t.Context(), trace.Server, "POST", trace.Caller{})
	root.End()
	c.Await(t, "a second try", func(s *testenv.Span) bool { return s.Name == "POST" })
	tracer.Stop()
	if tries.Load() != 2 || len(c.Spans()) != 1 || log.String() != "" {
		t.Errorf("%d tries, %d spans; log: %s", tries.Load(), len(c.Spans()), log)
	}
}

// Try tells a receiver that takes traces from one that does not.
func TestTry(t *testing.T) {
	c := testenv.NewCollector(t)
	good, err := url.Parse(c.URL + "/v1/traces")
	if err != nil {
		t.Fatal(err)
	}
	if err := trace.Try(t.Context(), trace.Config{URL: good}); err != nil {
		t.Error(err)
	}
	away := *good
	away.Host = "127.0.0.1:" + testenv.FreePort(t)
	if err := trace.Try(t.Context(), trace.Config{URL: &away}); err == nil || err.Error() != "connection refused" {
		t.Errorf("got %v", err)
	}
	if !reflect.DeepEqual(c.Spans(), []*testenv.Span(nil)) {
		t.Error("a try sent spans")
	}
}
