package browser_test

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"latchkey/internal/testenv"
)

// clientPage is a page of an app with the TypeScript client, whose access token the tests
// let grow old.
const clientPage = `<!doctype html><title>App</title><form><input name="username" autocomplete="username webauthn" autofocus></form>
<script type="module">
import { createClient } from "/client/index.js";
window.createClient = createClient;
window.skew = 0;
window.keys = window.latchkey = createClient({
  url: "` + keyService + `/graphql", transport: "cookie", clock: { monotonic: () => performance.now() + skew, wall: () => Date.now() },
});
</script>`

// refreshes counts the refreshes that pass, and holds them while it is held.
type refreshes struct {
	mu    sync.Mutex
	count int
	held  sync.RWMutex
}

// pass looks at a request before it goes to the service.
func (r *refreshes) pass(request *http.Request) {
	body, _ := io.ReadAll(request.Body)
	request.Body = io.NopCloser(bytes.NewReader(body))
	if !bytes.Contains(body, []byte("Latchkey_refresh")) {
		return
	}
	r.mu.Lock()
	r.count++
	r.mu.Unlock()
	r.held.RLock()
	defer r.held.RUnlock()
}

func (r *refreshes) seen() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.count
}

// clientFrontend serves pages with the built client at the app's hosts, and the service at
// its own, over TLS.
func clientFrontend(t *testing.T, service func() string) (*httptest.Server, *refreshes) {
	t.Helper()
	r := &refreshes{}
	proxy := &httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) {
		to, _ := url.Parse(service())
		p.SetURL(to)
		p.Out.Host = p.In.Host
	}}
	built := http.StripPrefix("/client/", http.FileServer(http.Dir(filepath.Join(testenv.Need(t, "TEST_E2E"), "..", "clients", "typescript", "dist"))))
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		switch {
		case !strings.HasPrefix(q.Host, "app."):
			r.pass(q)
			proxy.ServeHTTP(w, q)
		case strings.HasPrefix(q.URL.Path, "/client/"):
			built.ServeHTTP(w, q)
		default:
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, clientPage)
		}
	}))
	t.Cleanup(server.Close)
	return server, r
}

// another opens one more tab of the same browser.
func (b *tab) another() *tab {
	b.t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx)
	b.t.Cleanup(cancel)
	other := &tab{t: b.t, ctx: ctx, packages: b.packages}
	other.do()
	return other
}

var tsBlock = regexp.MustCompile("(?s)```ts\n(.*?)```")

// readmePasskeys returns the two examples of passkeys in the client's README.
func readmePasskeys(t *testing.T) (in, added string) {
	t.Helper()
	text, err := os.ReadFile("../clients/typescript/README.md")
	must(t, err)
	_, section, _ := strings.Cut(string(text), "\n## Passkeys\n")
	section, _, _ = strings.Cut(section, "\n## ")
	blocks := tsBlock.FindAllStringSubmatch(section, -1)
	if len(blocks) != 2 {
		t.Fatalf("the README has %d examples of passkeys", len(blocks))
	}
	return blocks[0][1], blocks[1][1]
}

// The TypeScript client on pages of another origin, with the cookie: two tabs share a
// session and refresh once, and passkeys work by its button, by autofill, as a step and as a
// proof. One browser does it all.
func TestTypeScriptClientInBrowser(t *testing.T) {
	t.Parallel()
	var s *testenv.Stack
	server, passing := clientFrontend(t, func() string { return s.Replicas[0].URL })
	s = testenv.NewProduction(t, "DATABASE_URL=", "REDIS_URL=", "PUBLIC_URL="+keyService, "CORS_ORIGINS="+keyPage)
	s.Add(t)
	s.AwaitReady(t)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	must(t, err)
	b := open(t, chromedp.Flag("host-resolver-rules", "MAP *:443 127.0.0.1:"+port), chromedp.Flag("ignore-certificate-errors", true))
	ada := s.Join(t)
	b.visit(keyPage)
	sharesTabs(t, b, ada, passing)
	usesPasskeys(t, s, b, ada)
}

// sharesTabs has two tabs log in, refresh and log out together.
func sharesTabs(t *testing.T, here *tab, ada *testenv.Person, passing *refreshes) {
	t.Helper()
	here.expects("a visitor", here.call(`latchkey.restore()`), `{"status":"signed-out","why":"visitor"}`)
	there := here.another()
	there.visit(keyPage)
	there.expects("another", there.call(`latchkey.restore()`), `{"status":"signed-out","why":"visitor"}`)

	here.expects("a wrong password", here.call(`latchkey.login({login: %s, password: "wrong"})`, ada.Username), `"INVALID_CREDENTIALS"`)
	here.expects("a login", here.call(`latchkey.login({login: %s, password: %s})`, ada.Username, ada.Password), `"status":"signed-in"`)
	there.until(`latchkey.session.get().status === "signed-in"`) // it was told
	there.expects("the scripts' cookies", there.call(`document.cookie`), `""`)
	before := passing.seen()
	token := here.call(`latchkey.accessToken()`)
	there.expects("the other tab's token", there.call(`latchkey.accessToken()`), token)

	// Both find their token old while the refresh of one is on its way.
	here.runs(`skew = 3600_000`)
	there.runs(`skew = 3600_000`)
	passing.held.Lock()
	here.runs(`latchkey.accessToken().then((token) => { window.fresh = token })`)
	testenv.Await(t, time.Minute, "the refresh", func() bool { return passing.seen() == before+1 })
	there.runs(`latchkey.accessToken().then((token) => { window.fresh = token });
		window.waits = () => navigator.locks.query().then(({pending}) => { window.pending = pending.length }); waits()`)
	there.until(`waits() && window.pending === 1`)
	passing.held.Unlock()
	here.until(`window.fresh !== undefined`)
	there.until(`window.fresh !== undefined`)
	there.expects("both tokens", there.call(`fresh`), here.call(`fresh`))
	if n := passing.seen() - before; n != 1 || here.call(`fresh`) == token {
		t.Errorf("two tabs refreshed %d times, from %s to %s", n, token, here.call(`fresh`))
	}

	here.visit(keyPage)
	here.expects("a reload", here.call(`latchkey.restore()`), `"username":"`+ada.Username+`"`)
	there.expects("a logout", there.call(`latchkey.logout()`), `null`)
	here.until(`latchkey.session.get().why === "logout"`)
	here.visit(keyPage)
	here.expects("a reload behind the logout", here.call(`latchkey.restore()`), `"signed-out"`)
}

