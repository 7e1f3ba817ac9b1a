package browser_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"latchkey/internal/testenv"
)

// The domain of the service in the browser of these tests, whose every https page leads to
// one server on this machine.
const (
	keyDomain  = "keys.example"
	keyService = "https://auth." + keyDomain
	keyPage    = "https://app." + keyDomain
	related    = "https://app.related.example" // of another domain, and named in CORS_ORIGINS
	stranger   = "https://app.stranger.example"
)

var codeBlock = regexp.MustCompile("(?s)```js\n(.*?)```")

// documented returns the code of docs/passkeys.md, for a service at this address.
func documented(t *testing.T, api string) string {
	t.Helper()
	text, err := os.ReadFile("../docs/passkeys.md")
	must(t, err)
	var all strings.Builder
	for _, block := range codeBlock.FindAllStringSubmatch(string(text), -1) {
		all.WriteString(block[1])
	}
	const here = `const api = "http://localhost:8080/graphql", domain = "localhost";`
	if !strings.HasPrefix(all.String(), here) {
		t.Fatalf("the code of docs/passkeys.md does not begin with where the service is:\n%s", all.String())
	}
	return strings.Replace(all.String(), here, fmt.Sprintf("const api = %q, domain = %q;", api, keyDomain), 1)
}

// loginPage is what a frontend shows: a field in which browsers offer passkeys, and the code
// of the documentation, which tests call as keys.
const loginPage = `<!doctype html><title>App</title><form><input name="username" autocomplete="username webauthn" autofocus></form>
<script type="module">import * as keys from "/passkeys.js"; window.keys = keys</script>`

// frontend serves a login page, and the service at its own host, over TLS.
func frontend(t *testing.T, script string, service func() string) *httptest.Server {
	t.Helper()
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		to, _ := url.Parse(service())
		r.SetURL(to)
		r.Out.Host = r.In.Host
	}}
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !strings.HasPrefix(r.Host, "app."):
			proxy.ServeHTTP(w, r)
		case r.URL.Path == "/passkeys.js":
			w.Header().Set("Content-Type", "text/javascript")
			_, _ = io.WriteString(w, script)
		default:
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, loginPage)
		}
	}))
	t.Cleanup(server.Close)
	return server
}

// authenticator is a virtual one of the browser.
type authenticator struct {
	b  *tab
	id webauthn.AuthenticatorID
}

// plug gives the browser an authenticator that knows its owner.
func (b *tab) plug(options webauthn.VirtualAuthenticatorOptions) *authenticator {
	b.t.Helper()
	options.Protocol, options.Ctap2version = webauthn.AuthenticatorProtocolCtap2, webauthn.Ctap2versionCtap21
	options.HasResidentKey, options.HasUserVerification, options.IsUserVerified, options.AutomaticPresenceSimulation = true, true, true, true
	a := &authenticator{b: b}
	b.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		if _, err := cdp.Call(ctx, target, webauthn.Enable, webauthn.EnableParams{}); err != nil {
			return err
		}
		made, err := cdp.Call(ctx, target, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &options})
		a.id = made.AuthenticatorID
		return err
	}))
	return a
}

// verifies says whether the authenticator knows its owner from now on.
func (a *authenticator) verifies(yes bool) {
	a.b.t.Helper()
	a.b.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, webauthn.SetUserVerified, webauthn.SetUserVerifiedParams{AuthenticatorID: a.id, IsUserVerified: yes})
		return err
	}))
}

// sets changes the one passkey that the authenticator keeps.
func (a *authenticator) sets(p webauthn.SetCredentialPropertiesParams) {
	a.b.t.Helper()
	p.AuthenticatorID, p.CredentialID = a.id, a.keeps()[0].CredentialID
	a.b.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, webauthn.SetCredentialProperties, p)
		return err
	}))
}

