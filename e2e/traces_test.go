package e2e_test

import (
	"encoding/hex"
	"encoding/json"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"

	"latchkey/internal/testenv"
)

// fromElsewhere sends requests from another address of this machine, which is none of
// TRUSTED_PROXIES.
var fromElsewhere = &http.Transport{DialContext: (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}).DialContext}

// A caller's trace, and an id such as proxies give requests.
const (
	callersTrace = "0af7651916cd43dd8448eb211c80319c"
	traceparent  = "00-" + callersTrace + "-b7ad6b7169203331-01"
	proxysID     = "8f2c1d0e5b7a49c6a3e1f0b2d4c6e8a0"
)

// called finds spans by name and, unless that is "", the request's id.
func called(name, id string) func(*testenv.Span) bool {
	return func(s *testenv.Span) bool { return s.Name == name && (id == "" || s.Str("latchkey.request_id") == id) }
}

// A trace shows what a request spends its time with: the operation, the fields, statements
// and commands. Each try at a mail is one, too.
func TestTraces_O5(t *testing.T) {
	t.Parallel()
	c := testenv.NewCollector(t)
	s := testenv.NewProduction(t, "OTEL_EXPORTER_OTLP_ENDPOINT="+c.URL, "OTEL_SERVICE_NAME=logins", "OTEL_RESOURCE_ATTRIBUTES=deployment.environment.name=test")
	s.Add(t)
	s.AwaitReady(t)
	ada := s.Join(t)

	in := testenv.Post(t, s.URL(), loginRequest(ada.Username, ada.Password, ada.Client))
	request := c.Await(t, "a login", called("POST /graphql", in.Header.Get("X-Request-Id")))
	if request.Str("latchkey.operation") != "login" || request.Str("latchkey.outcome") != "ok" || request.Int("http.response.status_code") != 200 || request.Status != nil {
		t.Errorf("a login: %v", request)
	}
	if r := request.Resource; r["service.name"] != "logins" || r["deployment.environment.name"] != "test" || r["service.instance.id"] == "" || r["service.version"] == "" {
		t.Errorf("of %v", r)
	}
	operation := only(t, c, request, "mutation login")
	field := only(t, c, operation, "Mutation.login")
	names := testenv.Names(c.Within(field))
	for _, want := range []string{"EVALSHA", "LoginCandidate", "hash", "OpenSession, the guard"} {
		if !slices.Contains(names, want) {
			t.Errorf("a login has %q, want %s", names, want)
		}
	}

	me := testenv.Post(t, s.URL(), testenv.Request{Query: devicesOp, Bearer: ada.Access})
	request = c.Await(t, "me", called("POST /graphql", me.Header.Get("X-Request-Id")))
	field = only(t, c, only(t, c, request, "query me"), "Query.me")
	if names := testenv.Names(c.Within(field)); len(names) < 2 || names[0] != "signedIn" || !slices.Contains(names, "User.sessions") {
		t.Errorf("me has %q", names)
	}

	wrong := testenv.Post(t, s.URL(), loginRequest(ada.Username, typed, ada.Client))
	request = c.Await(t, "a wrong login", called("POST /graphql", wrong.Header.Get("X-Request-Id")))
	if request.Str("latchkey.outcome") != "user_error" || request.Str("error.type") != "INVALID_CREDENTIALS" || request.Status != nil {
		t.Errorf("a wrong login: %v", request)
	}

	mail := c.Await(t, "a mail", called("mail confirm_registration", ""))
	if names := testenv.Names(c.Within(mail)); len(mail.ParentSpanId) > 0 || mail.Str("latchkey.outcome") != "sent" || !slices.Contains(names, "send") {
		t.Errorf("a mail: %v, with %q", mail, names)
	}
	for _, s := range c.Spans() {
		if strings.Contains(s.Name, "livez") || strings.Contains(s.Name, "readyz") {
			t.Errorf("a probe is traced: %s", s.Name)
		}
	}
}

