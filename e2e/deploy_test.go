package e2e_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"latchkey/internal/testenv"
)

// deployedProxy is a proxy that runs from a file of deploy/, between a client with an address of
// its own and the service.
type deployedProxy struct {
	t       *testing.T
	https   string // base URL
	http    string // the same without TLS, or "" where nothing listens
	address string // of the client, as the proxy sees it
	client  *http.Client
	logs    func() string // all that the proxy wrote
	saysWhy bool          // answers of GraphQL are JSON while the service is away
}

// deployFile is a file of deploy/ with places in it changed, each of which has to be there.
func deployFile(t *testing.T, name string, pairs ...string) string {
	t.Helper()
	file, err := os.ReadFile(filepath.Join("../deploy", name))
	if err != nil {
		t.Fatal(err)
	}
	text := string(file)
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("deploy/%s has no %q", name, pairs[i])
		}
		text = strings.ReplaceAll(text, pairs[i], pairs[i+1])
	}
	return text
}

// newDeployedProxy is a proxy that listens at two ports of 127.0.0.1.
func newDeployedProxy(t *testing.T, plain, secure string, logs func() string) *deployedProxy {
	t.Helper()
	pem, err := os.ReadFile(testenv.Mailpit(t).CA)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	address := fmt.Sprintf("127.66.%d.%d", mathrand.IntN(256), 1+mathrand.IntN(254))
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	return &deployedProxy{
		t: t, https: "https://localhost:" + secure, http: "http://localhost:" + plain, address: address, logs: logs,
		client: &http.Client{
			Timeout: time.Minute,
			Transport: &http.Transport{
				TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 16,
				DialContext: func(ctx context.Context, network, at string) (net.Conn, error) {
					_, port, err := net.SplitHostPort(at)
					if err != nil {
						return nil, err
					}
					return dialer.DialContext(ctx, network, "127.0.0.1:"+port)
				},
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// deployNginx runs deploy/nginx/latchkey.conf before a service at upstream, host:port.
func deployNginx(t *testing.T, upstream string) *deployedProxy {
	t.Helper()
	mail, dir, plain, secure := testenv.Mailpit(t), t.TempDir(), testenv.FreePort(t), testenv.FreePort(t)
	said := testenv.Nginx(t, "127.0.0.1:"+secure, deployFile(t, "nginx/latchkey.conf",
		"listen 80;", "listen 127.0.0.1:"+plain+";", "listen [::]:80;", "",
		"listen 443 ssl http2;", "listen 127.0.0.1:"+secure+" ssl http2;", "listen [::]:443 ssl http2;", "",
		"/etc/letsencrypt/live/auth.example.org/fullchain.pem", mail.CA, "/etc/letsencrypt/live/auth.example.org/privkey.pem", mail.Key,
		"/var/log/nginx/", dir+"/", "server 127.0.0.1:8080;", "server "+upstream+";"))
	d := newDeployedProxy(t, plain, secure, func() string {
		all := said()
		for _, name := range []string{"latchkey.access.log", "latchkey.error.log"} {
			text, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			all += string(text)
		}
		return all
	})
	d.saysWhy = true
	return d
}

// deployCaddy runs deploy/caddy/Caddyfile, with a certificate that is there in the place of
// one that Caddy asks for.
func deployCaddy(t *testing.T, upstream string) *deployedProxy {
	t.Helper()
	mail, plain, secure := testenv.Mailpit(t), testenv.FreePort(t), testenv.FreePort(t)
	d := newDeployedProxy(t, plain, secure, testenv.Caddyfile(t, "127.0.0.1:"+secure, deployFile(t, "caddy/Caddyfile",
		"\n{\n", "\n{\n\tadmin off\n\tdefault_bind 127.0.0.1\n\tauto_https disable_certs\n\thttp_port "+plain+"\n\thttps_port "+secure+"\n",
		"{$SITE:auth.example.org} {\n", "{$SITE:auth.example.org} {\n\ttls "+mail.CA+" "+mail.Key+"\n"),
		"SITE=localhost", "UPSTREAM="+upstream))
	d.saysWhy = true
	return d
}

// deployHAProxy runs deploy/haproxy/haproxy.cfg before two replicas.
func deployHAProxy(t *testing.T, one, two string) *deployedProxy {
	t.Helper()
	mail, plain, secure := testenv.Mailpit(t), testenv.FreePort(t), testenv.FreePort(t)
	var both []byte
	for _, name := range []string{mail.CA, mail.Key} {
		pem, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		both = append(both, pem...)
	}
	pem := filepath.Join(t.TempDir(), "both.pem")
	if err := os.WriteFile(pem, both, 0o600); err != nil {
		t.Fatal(err)
	}
	return newDeployedProxy(t, plain, secure, testenv.HAProxy(t, "127.0.0.1:"+secure, deployFile(t, "haproxy/haproxy.cfg",
		"log /dev/log local0", "log stdout format raw local0", "bind :80\n", "bind 127.0.0.1:"+plain+"\n", "bind :443 ", "bind 127.0.0.1:"+secure+" ",
		"/etc/haproxy/auth.example.org.pem", pem, "server one 127.0.0.1:8080", "server one "+one, "server two 127.0.0.1:8081", "server two "+two)))
}

// ask sends a GraphQL request through the proxy, from a client that says it is another.
func (d *deployedProxy) ask(op, bearer string, variables map[string]any) (*testenv.Answer, error) {
	body, err := json.Marshal(map[string]any{"query": op, "variables": variables})
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequest(http.MethodPost, d.https+"/graphql", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Forwarded-For", "203.0.113.9")
	req.Header.Set("X-Request-Id", proxysID)
	req.Header.Set("Traceparent", traceparent)
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	p, err := d.send(req)
	return answered(p), err
}

// get opens an address.
func (d *deployedProxy) get(address string) page {
	d.t.Helper()
	req, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		d.t.Fatal(err)
	}
	req.Header.Set("Referer", address) // as of the page's own form
	p, err := d.send(req)
	if err != nil {
		d.t.Fatal(err)
	}
	return p
}

func (d *deployedProxy) send(req *http.Request) (page, error) {
	res, err := d.client.Do(req)
	if err != nil {
		return page{}, err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	return page{res.StatusCode, res.Header, string(body)}, err
}

// Each proxy, as deploy/ has it, knows its client by the client's own address, whatever that
// says, calls requests itself and takes them off traces, and writes down no query: not of a link that is opened, nor while the service is away.
func TestDeployedProxies_O6(t *testing.T) {
	t.Parallel()
	s := testenv.Embedded(t)
	for name, deploy := range map[string]func(t *testing.T, upstream string) *deployedProxy{
		"nginx": deployNginx, "Caddy": deployCaddy,
		"HAProxy": func(t *testing.T, upstream string) *deployedProxy { return deployHAProxy(t, upstream, upstream) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			upstream := testenv.NewProxy(t, strings.TrimPrefix(s.Replicas[0].URL, "http://"))
			deploy(t, upstream.Addr).live(s, upstream)
		})
	}
}

func (d *deployedProxy) live(s *testenv.Stack, upstream *testenv.Proxy) {
	t, ada := d.t, s.Join(d.t)
	t.Helper()
	testenv.Await(t, patience, "the proxy to find the service", func() bool { return d.get(d.https+"/readyz").status == http.StatusOK })

	login, err := d.ask(testenv.LoginOp, "", testenv.Input("login", ada.Username, "password", ada.Password))
	if err != nil {
		t.Fatal(err)
	}
	tokens := login.Payload(t, "login").Tokens
	if tokens == nil {
		t.Fatalf("login: %d %s", login.Status, login.Body)
	}
	id := login.Header.Get("X-Request-Id")
	if l := lineOf(t, s, id); id == proxysID || len(id) < 32 || l.TraceID+l.CallerTraceID != "" { // one of the service's own has 26
		t.Errorf("the request is called %s: %+v", id, l)
	}
	for _, each := range devices(t, s.URL(), tokens.AccessToken) {
		if each.Current && (each.IPAddress == nil || *each.IPAddress != d.address) {
			t.Errorf("the client is %+v, want one at %s", each, d.address)
		}
	}

	asked, err := d.ask(`mutation ($i: RequestPasswordResetInput!) { requestPasswordReset(input: $i) { errors { code } } }`, "", testenv.Input("email", ada.Email))
	if err != nil {
		t.Fatal(err)
	}
	mustSay(t, asked, "requestPasswordReset")
	link, err := url.Parse(awaitMail(t, s, ada.Email, "Set a new password", 0).Links[0])
	if err != nil {
		t.Fatal(err)
	}
	token := testenv.LinkToken(t, link.String())
	d.get(d.https+link.RequestURI()).mustShow(t, http.StatusOK, `value="set"`)
	if p := d.get(d.http + link.RequestURI()); p.status/100 != 3 || !strings.HasPrefix(p.header.Get("Location"), "https://") {
		t.Errorf("without TLS: %d to %s", p.status, p.header.Get("Location"))
	}
	if p, err := d.ask(strings.Repeat("x", 200<<10), "", nil); err == nil && p.Status != http.StatusRequestEntityTooLarge {
		t.Errorf("200 KiB: got %d", p.Status)
	}

	upstream.Refuse()
	if p := d.get(d.https + link.RequestURI()); p.status/100 != 5 || strings.Contains(p.body, token) {
		t.Errorf("a link while the service is away: %d %s", p.status, p.body)
	}
	away, err := d.ask(testenv.MeOp, "", nil)
	if err != nil || away.Status/100 != 5 || d.saysWhy && away.Code() != "UNAVAILABLE" {
		t.Errorf("GraphQL while the service is away: %v, %d %s", err, away.Status, away.Body)
	}
	upstream.Pass(t)
	testenv.Await(t, patience, "the service to be back", func() bool { return d.get(d.https+link.RequestURI()).status == http.StatusOK })

	const path, opened = "/email/reset-password", 4
	testenv.Await(t, patience, "the proxy's log", func() bool { return strings.Count(d.logs(), path) >= opened })
	logs := d.logs()
	for what, secret := range map[string]string{"the link's token": token, "the address": ada.Email, "the address, encoded": url.QueryEscape(ada.Email), "a query": "token="} {
		if i := strings.Index(logs, secret); i >= 0 {
			t.Errorf("the proxy's log has %s: …%s…", what, logs[max(0, i-200):min(len(logs), i+len(secret))])
		}
	}
	if !strings.Contains(logs, d.address) {
		t.Errorf("the proxy's log does not have its client, %s", d.address)
	}
}
