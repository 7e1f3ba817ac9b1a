package e2e_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"latchkey/internal/testenv"
)

// nginxBlock is the configuration that docs/hosting.md shows.
var nginxBlock = regexp.MustCompile("(?s)```nginx\n(.*?)```")

// elsewhere is what another app answers on the host that the service shares.
const elsewhere = "another app"

// behindNginx starts the stack at the path /id of a host, behind nginx as
// docs/hosting.md has it, and returns PUBLIC_URL and a client with a cookie jar that
// trusts the host. A proxy that takes the path off has one slash more.
func behindNginx(t *testing.T, production, takesOff bool) (*testenv.Stack, string, *http.Client) {
	t.Helper()
	mail, address := testenv.Mailpit(t), "127.0.0.1:"+testenv.FreePort(t)
	public := "https://" + strings.Replace(address, "127.0.0.1", "localhost", 1) + "/id"
	var s *testenv.Stack
	if production {
		s = testenv.Production(t, "PUBLIC_URL="+public)
	} else {
		s = testenv.Embedded(t, "PUBLIC_URL="+public)
	}
	docs, err := os.ReadFile("../docs/hosting.md")
	if err != nil {
		t.Fatal(err)
	}
	block := nginxBlock.FindSubmatch(docs)
	if block == nil {
		t.Fatal("docs/hosting.md shows no nginx")
	}
	conf, replicas := string(block[1]), ""
	for _, p := range s.Replicas {
		replicas += "server " + strings.TrimPrefix(p.URL, "http://") + ";\n"
	}
	replace := func(old, text string) {
		t.Helper()
		if strings.Count(conf, old) != 1 {
			t.Fatalf("docs/hosting.md has no %q", old)
		}
		conf = strings.Replace(conf, old, text, 1)
	}
	replace("server 127.0.0.1:8080;", replicas)
	replace("listen 443 ssl;", "listen "+address+" ssl;\nlocation / { return 200 \""+elsewhere+"\"; }")
	replace("server_name example.org;", "server_name localhost;")
	replace("/etc/ssl/example.org.pem", mail.CA)
	replace("/etc/ssl/example.org.key", mail.Key)
	if takesOff {
		replace("location /id/ {\n        proxy_pass http://latchkey;", "location /id/ {\n        proxy_pass http://latchkey/;")
	}
	testenv.Nginx(t, address, conf)

	pem, err := os.ReadFile(mail.CA)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return s, public, &http.Client{Jar: jar, Timeout: time.Minute, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
}

// A service under a path of its host serves its whole life there: links, pages and what
// they load, the cookie, metadata and keys.
func TestUnderPath_D7_I5(t *testing.T) {
	t.Parallel()
	for name, how := range map[string]struct{ production, takesOff bool }{
		"embedded": {false, false}, "production": {true, false}, "a proxy that takes the path off": {false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, public, client := behindNginx(t, how.production, how.takesOff)
			liveUnderPath(t, s, public, client)
		})
	}
}