// only is the one span within another, which has this name.
func only(t *testing.T, c *testenv.Collector, s *testenv.Span, name string) *testenv.Span {
	t.Helper()
	within := c.Within(s)
	if len(within) != 1 || within[0].Name != name {
		t.Fatalf("%s has %q, want %s", s.Name, testenv.Names(within), name)
	}
	return within[0]
}

// accessLine is a line of the access log.
type accessLine struct {
	Level, Event, Method, Route, Operation, Outcome, Code, Client, Time string
	RequestID                                                           string  `json:"request_id"`
	TraceID                                                             string  `json:"trace_id"`
	CallerTraceID                                                       string  `json:"caller_trace_id"`
	Took                                                                float64 `json:"took_ms"`
	Status                                                              int
}

// lineOf waits for the line about a request.
func lineOf(t *testing.T, s *testenv.Stack, id string) (l accessLine) {
	t.Helper()
	testenv.Await(t, patience, "the line of "+id, func() bool {
		for line := range strings.Lines(s.Log()) {
			if strings.Contains(line, `"event":"request"`) && strings.Contains(line, `"request_id":"`+id+`"`) {
				return json.Unmarshal([]byte(line), &l) == nil
			}
		}
		return false
	})
	return l
}

// A trusted proxy gives requests their ids and may be the parent of their traces; a
// stranger's ids are nothing but a link, and a word in the log.
func TestStrangersDecideNoTrace_O5(t *testing.T) {
	t.Parallel()
	c := testenv.NewCollector(t)
	s := testenv.NewEmbedded(t, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="+c.URL+"/v1/traces", "OTEL_TRACES_SAMPLER=parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG=0")
	few := s.Add(t)
	s.Env = append(s.Env, "OTEL_TRACES_SAMPLER_ARG=1")
	all := s.Add(t)
	s.AwaitReady(t)
	ask := func(replica *testenv.Process, by http.RoundTripper, header ...string) (id string) {
		t.Helper()
		req, err := http.NewRequest(http.MethodPost, replica.URL+"/graphql", strings.NewReader(document("{ __typename }")))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		for i := 0; i < len(header); i += 2 {
			req.Header.Add(header[i], header[i+1])
		}
		res, err := by.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		return res.Header.Get("X-Request-Id")
	}
	said := []string{"Traceparent", traceparent, "Tracestate", "vendor=" + typed, "Baggage", "a=" + typed, "X-Request-Id", proxysID}

	if id := ask(few, unfollowing, said...); id != proxysID {
		t.Errorf("a proxy's request is called %s", id)
	}
	span := c.Await(t, "a proxy's request", called("POST /graphql", proxysID))
	if hex.EncodeToString(span.TraceId) != callersTrace || hex.EncodeToString(span.ParentSpanId) != "b7ad6b7169203331" {
		t.Errorf("a proxy's request: %v", span)
	}
	if l := lineOf(t, s, proxysID); l.TraceID != callersTrace || l.CallerTraceID != "" || l.Client != "127.0.0.0/24" || l.Operation != "__typename" || l.Outcome != "ok" ||
		l.Status != 200 || l.Took <= 0 || l.Route != "/graphql" || l.Method != "POST" || l.Level != "info" {
		t.Errorf("a proxy's request: %+v", l)
	}

	id := ask(few, fromElsewhere, said...)
	if l := lineOf(t, s, id); id == proxysID || l.TraceID != "" || l.CallerTraceID != callersTrace {
		t.Errorf("a stranger's request %s: %+v", id, l)
	}
	id = ask(all, fromElsewhere, said...)
	span = c.Await(t, "a stranger's request", called("POST /graphql", id))
	if len(span.ParentSpanId) > 0 || hex.EncodeToString(span.TraceId) == callersTrace || len(span.Links) != 1 || hex.EncodeToString(span.Links[0].TraceId) != callersTrace {
		t.Errorf("a stranger's request: %v", span)
	}
	if l := lineOf(t, s, id); l.TraceID != hex.EncodeToString(span.TraceId) || l.CallerTraceID != callersTrace {
		t.Errorf("a stranger's request: %+v", l)
	}
	for _, odd := range []string{"short", strings.Repeat("a", 65), strings.Repeat("a", 19) + "@", strings.Repeat("ä", 20), proxysID + `","forged":"`} {
		if id := ask(few, unfollowing, "X-Request-Id", odd); id == odd || len(id) < 20 {
			t.Errorf("%q became %s", odd, id)
		}
	}
	if id := ask(few, unfollowing, "X-Request-Id", proxysID, "X-Request-Id", proxysID); id == proxysID {
		t.Error("two ids are one")
	}
	if n := len(slices.DeleteFunc(c.Spans(), func(s *testenv.Span) bool { return !strings.HasPrefix(s.Name, "POST") })); n != 2 {
		t.Errorf("%d requests are traced", n)
	}
	if strings.Contains(c.Text(), typed) || strings.Contains(s.Log(), typed) || strings.Contains(s.Log(), "forged") {
		t.Error("what a caller said of its trace is repeated")
	}
}

// Whole addresses stand in the log only where somebody wants that, and times have
// milliseconds.
func TestAccessLog_O5(t *testing.T) {
	t.Parallel()
	s := testenv.Embedded(t, "LOG_ADDRESSES=full")
	p := exchange(t, "GET", s.URL()+"/nowhere/"+typed+"?"+typed, "", "X-Forwarded-For", "2001:db8::7")
	l := lineOf(t, s, p.header.Get("X-Request-Id"))
	if l.Client != "2001:db8::7" || l.Route != "/" || l.Status != 404 || l.Outcome != "invalid" || l.Operation != "" || l.TraceID != "" {
		t.Errorf("got %+v", l)
	}
	if at := strings.Index(l.Time, "."); at < 0 || strings.IndexAny(l.Time[at+1:], "Z+-") != 3 {
		t.Errorf("the time is %s", l.Time)
	}
	wrong := testenv.Post(t, s.URL(), loginRequest("nobody", typed, "192.0.2.77"))
	if l := lineOf(t, s, wrong.Header.Get("X-Request-Id")); l.Client != "192.0.2.77" || l.Operation != "login" || l.Outcome != "user_error" || l.Code != "INVALID_CREDENTIALS" {
		t.Errorf("got %+v", l)
	}
	silent := testenv.Embedded(t, "ACCESS_LOG=off")
	testenv.Post(t, silent.URL(), loginRequest("nobody", typed, "192.0.2.77"))
	silent.Replicas[0].Signal(t, syscall.SIGTERM)
	silent.Replicas[0].Wait(t, patience)
	if strings.Contains(silent.Log(), `"event":"request"`) {
		t.Error("there is an access log that nobody asked for")
	}
}

// While the receiver of traces hangs, everything goes on, and the log has one line.
func TestTracesGoNowhere_O5(t *testing.T) {
	t.Parallel()
	hanging, err := net.Listen("tcp", "127.0.0.1:0") // whose connections nobody takes
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = hanging.Close() }()
	s := testenv.Embedded(t, "OTEL_EXPORTER_OTLP_ENDPOINT=http://"+hanging.Addr().String(), "OTEL_EXPORTER_OTLP_TIMEOUT=100")
	ada := s.Join(t)
	awaitLog(t, s, "traces are lost")
	for range 600 { // more than are sent at once
		if a := me(t, s.URL(), ada.Access); len(a.Errors) > 0 {
			t.Fatal(string(a.Body))
		}
	}
	s.Replicas[0].Signal(t, syscall.SIGTERM)
	if code := s.Replicas[0].Wait(t, patience); code != 0 {
		t.Errorf("it ended with %d", code)
	}
	if n := strings.Count(s.Log(), "traces"); n != 1 {
		t.Errorf("%d lines of traces", n)
	}
}
