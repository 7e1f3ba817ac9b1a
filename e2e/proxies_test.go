package e2e_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/internal/testenv"
)

// backendsBlock is a block of docs/backends.md in a language: the first of it.
func backendsBlock(t *testing.T, language string) string {
	t.Helper()
	docs, err := os.ReadFile("../docs/backends.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```" + language + "\n(.*?)```").FindSubmatch(docs)
	if block == nil {
		t.Fatalf("docs/backends.md has no block of %s", language)
	}
	return string(block[1])
}

// traefikBlock has the addresses that docs/backends.md has Traefik ask at, first for
// everybody and then for administrators, and the headers that it hands on.
func traefikBlock(t *testing.T) (addresses, handedOn []string) {
	t.Helper()
	block := backendsBlock(t, "yaml")
	for _, m := range regexp.MustCompile(`address: (\S+)`).FindAllStringSubmatch(block, -1) {
		addresses = append(addresses, m[1])
	}
	for _, m := range regexp.MustCompile(`authResponseHeaders: \[(.+)\]`).FindAllStringSubmatch(block, -1) {
		if list := strings.Split(m[1], ", "); handedOn == nil || len(list) == len(handedOn) {
			handedOn = list
		}
	}
	if len(addresses) != 2 || len(handedOn) != 4 {
		t.Fatalf("docs/backends.md has Traefik ask %v and hand on %v", addresses, handedOn)
	}
	return addresses, handedOn
}

// behind is a backend behind a proxy: it remembers what reached it.
type behind struct {
	*httptest.Server
	mu   sync.Mutex
	last *http.Request
	body string
}

func newBehind(t *testing.T) *behind {
	t.Helper()
	b := &behind{}
	b.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		b.mu.Lock()
		b.last, b.body = r, string(body)
		b.mu.Unlock()
		_, _ = fmt.Fprint(w, "the backend")
	}))
	t.Cleanup(b.Close)
	return b
}

// reached is what reached the backend since the last time, or nil.
func (b *behind) reached() (*http.Request, string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r, body := b.last, b.body
	b.last, b.body = nil, ""
	return r, body
}

// proxied is a proxy before a backend.
type proxied struct {
	t       *testing.T
	url     string
	client  *http.Client
	backend *behind
}

// send sends a request with a token through the proxy, with headers that a client made up.
func (p *proxied) send(method, path, access, body string) *http.Response {
	p.t.Helper()
	r, err := http.NewRequest(method, p.url+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	for _, name := range []string{"X-User-Id", "X-User-Name", "X-User-Role", "X-Session-Id", "x-user-id", "X_User_Id", "X_USER_ROLE", "X-User_Id", "X_Session_Id", "X_User-Role"} {
		r.Header[name] = []string{"forged"} // spelled as it is
	}
	r.Header.Set("Connection", "keep-alive, X-User-Id, x-user-role, X-Session-Id") // which has some proxies take these off
	if access != "" {
		r.Header.Set("Authorization", "Bearer "+access)
	}
	w, err := p.client.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, w.Body)
	_ = w.Body.Close()
	return w
}

// mustReach fails the test unless a request reaches the backend whole, with the headers of
// this user and none that was made up; nil is nobody.
func (p *proxied) mustReach(what, method, path, access, body string, who *testenv.Person, role string) {
	p.t.Helper()
	w := p.send(method, path, access, body)
	r, got := p.backend.reached()
	if w.StatusCode != 200 || r == nil || got != body || r.Method != method {
		p.t.Errorf("%s: %d, and %q reached the backend, want %q", what, w.StatusCode, got, body)
		return
	}
	want := map[string]string{"X-User-Id": "", "X-User-Name": "", "X-User-Role": "", "X-Session-Id": ""}
	if who != nil {
		_, claims := parts(p.t, who.Access)
		want = map[string]string{"X-User-Id": who.ID, "X-User-Name": who.Username, "X-User-Role": role, "X-Session-Id": fmt.Sprint(claims["sid"])}
	}
	for name, value := range want {
		if got := strings.Join(r.Header.Values(name), " "); got != value {
			p.t.Errorf("%s: %s is %q, want %q", what, name, got, value)
		}
	}
	for name, values := range r.Header {
		if strings.Contains(strings.Join(values, " "), "forged") {
			p.t.Errorf("%s: %s: %q reached the backend", what, name, values)
		}
	}
}

// mustNotReach fails the test unless a request is answered so, and nothing reaches the backend.
func (p *proxied) mustNotReach(what, method, path, access string, status int, challenge string) {
	p.t.Helper()
	w := p.send(method, path, access, "{}")
	if r, _ := p.backend.reached(); w.StatusCode != status || r != nil || !strings.Contains(w.Header.Get("WWW-Authenticate"), challenge) {
		p.t.Errorf("%s: got %d %v, reached: %t, want %d %s", what, w.StatusCode, w.Header, r != nil, status, challenge)
	}
}