// usesPasskeys adds, uses and removes passkeys.
func usesPasskeys(t *testing.T, s *testenv.Stack, b *tab, ada *testenv.Person) {
	t.Helper()
	key := b.plug(webauthn.VirtualAuthenticatorOptions{Transport: webauthn.AuthenticatorTransportInternal})
	in, added := readmePasskeys(t)
	b.expects("a login", b.call(`latchkey.login({login: %s, password: %s})`, ada.Username, ada.Password), `"status":"signed-in"`)
	b.runs(`window.adds = async () => { ` + added + `; return added }; window.logsIn = async () => { ` + in + `; stop(); return result }`)
	b.expects("adding and removing", b.call(`adds()`), `"name":"Laptop"`)
	testenv.Await(t, time.Minute, "the browser to forget the removed one", func() bool { return len(key.keeps()) == 0 })
	b.expects("adding", b.call(`latchkey.addPasskey()`), `"status":"added"`)
	b.expects("adding on the same device", b.call(`latchkey.addPasskey()`), `"PASSKEY_TAKEN"`)
	b.expects("a logout", b.call(`latchkey.logout()`), `null`)

	b.expects("a button", b.call(`logsIn()`), `{"status":"signed-in","user":{"id":"`)
	b.expects("a logout", b.call(`latchkey.logout()`), `null`)
	b.runs(`latchkey.passkeyAutofill((result) => { window.offered = result.status ?? result.message })`)
	b.until(`window.offered === "signed-in"`)

	b.expects("a second factor", b.call(`latchkey.request("mutation { requireSecondFactor(input: {required: true}) { errors { code } } }")`), `"errors":[]`)
	b.expects("a logout", b.call(`latchkey.logout()`), `null`)
	b.expects("a passkey as a step", b.call(`latchkey.login({login: %s, password: %s}).then(({step}) => step.withPasskey())`, ada.Username, ada.Password), `"status":"signed-in"`)
	key.verifies(false)
	b.expects("one that does not know its owner", b.call(`latchkey.loginWithPasskey()`), `{"status":"cancelled"}`)

	// An offer that nobody takes makes way for a button, which finds the browser free.
	b.expects("a logout", b.call(`latchkey.logout()`), `null`)
	b.runs(`window.stop = latchkey.passkeyAutofill(() => {})`)
	key.verifies(true)
	b.expects("a button beside an offer", b.call(`latchkey.loginWithPasskey()`), `"status":"signed-in"`)
	b.runs(`stop()`)

	// An app's own authenticator, as on a phone.
	b.expects("a logout", b.call(`latchkey.logout()`), `null`)
	b.runs(`window.app = createClient({ url: "` + keyService + `/graphql", transport: "body", authenticator: {
		get: (options, { signal }) => navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options), signal }).then((made) => made.toJSON()),
	} })`)
	b.expects("its login", b.call(`app.loginWithPasskey()`), `"status":"signed-in"`)
	b.expects("the cookie's session", b.call(`latchkey.restore()`), `"signed-out"`)
	b.expects("another button", b.call(`latchkey.loginWithPasskey()`), `"status":"signed-in"`)

	// A proof, in a browser that does not read WebAuthn's JSON by itself.
	age := time.Now().Add(-11 * time.Minute).UTC()
	_, err := s.DB(t).Exec(t.Context(), `UPDATE sessions SET authenticated_at = $1`, age)
	must(t, err)
	b.runs(`delete PublicKeyCredential.parseRequestOptionsFromJSON; delete PublicKeyCredential.prototype.toJSON;
		latchkey.stepUp.subscribe(() => latchkey.stepUp.get()?.withPasskey().then(({status}) => { window.shown = status }))`)
	b.expects("a proof", b.call(`latchkey.request("mutation { makeRecoveryCodes { recoveryCodes errors { code } } }")`), `"errors":[]`)
	b.until(`window.shown === "done"`)
	b.expects("the same with a new passkey", b.call(`(async () => {
		delete PublicKeyCredential.parseCreationOptionsFromJSON;
		const { me } = await latchkey.request("{ me { factors { id } } }");
		await latchkey.request("mutation { requireSecondFactor(input: {required: false}) { errors { code } } }");
		await latchkey.removeFactor(me.factors[0].id);
		return latchkey.addPasskey({name: "By hand"});
	})()`), `"name":"By hand"`)
}