// keeps returns the passkeys that the authenticator keeps.
func (a *authenticator) keeps() []*webauthn.Credential {
	a.b.t.Helper()
	var list []*webauthn.Credential
	a.b.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		got, err := cdp.Call(ctx, target, webauthn.GetCredentials, webauthn.GetCredentialsParams{AuthenticatorID: a.id})
		list = got.Credentials
		return err
	}))
	return list
}

// visit opens a page with the documented code.
func (b *tab) visit(page string) {
	b.t.Helper()
	b.do(chromedp.Navigate(page + "/"))
	b.until(`window.keys !== undefined`)
}

// call runs an expression that comes to a promise, and returns what that comes to as JSON; or
// the name of the error that it fails with.
func (b *tab) call(format string, args ...any) string {
	b.t.Helper()
	for i := range args {
		text, err := json.Marshal(args[i])
		must(b.t, err)
		args[i] = string(text)
	}
	b.runs(`window.came = null; Promise.resolve().then(() => ` + fmt.Sprintf(format, args...) + `)
		.then((v) => { window.came = JSON.stringify(v ?? null) }, (e) => { window.came = "failed: " + e.name + " " + (e.code ?? "") + " " + e.message })`)
	b.until(`window.came !== null`)
	got, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`window.came`))
	must(b.t, err)
	return got
}

// expects fails the test unless what came has this in it.
func (b *tab) expects(what, got, want string) {
	b.t.Helper()
	if !strings.Contains(got, want) {
		b.t.Errorf("%s: %s, want %s; the browser said %q", what, got, want, b.said())
	}
}