// live is what holds behind every proxy: who may pass does, with their body and their own
// headers, until the moment when they may not.
func (p *proxied) live(t *testing.T, s *testenv.Stack) {
	t.Helper()
	ada := s.Join(t)
	body := strings.Repeat(`{"some":"body"}`, 1000)
	p.mustReach("a GET", "GET", "/orders?x=1", ada.Access, "", ada, "USER")
	p.mustReach("a POST", "POST", "/orders", ada.Access, body, ada, "USER")
	p.mustNotReach("nobody", "GET", "/orders", "", 401, "Bearer")
	p.mustNotReach("nobody, with a body", "POST", "/orders", "", 401, "Bearer")
	p.mustNotReach("a forged token", "POST", "/orders", ada.Access[:len(ada.Access)-4]+"AAAA", 401, "invalid_token")
	p.mustNotReach("a user for administrators", "GET", "/reports", ada.Access, 403, "")
	p.mustReach("nobody, where nobody is asked for", "GET", "/public/x", "", "", nil, "")
	p.mustReach("dots that lead nowhere", "GET", "/a..b/.well-known/x?y=/../z", ada.Access, "", ada, "USER")
	for _, path := range []string{"/reports", "/orders"} {
		for _, up := range []string{"/../", "/%2e%2e/", "/..%2f", "%2f.%2E%2f"} {
			p.mustNotReach("by "+path+up, "GET", path+up+"public/x", "", 400, "")
		}
	}
	for _, path := range []string{"/reports/../orders", "/reports/."} {
		p.mustNotReach("a user at "+path, "GET", path, ada.Access, 400, "")
	}
	for _, path := range []string{"/REPORTS", "/%72eports", "/reports.json", "/reports;x", "//reports"} {
		p.mustNotReach("a user at "+path, "GET", path, ada.Access, 403, "")
	}
	change(t, s, `UPDATE users SET role = 'ADMIN' WHERE id = $1`, ada.ID)
	p.mustReach("an administrator", "GET", "/reports", ada.Access, "", ada, "ADMIN")
	change(t, s, `UPDATE users SET role = 'USER' WHERE id = $1`, ada.ID)
	p.mustNotReach("an administrator of before", "GET", "/reports", ada.Access, 403, "")
	mustSay(t, testenv.Post(t, s.URL(), testenv.Request{Query: testenv.LogoutOp, Variables: testenv.Input(), Bearer: ada.Access}), "logout")
	p.mustNotReach("logged out", "POST", "/orders", ada.Access, 401, "invalid_token")
}

// replaced is a text with one place in it changed, which has to be there.
func replaced(t *testing.T, text, old, replacement string) string {
	t.Helper()
	if !strings.Contains(text, old) {
		t.Fatalf("docs/backends.md has no %q", old)
	}
	return strings.ReplaceAll(text, old, replacement)
}

// nginx, as docs/backends.md has it, lets pass whom the service lets pass, hands on who they
// are and nothing that they made up, and lets nobody pass while the service is away.
func TestBehindNginx_V1_V2(t *testing.T) {
	t.Parallel()
	mail, backend, address := testenv.Mailpit(t), newBehind(t), "127.0.0.1:"+testenv.FreePort(t)
	s := testenv.Embedded(t)
	conf := backendsBlock(t, "nginx")
	conf = replaced(t, conf, "server 127.0.0.1:8080;", "server "+strings.TrimPrefix(s.Replicas[0].URL, "http://")+";")
	conf = replaced(t, conf, "server 127.0.0.1:3000;", "server "+strings.TrimPrefix(backend.URL, "http://")+";")
	conf = replaced(t, conf, "listen 443 ssl;", "listen "+address+" ssl;")
	conf = replaced(t, conf, "/etc/ssl/example.org.pem", mail.CA)
	conf = replaced(t, conf, "/etc/ssl/example.org.key", mail.Key)
	testenv.Nginx(t, address, conf)
	pem, err := os.ReadFile(mail.CA)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	p := &proxied{t, "https://" + address, &http.Client{Timeout: time.Minute, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}, backend}
	p.live(t, s)

	ada := s.Join(t)
	p.mustReach("fresh", "POST", "/payments", ada.Access, "{}", ada, "USER")
	change(t, s, `UPDATE sessions SET authenticated_at = $1`, time.Now().Add(-11*time.Minute).UTC())
	p.mustNotReach("eleven minutes later", "POST", "/payments", ada.Access, 401, `error="insufficient_user_authentication"`)
	s.Replicas[0].Kill()
	p.mustNotReach("without the service", "GET", "/orders", ada.Access, 500, "")
	p.mustReach("without the service, where nobody is asked for", "GET", "/public/x", ada.Access, "", nil, "")
}

// So does Caddy.
func TestBehindCaddy_V1_V2(t *testing.T) {
	t.Parallel()
	backend, address := newBehind(t), "127.0.0.1:"+testenv.FreePort(t)
	s := testenv.Embedded(t)
	conf := backendsBlock(t, "caddyfile")
	conf = replaced(t, conf, "app.example.org {", "http://"+address+" {")
	conf = replaced(t, conf, "127.0.0.1:8080", strings.TrimPrefix(s.Replicas[0].URL, "http://"))
	conf = replaced(t, conf, "127.0.0.1:3000", strings.TrimPrefix(backend.URL, "http://"))
	testenv.Caddy(t, address, conf)
	p := &proxied{t, "http://" + address, &http.Client{Timeout: time.Minute}, backend}
	p.live(t, s)
	ada := s.Join(t)
	s.Replicas[0].Kill()
	p.mustNotReach("without the service", "GET", "/orders", ada.Access, 502, "")
}
