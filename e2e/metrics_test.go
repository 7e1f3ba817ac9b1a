package e2e_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"latchkey/internal/testenv"
)

// mostSeries is how many series a process may have after every operation ran.
const mostSeries = 1000

// watched are two replicas in production with METRICS_ADDR, the addresses where each has its
// metrics, and the way to their mail server.
func watched(t *testing.T) (s *testenv.Stack, at []string, smtp *testenv.Proxy) {
	t.Helper()
	s = testenv.NewProduction(t)
	smtp = s.Through(t, "MAIL_SERVER")
	for range 2 {
		address := "127.0.0.1:" + testenv.FreePort(t)
		s.Env = append(s.Env, "METRICS_ADDR="+address)
		at = append(at, address)
		s.Add(t)
	}
	s.AwaitReady(t)
	return s, at, smtp
}

// scrape is what a replica answers at its METRICS_ADDR.
func scrape(t *testing.T, address string) string {
	t.Helper()
	status, text := fetch(t, "http://"+address+"/metrics")
	if status != http.StatusOK {
		t.Fatalf("/metrics: %d %s", status, text)
	}
	return text
}

func fetch(t *testing.T, address string) (status int, text string) {
	t.Helper()
	res, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

// everyOperation runs each operation that there is with arguments that will not do, and
// without any rights.
func everyOperation(t *testing.T, base string) (names []string) {
	t.Helper()
	text, err := os.ReadFile("../schema.graphqls")
	if err != nil {
		t.Fatal(err)
	}
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "schema.graphqls", Input: string(text)})
	if err != nil {
		t.Fatal(err)
	}
	for kind, root := range map[string]*ast.Definition{"query": schema.Query, "mutation": schema.Mutation} {
		for _, field := range root.Fields {
			if strings.HasPrefix(field.Name, "__") {
				continue
			}
			names = append(names, field.Name)
			var declared, given []string
			for _, arg := range field.Arguments {
				if arg.Type.NonNull {
					declared = append(declared, "$"+arg.Name+": "+arg.Type.String())
					given = append(given, arg.Name+": $"+arg.Name)
				}
			}
			query := kind + " {" + field.Name + " { __typename } }"
			if len(declared) > 0 {
				query = fmt.Sprintf("%s (%s) { %s(%s) { __typename } }", kind, strings.Join(declared, ", "), field.Name, strings.Join(given, ", "))
			}
			if _, err := testenv.TryPost(base, testenv.Request{Query: query, Client: testenv.ClientAddress()}); err != nil {
				t.Fatal(err)
			}
		}
	}
	return names
}

// What somebody sends who would like to be seen in a label.
const marker = "hunter2"