func liveUnderPath(t *testing.T, s *testenv.Stack, public string, client *http.Client) {
	t.Helper()
	host := strings.TrimSuffix(public, "/id")
	ada := testenv.Newcomer()
	do := func(method, url, kind, body string) page {
		t.Helper()
		req, err := http.NewRequest(method, url, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Forwarded-For", ada.Client)
		if method == http.MethodPost {
			req.Header.Set("Content-Type", kind)
			req.Header.Set("Origin", host)
			req.Header.Set("Sec-Fetch-Site", "same-origin")
		}
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return page{res.StatusCode, res.Header, string(text)}
	}
	get := func(url string) page { t.Helper(); return do(http.MethodGet, url, "", "") }
	ask := func(op string, pairs ...any) *testenv.Answer {
		t.Helper()
		return answered(do(http.MethodPost, public+"/graphql", "application/json", variablesBody(testenv.Request{Query: op, Variables: testenv.Input(pairs...)})))
	}
	// follow opens a mailed link and presses a button of its page.
	follow := func(link, button, password string) page {
		t.Helper()
		if !strings.HasPrefix(link, public+"/email/") {
			t.Fatalf("a link to %s", strings.SplitN(link, "?", 2)[0])
		}
		p := get(link).mustShow(t, http.StatusOK, `value="`+button+`"`)
		style := regexp.MustCompile(`<link rel="stylesheet" href="(/[^"]+)">`).FindStringSubmatch(p.body)
		if style == nil || !strings.HasPrefix(style[1], "/id/assets/") {
			t.Fatalf("the page has its stylesheet at %v", style)
		}
		get(host+style[1]).mustShow(t, http.StatusOK, "{")
		form := url.Values{"do": {button}, "password": {password}}
		for _, field := range hidden.FindAllStringSubmatch(p.body, -1) {
			form.Set(field[1], html.UnescapeString(field[2]))
		}
		return do(http.MethodPost, host+action.FindStringSubmatch(p.body)[1], "application/x-www-form-urlencoded", form.Encode())
	}

	get(host+"/").mustShow(t, http.StatusOK, elsewhere)
	get(public).mustShow(t, http.StatusOK, "<title>")
	get(public+"/livez").mustShow(t, http.StatusOK, "ok")
	get(public+"/readyz").mustShow(t, http.StatusOK, `"ok"`)
	get(public+"/nowhere").mustShow(t, http.StatusNotFound, "There is no page here")

	mustSay(t, ask(testenv.RegisterOp, "email", ada.Email, "username", ada.Username, "password", ada.Password), "register")
	follow(s.AwaitMails(t, ada.Email, 1)[0].Links[0], "confirm", "").mustShow(t, http.StatusOK, "Your email is confirmed")

	login := ask(testenv.LoginOp, "login", ada.Username, "password", ada.Password, "transport", "COOKIE")
	got := login.Payload(t, "login")
	if got.Tokens == nil || got.Tokens.RefreshToken != "" {
		t.Fatalf("login: %s", login.Body)
	}
	cookie := cookieOf(t, login)
	if cookie.Name != "__Secure-latchkey" || cookie.Path != "/id/" || !cookie.Secure || !cookie.HttpOnly || cookie.Domain != "" {
		t.Errorf("the cookie is %s with Path %q, Secure %t", cookie.Name, cookie.Path, cookie.Secure)
	}
	for at, want := range map[string]int{"/id/graphql": 2, "/": 0, "/identity": 0, "/other/graphql": 0} {
		u, err := url.Parse(host + at)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(client.Jar.Cookies(u)); n != want {
			t.Errorf("%s is sent %d cookies, want %d", at, n, want)
		}
	}
	if got := ask(testenv.RefreshOp); got.Payload(t, "refresh").Tokens == nil {
		t.Fatalf("refresh by the cookie: %s", got.Body)
	}

	claims, err := base64.RawURLEncoding.DecodeString(strings.Split(got.Tokens.AccessToken, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	var token struct{ Iss, Aud string }
	if err := json.Unmarshal(claims, &token); err != nil || token.Iss != public || token.Aud != public {
		t.Errorf("a token by %q for %q, want %q: %v", token.Iss, token.Aud, public, err)
	}
	var metadata struct {
		Issuer   string `json:"issuer"`
		Token    string `json:"token_endpoint"`
		Revoke   string `json:"revocation_endpoint"`
		KeysPage string `json:"jwks_uri"`
	}
	wellKnown := "/.well-known/oauth-authorization-server"
	inFront, behind := get(host+wellKnown+"/id"), get(public+wellKnown)
	if inFront.status != http.StatusOK || inFront.body != behind.body {
		t.Errorf("metadata in front of the path: %d %s; behind: %d %s", inFront.status, inFront.body, behind.status, behind.body)
	}
	if err := json.Unmarshal([]byte(inFront.body), &metadata); err != nil || metadata.Issuer != public || metadata.Token != public+tokenPath {
		t.Errorf("metadata: %s", inFront.body)
	}
	get(metadata.KeysPage).mustShow(t, http.StatusOK, `{"keys":`)
	mustDiscover(t, client, public, got.Tokens.AccessToken, got.User.ID, development(s))
	for _, p := range s.Replicas { // which a proxy that knows RFC 8414 alone passes on
		if front, err := tryGet(p.URL + openIDPath + "/id"); err != nil || front.body != get(public+openIDPath).body {
			t.Errorf("in front of the path: %s, %v", front.body, err)
		}
	}
	ctx := context.WithValue(t.Context(), oauth2.HTTPClient, client)
	conf := oauth2.Config{ClientID: "latchkey", Endpoint: oauth2.Endpoint{TokenURL: metadata.Token, AuthStyle: oauth2.AuthStyleInParams}}
	var program *oauth2.Token
	served(t, func() (err error) {
		program, err = conf.PasswordCredentialsToken(ctx, ada.Username, ada.Password)
		return err
	})
	program.Expiry = time.Now().Add(-time.Minute)
	served(t, func() (err error) { program, err = conf.TokenSource(ctx, program).Token(); return err })
	if p := do(http.MethodPost, metadata.Revoke, "application/x-www-form-urlencoded", url.Values{"token": {program.AccessToken}}.Encode()); p.status != http.StatusOK {
		t.Errorf("revocation: %d %s", p.status, p.body)
	}

	mustSay(t, ask(`mutation ($i: RequestPasswordResetInput!) { requestPasswordReset(input: $i) { errors { code } } }`, "email", ada.Email), "requestPasswordReset")
	follow(awaitMail(t, s, ada.Email, "Set a new password", 0).Links[0], "set", "another quiet "+ada.Username[:12]).mustShow(t, http.StatusOK, "Your password is set")
	mustSay(t, ask(testenv.RefreshOp), "refresh", "TOKEN_INVALID")
	ada.Password = "another quiet " + ada.Username[:12]
	if got := ask(testenv.LoginOp, "login", ada.Username, "password", ada.Password, "transport", "COOKIE"); got.Payload(t, "login").Tokens == nil {
		t.Fatalf("login with the new password: %s", got.Body)
	}
	mustSay(t, ask(testenv.LogoutOp), "logout")
	if u, _ := url.Parse(public + "/graphql"); len(client.Jar.Cookies(u)) != 1 { // the device's stays
		t.Errorf("after the logout: %v", client.Jar.Cookies(u))
	}
	for _, p := range s.Replicas { // probes ask the process itself
		for _, at := range []string{"/livez", "/readyz", "/id/livez", "/id/readyz"} {
			if got, err := tryGet(p.URL + at); err != nil || got.status != http.StatusOK {
				t.Errorf("%s: %d, %v", at, got.status, err)
			}
		}
	}
}
