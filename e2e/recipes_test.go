package e2e_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"strings"
	"testing"
	"time"

	"latchkey/internal/testenv"
)

// A page whose host passes the API on, as docs/recipes.md has it, stays logged in by a
// cookie of its own host, and each person counts for themselves.
func TestPageOnAnotherDomain(t *testing.T) {
	t.Parallel()
	s, mail, address := sharedProduction.use(t), testenv.Mailpit(t), "127.0.0.1:"+testenv.FreePort(t)
	text, err := os.ReadFile("../docs/recipes.md")
	must(t, err)
	block := nginxBlock.FindSubmatch(text)
	if block == nil {
		t.Fatal("docs/recipes.md shows no nginx")
	}
	testenv.Nginx(t, address, strings.NewReplacer(
		"listen 443 ssl;", "listen "+address+" ssl;", "server_name app.example.com;", "server_name localhost;",
		"/etc/ssl/app.example.com.pem", mail.CA, "/etc/ssl/app.example.com.key", mail.Key,
		"https://auth.example.org", s.URL(),
	).Replace(string(block[1])))

	pem, err := os.ReadFile(mail.CA)
	must(t, err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	jar, err := cookiejar.New(nil)
	must(t, err)
	browser := &http.Client{Jar: jar, Timeout: time.Minute, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	ada := s.Join(t)
	ask := func(op string, pairs ...any) *testenv.Answer {
		t.Helper()
		body := variablesBody(testenv.Request{Query: op, Variables: testenv.Input(pairs...)})
		req, err := http.NewRequest(http.MethodPost, "https://"+strings.Replace(address, "127.0.0.1", "localhost", 1)+"/graphql", strings.NewReader(body))
		must(t, err)
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Origin", allowedOrigin)
		req.Header.Set("Sec-Fetch-Site", "same-origin")
		req.Header.Set("X-Forwarded-For", ada.Client)
		res, err := browser.Do(req)
		must(t, err)
		defer func() { _ = res.Body.Close() }()
		answer, err := io.ReadAll(res.Body)
		must(t, err)
		return answered(page{res.StatusCode, res.Header, string(answer)})
	}
	login := ask(testenv.LoginOp, "login", ada.Username, "password", ada.Password, "transport", "COOKIE")
	if got := login.Payload(t, "login"); got.Tokens == nil || got.Tokens.RefreshToken != "" {
		t.Fatalf("login: %s", login.Body)
	}
	refreshed := ask(testenv.RefreshOp)
	got := refreshed.Payload(t, "refresh")
	if got.Tokens == nil || got.User.ID != ada.ID {
		t.Fatalf("refresh by the cookie: %s", refreshed.Body)
	}
	for _, d := range devices(t, s.URL(), got.Tokens.AccessToken) {
		if d.Current && (d.IPAddress == nil || *d.IPAddress != ada.Client) {
			t.Errorf("the session is of %v, want %s", d.IPAddress, ada.Client)
		}
	}
}
