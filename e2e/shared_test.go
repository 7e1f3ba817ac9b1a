package e2e_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/internal/testenv"
)

// Origins of other sites, on the shared stacks.
const (
	allowedOrigin = "https://app.example.org"
	appOrigin     = "capacitor://localhost" // allowed as well
	previewOrigin = "https://pr-7.preview.example.org"
	foreignOrigin = "https://evil.example"

	corsOrigins = "CORS_ORIGINS=" + allowedOrigin + "," + appOrigin + ",https://*.preview.example.org"
)

// appURL is where the pages of the shared stacks send people.
const appURL = "https://app.example.org/welcome"

// Many tests ask much and change nothing that another could notice. They share
// one stack of each kind: the embedded one over http on this machine, the other
// as if behind TLS.
var (
	sharedEmbedded = shared{start: func(t testing.TB) *testenv.Stack {
		return testenv.Embedded(t, "JWT_PRIVATE_KEYS=hs256", corsOrigins, "APP_URL="+appURL, "SECRET_KEY="+knownSecret, "OAUTH_CLIENTS="+oauthClients)
	}}
	sharedProduction = shared{start: func(t testing.TB) *testenv.Stack {
		return testenv.Production(t, corsOrigins, "APP_URL="+appURL, "SECRET_KEY="+knownSecret, "OAUTH_CLIENTS="+oauthClients,
			"PUBLIC_URL=https://auth.example.org")
	}}
)

// knownSecret signs the tokens of the shared stacks.
const knownSecret = "Zk3vQ8w1Lr7TnXy5Bd0HsGm9PcWfUo2aEj6iKt4V"

// The OAuth clients of the shared stacks.
const (
	shopID, shopSecret       = "shop", "wH7rTq2Lx9+Vb4Nc8Ms1/Zp6Kd3Gf5%Jy0Q="
	billingID, billingSecret = "billing", "rB5mXv8Ct1Ny4Ku7Ef0Aw3Pd6Sg9Hj2L"
	oauthClients             = shopID + ":" + shopSecret + "," + billingID + ":" + billingSecret
)

// onEach runs f on both shared stacks, side by side.
func onEach(t *testing.T, f func(t *testing.T, s *testenv.Stack)) {
	t.Helper()
	t.Run("embedded", func(t *testing.T) { t.Parallel(); f(t, sharedEmbedded.use(t)) })
	t.Run("production", func(t *testing.T) { t.Parallel(); f(t, sharedProduction.use(t)) })
}

// shared is a stack that runs while somebody uses it.
type shared struct {
	start func(t testing.TB) *testenv.Stack

	mu     sync.Mutex
	users  int
	stack  *testenv.Stack // nil unless it runs
	keeper keeper
}

// use returns the stack, which runs until t ends at least.
func (s *shared) use(t testing.TB) *testenv.Stack {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users++
	t.Cleanup(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.keeper.failed = s.keeper.failed || t.Failed()
		if s.users--; s.users == 0 {
			s.keeper.end(t)
			s.stack, s.keeper = nil, keeper{}
		}
	})
	if s.stack == nil {
		s.keeper.TB = t
		stack := s.start(&s.keeper)
		stack.DB(&s.keeper) // is closed with the stack, not with the test that asks first
		s.stack = stack
	}
	return s.stack
}

// keeper is the test that a shared stack belongs to: the one that starts it and,
// in the end, the one that used it last.
type keeper struct {
	testing.TB
	cleanups []func()
	failed   bool // one that used it did
}

func (k *keeper) Cleanup(f func()) { k.cleanups = append(k.cleanups, f) }

func (k *keeper) Failed() bool { return k.failed }

// Logf shows the servers' logs even if the last test to use them passed, without
// a line for each of thousands of requests.
func (k *keeper) Logf(format string, args ...any) {
	for line := range strings.Lines(fmt.Sprintf(format+"\n", args...)) {
		if !strings.Contains(line, `"message":"request"`) {
			fmt.Print(line)
		}
	}
}

func (k *keeper) Context() context.Context { return context.Background() }