// The code of the documentation adds passkeys, logs in by them from a button and from
// autofill, as second factor and as step-up, and tells the browser what is left; on pages of
// the domain and on those that its file of related origins lists, and on no other. One
// browser does it all.
func TestPasskeysInBrowser_K2_K4_K6(t *testing.T) {
	t.Parallel()
	var s *testenv.Stack
	server := frontend(t, documented(t, keyService+"/graphql"), func() string { return s.Replicas[0].URL })
	s = testenv.NewProduction(t, "DATABASE_URL=", "REDIS_URL=", "PUBLIC_URL="+keyService, "CORS_ORIGINS="+keyPage+","+related)
	s.Add(t)
	s.AwaitReady(t)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	must(t, err)
	b := open(t, chromedp.Flag("host-resolver-rules", "MAP *:443 127.0.0.1:"+port), chromedp.Flag("ignore-certificate-errors", true))
	key := b.plug(webauthn.VirtualAuthenticatorOptions{Transport: webauthn.AuthenticatorTransportInternal})
	ada := s.Join(t)
	loggedIn := `"username":"` + ada.Username + `"},"tokens":{"accessToken":"ey`

	b.visit(keyPage)
	b.expects("adding", b.call(`keys.addPasskey(%s, "Laptop")`, ada.Access), `"name":"Laptop","synced":false},"errors":[]`)
	b.expects("adding another on the same device", b.call(`keys.addPasskey(%s, "Again")`, ada.Access), "failed: InvalidStateError")
	b.expects("a button", b.call(`keys.logIn()`), loggedIn)
	b.expects("autofill", b.call(`PublicKeyCredential.isConditionalMediationAvailable().then((yes) => yes && keys.logIn({mediation: "conditional"}))`), loggedIn)
	b.expects("a step-up", b.call(`keys.stepUp(%s)`, ada.Access), `"ey`)

	key.verifies(false)
	b.expects("a button that does not know its owner", b.call(`keys.logIn()`), "failed: NotAllowedError")
	b.expects("a step-up that does not", b.call(`keys.stepUp(%s)`, ada.Access), "failed: NotAllowedError")
	answer(t, s, testenv.Request{Query: `mutation { requireSecondFactor(input: {required: true}) { errors { code } } }`, Bearer: ada.Access})
	step := secondFactor(t, s, ada)
	b.expects("a second factor that does not", b.call(`keys.takeStep(%s)`, step), loggedIn)
	b.expects("the same step again", b.call(`keys.takeStep(%s)`, step), `"CHALLENGE_INVALID"`)
	key.verifies(true)

	// A counter that is set back, and a provider that begins to copy.
	count := key.keeps()[0].SignCount
	key.sets(webauthn.SetCredentialPropertiesParams{SignCount: new(float64(1))})
	b.expects("a counter that fell", b.call(`keys.logIn()`), `"PASSKEY_INVALID"`)
	key.sets(webauthn.SetCredentialPropertiesParams{SignCount: new(count + 10), BackupEligibility: new(true), BackupState: new(true)})
	b.expects("copied from now on", b.call(`keys.logIn()`), loggedIn)
	key.sets(webauthn.SetCredentialPropertiesParams{SignCount: new(float64(-1))})
	b.expects("without a counter", b.call(`keys.logIn()`), loggedIn)

	// Where browsers may use the domain's passkeys, and where not.
	b.visit(related)
	b.expects("a page of another domain, which is listed", b.call(`keys.logIn()`), loggedIn)
	eve := s.Join(t)
	b.expects("adding there", b.call(`keys.addPasskey(%s, "Related")`, eve.Access), `"name":"Related"`)
	b.visit(stranger)
	b.expects("a page that is not listed", b.call(`navigator.credentials.get({publicKey: {challenge: new Uint8Array(32), rpId: %s}})`, keyDomain), "failed: SecurityError")
	b.expects("it asks the service", b.call(`keys.logIn()`), "failed: TypeError")

	// What is removed here is offered no more; neither is what nobody has.
	b.visit(keyPage)
	if n := len(key.keeps()); n != 2 {
		t.Fatalf("the authenticator keeps %d passkeys, want ada's and eve's", n)
	}
	var me struct{ Factors []struct{ ID string } }
	answer(t, s, testenv.Request{Query: `{ me { factors { id } } }`, Bearer: eve.Access}).Into(t, "me", &me)
	b.expects("removing", b.call(`keys.removePasskey(%s, %s)`, eve.Access, me.Factors[0].ID), `[]`)
	testenv.Await(t, time.Minute, "the browser to forget the removed one", func() bool { return len(key.keeps()) == 1 })
	deletion := testenv.Input("password", ada.Password)
	answer(t, s, testenv.Request{Query: `mutation ($i: DeleteAccountInput!) { deleteAccount(input: $i) { errors { code } } }`, Variables: deletion, Bearer: ada.Access})
	b.expects("a passkey of nobody", b.call(`keys.logIn()`), `"PASSKEY_UNKNOWN"`)
	testenv.Await(t, time.Minute, "the browser to forget the unknown one", func() bool { return len(key.keeps()) == 0 })
	b.expects("without a passkey", b.call(`keys.logIn()`), "failed: NotAllowedError")
}

// answer sends an operation, and fails the test if it comes to an error other than a step.
func answer(t *testing.T, s *testenv.Stack, r testenv.Request) *testenv.Answer {
	t.Helper()
	a := testenv.Post(t, s.Replicas[0].URL, r)
	if len(a.Errors) > 0 || strings.Contains(string(a.Body), `"code":`) && !strings.Contains(string(a.Body), `_NEEDED"`) {
		t.Fatalf("%s: %s", r.Query, a.Body)
	}
	return a
}

// secondFactor logs p in by password, and returns the step that asks for a second factor.
func secondFactor(t *testing.T, s *testenv.Stack, p *testenv.Person) map[string]any {
	t.Helper()
	var login struct{ Step map[string]any }
	answer(t, s, testenv.Request{
		Query:     `mutation ($i: LoginInput!) { login(input: $i) { step { __typename challenge ... on SecondFactorStep { passkeyOptions } } errors { code } } }`,
		Variables: testenv.Input("login", p.Username, "password", p.Password), Client: p.Client,
	}).Into(t, "login", &login)
	return login.Step
}