// Metrics count what there is to count, by words of ours alone, whatever clients send; they
// are found at METRICS_ADDR and nowhere else, and so are Go's profiles.
func TestMetrics_O5(t *testing.T) {
	t.Parallel()
	s, at, _ := watched(t)
	base := s.Replicas[0].URL
	names := everyOperation(t, base)
	ada := s.Join(t)
	for range 20 {
		mustBe(t, base, ada.Access, ada.ID)
	}
	wrong := loginRequest(ada.Username, marker, ada.Client)
	wrong.Header = map[string]string{"User-Agent": marker, "X-Request-Id": marker, "Origin": "https://" + marker + ".example"}
	mustSay(t, testenv.Post(t, base, wrong), "login", "INVALID_CREDENTIALS")
	for _, query := range []string{
		"query " + marker + " { me { id } }", "{ " + marker + ": me { id } }", "{ " + marker + " }", "{ me { " + marker + " } }", marker, `{ user(id: "` + marker + `") { id } }`,
	} {
		if _, err := testenv.TryPost(base, testenv.Request{Query: query, Bearer: marker, Client: testenv.ClientAddress()}); err != nil {
			t.Fatal(err)
		}
	}
	strangePaths(t, base, testenv.Repeats(t, 1000, 10_000))
	for _, form := range []url.Values{
		{"grant_type": {"password"}, "username": {ada.Username}, "password": {ada.Password}, "client_id": {marker}},
		{"grant_type": {"password"}, "username": {ada.Username}, "password": {ada.Password}},
		{"grant_type": {"refresh_token"}, "refresh_token": {marker}}, {"grant_type": {marker}},
	} {
		res, err := http.PostForm(base+"/auth/token", form)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
	}

	text := scrape(t, at[0])
	if said, ok := testenv.Promtool(t, ".", text, "check", "metrics"); !ok || said != "" {
		t.Errorf("promtool check metrics:\n%s", said)
	}
	all := seriesOf(text)
	t.Logf("%d series after %d operations", len(all), len(names))
	if len(all) > mostSeries {
		t.Errorf("%d series, want %d at most", len(all), mostSeries)
	}
	for _, bad := range []string{marker, "path0", ada.Username, ada.ID, ada.Email, "127.0.0.1"} {
		if i := strings.Index(text, bad); i >= 0 {
			t.Errorf("metrics hold %s: %s", bad, text[max(0, i-80):min(len(text), i+80)])
		}
	}
	names = append(names, "invalid", "__typename", "__schema", "__type")
	for series := range all {
		if m := regexp.MustCompile(`operation="([^"]*)"`).FindStringSubmatch(series); m != nil && !slices.Contains(names, m[1]) {
			t.Errorf("%s: an operation that is not of the schema", series)
		}
	}
	for _, want := range []string{
		`latchkey_operations_total{operation="me",outcome="ok"}`, `latchkey_operations_total{operation="me",outcome="unauthenticated"}`,
		`latchkey_operations_total{operation="invalid",outcome="invalid"}`, `latchkey_operations_total{operation="login",outcome="user_error"}`,
		`latchkey_operation_duration_seconds_bucket{operation="me",le="0.005"}`, `latchkey_http_requests_total{code="2xx",route="/graphql"}`,
		`latchkey_http_requests_total{code="4xx",route="/"}`, `latchkey_logins_total{outcome="ok",way="oauth"}`, `latchkey_logins_total{outcome="refused",way="api"}`,
		`latchkey_refreshes_total{outcome="invalid"}`, `latchkey_hash_duration_seconds_count`, `latchkey_hash_queue`, `latchkey_hash_workers`, `latchkey_hash_refused_total`,
		`latchkey_outbox_mails`, `latchkey_outbox_oldest_seconds`, `latchkey_outbox_failed`, `latchkey_db_pool_connections{state="max"}`,
		`latchkey_db_wait_seconds_total`, `latchkey_db_errors_total{class="unavailable"}`, `latchkey_dependency_up{name="postgresql"}`,
		`latchkey_dependency_up{name="postgresql writes"}`, `latchkey_dependency_up{name="redis"}`, `latchkey_dependency_up{name="hashing"}`, `latchkey_throttle_fallback`,
		`latchkey_swept_rows_total{table="sessions"}`, `latchkey_sweep_last_success_timestamp_seconds`, `latchkey_schema_version`, `go_goroutines`, `process_resident_memory_bytes`,
	} {
		if _, there := all[want]; !there {
			t.Errorf("there is no %s", want)
		}
	}
	if got := all[`latchkey_schema_version`]; got == "0" {
		t.Error("the schema has no version")
	}

	for _, path := range []string{"/metrics", "/debug/pprof/", "/debug/pprof/heap", "/debug/pprof/cmdline", "/debug/vars"} {
		if status, _ := fetch(t, base+path); status != http.StatusNotFound {
			t.Errorf("%s for everybody: %d", path, status)
		}
	}
	if status, _ := fetch(t, "http://"+at[0]+"/debug/pprof/heap"); status != http.StatusServiceUnavailable { // nobody asked before
		t.Errorf("the first profile of memory: %d", status)
	}
	for path, want := range map[string]int{
		"/debug/pprof/": 200, "/debug/pprof/heap": 200, "/debug/pprof/allocs": 200, "/debug/pprof/goroutine?debug=1": 200, "/debug/pprof/cmdline": 404, "/graphql": 404, "/": 404,
	} {
		if status, _ := fetch(t, "http://"+at[0]+path); status != want {
			t.Errorf("%s at METRICS_ADDR: %d, want %d", path, status, want)
		}
	}
}

// strangePaths asks for n different paths, none of which is there.
func strangePaths(t *testing.T, base string, n int) {
	t.Helper()
	for i := range n {
		if status, _ := fetch(t, fmt.Sprintf("%s/path0%d/%s?token=%s", base, i, marker, marker)); status != http.StatusNotFound {
			t.Fatalf("a path that is not there: %d", status)
		}
	}
}

// seriesOf are the values of metrics in Prometheus' text format, by their series.
func seriesOf(text string) map[string]string {
	all := map[string]string{}
	for line := range strings.Lines(text) {
		if i := strings.LastIndexByte(line, ' '); !strings.HasPrefix(line, "#") && i > 0 {
			all[line[:i]] = strings.TrimSpace(line[i+1:])
		}
	}
	return all
}

// Without METRICS_ADDR nobody answers anything of it, and an address that others reach is
// warned of.
func TestMetricsAddr(t *testing.T) {
	t.Parallel()
	s := testenv.NewEmbedded(t, "METRICS_ADDR=0.0.0.0:"+testenv.FreePort(t))
	p := s.Add(t)
	s.AwaitReady(t)
	if !strings.Contains(p.Log(), "METRICS_ADDR can be reached by others than this machine") {
		t.Errorf("no warning of an address for everybody:\n%s", p.Log())
	}
	taken := testenv.NewEmbedded(t, "METRICS_ADDR="+strings.TrimPrefix(p.URL, "http://"))
	if code := taken.Add(t).Wait(t, patience); code != 1 || !strings.Contains(taken.Log(), "METRICS_ADDR: ") || !strings.Contains(taken.Log(), "is in use") {
		t.Errorf("an address that is taken: exit code %d\n%s", code, taken.Log())
	}
}