func (k *keeper) TempDir() string {
	dir, err := os.MkdirTemp("", "latchkey-e2e")
	if err != nil {
		k.Fatal(err)
	}
	k.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func (k *keeper) end(last testing.TB) {
	k.TB = last
	for i := len(k.cleanups) - 1; i >= 0; i-- {
		k.cleanups[i]()
	}
}

// public is the stack's PUBLIC_URL.
func public(s *testenv.Stack) string {
	if url := s.Setting("PUBLIC_URL"); url != "" {
		return url
	}
	return strings.Replace(s.Replicas[0].URL, "127.0.0.1", "localhost", 1)
}

// secure says whether people reach the stack over TLS.
func secure(s *testenv.Stack) bool { return strings.HasPrefix(public(s), "https:") }

// development says whether the stack is for it, where pages on this machine are allowed.
func development(s *testenv.Stack) bool { return s.Setting("LATCHKEY_ENV") != "production" }

// typed is in whatever these tests send that might be a password: no answer may
// repeat it.
const typed = "hunter2-sesame"

// inside are words that tell what the program is made of and where (I6).
var inside = regexp.MustCompile(`(?i)SELECT .+ FROM|INSERT INTO|DELETE FROM|SQLSTATE|sqlite|postgres|pgx\.|jackc|redis:|gqlgen|gqlparser|` +
	`goroutine \d|\.go:\d|runtime error|\bpanic\b|(^|[^\w/<.-])/(root|tmp|proc|usr|home|work|go)/|dial tcp|no such table|relation "|constraint`)

// random are the texts in answers in which anything may stand by chance.
var random = regexp.MustCompile(`eyJ[\w.-]+|lk[rod]_[\w-]+|[a-zA-Z2-7]{20,}`)

// exchange sends one request, follows nothing, and returns the answer, which
// tells nothing of the inside and repeats no password. Header fields come in
// pairs and may repeat; Host is one of them.
func exchange(t testing.TB, method, url, body string, header ...string) page {
	t.Helper()
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		if header[i] == "Host" {
			req.Host = header[i+1]
			continue
		}
		req.Header.Add(header[i], header[i+1])
	}
	res, err := unfollowing.RoundTrip(req)
	if err != nil {
		t.Fatalf("%s: %v", method, err)
	}
	return tellsNothing(t, res)
}

var unfollowing = &http.Transport{MaxIdleConnsPerHost: 16}

// rawExchange sends bytes as they are and returns the first answer: for what a
// Go client does not send.
func rawExchange(t testing.TB, base string, request io.Reader) page {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	go func() { _, _ = io.Copy(conn, request) }() // the server may answer and hang up before its end
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	return tellsNothing(t, res)
}

func tellsNothing(t testing.TB, res *http.Response) page {
	t.Helper()
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	p := page{res.StatusCode, res.Header, string(body)}
	if found := inside.FindString(random.ReplaceAllString(p.body, "")); found != "" {
		t.Errorf("the answer tells of the inside, %q: %d %s", found, p.status, p.body)
	}
	if strings.Contains(p.body, typed) {
		t.Errorf("the answer repeats what was typed: %d %s", p.status, p.body)
	}
	return p
}

// patience is how long a server may be busy, as testenv.Post has it.
const patience = time.Minute

// postJSON sends a body to the API, again while the server is busy.
func postJSON(t testing.TB, base, body string, header ...string) (a *testenv.Answer) {
	t.Helper()
	header = append([]string{"Content-Type", "application/json"}, header...)
	testenv.Await(t, patience, "a busy server", func() bool {
		a = answered(exchange(t, http.MethodPost, base+"/graphql", body, header...))
		return a.Code() != "UNAVAILABLE"
	})
	return a
}

// postQuery sends a document without variables to the API.
func postQuery(t testing.TB, base, query string, header ...string) *testenv.Answer {
	t.Helper()
	return postJSON(t, base, document(query), header...)
}

func document(query string) string {
	b, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		panic(err) // of a string
	}
	return string(b)
}

// variablesBody is the body of a request.
func variablesBody(r testenv.Request) string {
	b, err := json.Marshal(map[string]any{"query": r.Query, "variables": r.Variables})
	if err != nil {
		panic(err) // of strings
	}
	return string(b)
}

// answered reads a page as an answer of the API.
func answered(p page) *testenv.Answer {
	a := &testenv.Answer{Status: p.status, Header: p.header, Body: []byte(p.body)}
	_ = json.Unmarshal(a.Body, a) // what is not JSON stays in Body
	return a
}

// mustRefuse fails the test unless the answer has this status, no data and
// nothing but errors of this code.
func mustRefuse(t testing.TB, what string, a *testenv.Answer, status int, code string) {
	t.Helper()
	bad := a.Status != status || len(a.Errors) == 0 || len(a.Errors) > 5 || a.Data != nil
	for _, e := range a.Errors {
		bad = bad || e.Extensions.Code != code || e.Message == ""
	}
	if bad {
		t.Errorf("%s: got %d %s, want %d and %s", what, a.Status, cut(string(a.Body)), status, code)
	}
}

// cut keeps failures readable.
func cut(s string) string {
	if len(s) > 500 {
		return fmt.Sprintf("%s… (%d bytes)", s[:500], len(s))
	}
	return s
}

// mustFail fails the test unless the operation failed with this code and reason.
func mustFail(t testing.TB, what string, a *testenv.Answer, code, reason string) {
	t.Helper()
	if a.Status != http.StatusOK || a.Code() != code || a.Errors[0].Extensions.Reason != reason {
		t.Errorf("%s: got %d %s, want %s %s", what, a.Status, cut(string(a.Body)), code, reason)
	}
}
