package e2e_test

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/internal/testenv"
)

// signer is the private key of a file of `keys new`, which only a test and the service have.
type signer struct {
	private *ecdsa.PrivateKey
	kid     string
}

func newSigner(t *testing.T) (file string, s signer) {
	t.Helper()
	file, kid := newKey(t, "ES256")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return file, signer{private.(*ecdsa.PrivateKey), kid}
}

// sign makes a JWT by ES256, whatever its header says.
func (s signer) sign(header, claims any) string {
	text := part(header) + "." + part(claims)
	hash := sha256.Sum256([]byte(text))
	r, n, err := ecdsa.Sign(rand.Reader, s.private, hash[:])
	if err != nil {
		panic(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(append(r.FillBytes(make([]byte, 32)), n.FillBytes(make([]byte, 32))...))
}

// public is the public half in the forms in which a library may take it for a secret.
func (s signer) public(t *testing.T) map[string]string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(&s.private.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	point, err := s.private.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{
		"PEM": string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), "DER": string(der), "the point": string(point), "nothing": "",
	}
}

// backend is a program of examples/ that runs.
type backend struct {
	name, url string
	asked     atomic.Int64 // how often it asked for the keys
}

// newBackend starts a program in a folder of examples/. It asks for the keys through a proxy
// that counts.
func newBackend(t *testing.T, s *testenv.Stack, name string, program ...string) *backend {
	t.Helper()
	port := testenv.FreePort(t)
	b := &backend{name: name, url: "http://127.0.0.1:" + port}
	target, err := url.Parse(s.Replicas[0].URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.asked.Add(1)
		proxy.ServeHTTP(w, r)
	}))
	cmd := exec.CommandContext(t.Context(), program[0], program[1:]...)
	cmd.Dir = filepath.Join("..", "examples", name)
	cmd.Env = append(os.Environ(), "PORT="+port, "ISSUER="+public(s), "JWKS_URL="+front.URL+"/.well-known/jwks.json")
	var log strings.Builder
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		front.Close()
		if t.Failed() {
			t.Logf("log of %s:\n%s", name, log.String())
		}
	})
	testenv.Await(t, patience, name+" to listen", func() bool {
		res, err := http.Get(b.url + "/nowhere")
		if err == nil {
			_ = res.Body.Close()
		}
		return err == nil
	})
	return b
}

// ask sends a request to a route, with header fields in pairs.
func (b *backend) ask(t *testing.T, route string, header ...string) (status int, challenge, body string) {
	t.Helper()
	method, path, _ := strings.Cut(route, " ")
	r, err := http.NewRequest(method, b.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w, err := unfollowing.RoundTrip(r)
	if err != nil {
		t.Fatalf("%s: %v", b.name, err)
	}
	defer func() { _ = w.Body.Close() }()
	text, err := io.ReadAll(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.StatusCode, w.Header.Get("WWW-Authenticate"), string(text)
}

// mustAnswer fails the test unless a token has a route answer so.
func (b *backend) mustAnswer(t *testing.T, what, route, token string, status int, challenge string) {
	t.Helper()
	got, told, body := b.ask(t, route, "Authorization", "Bearer "+token)
	if got != status || !strings.HasPrefix(told, challenge) || (told == "") != (challenge == "") {
		t.Errorf("%s: %s: got %d %q %s, want %d %q", b.name, what, got, told, cut(body), status, challenge)
	}
}

// backends are the programs of examples/, which verify the tokens of a stack.
func backends(t *testing.T, s *testenv.Stack) []*backend {
	t.Helper()
	program := filepath.Join(t.TempDir(), "api")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Dir = filepath.Join("..", "examples", "go")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("examples/go: %v\n%s", err, out)
	}
	return []*backend{
		newBackend(t, s, "go", program),
		newBackend(t, s, "node", testenv.Need(t, "TEST_NODE"), "server.js"),
		newBackend(t, s, "python", testenv.Need(t, "TEST_PYTHON"), "server.py"),
	}
}

const (
	hello, reports, payments = "GET /hello", "GET /reports", "POST /payments"

	invalidBearer = `Bearer error="invalid_token"`
	stepUpBearer  = `Bearer error="insufficient_user_authentication"`
)

// Backends in Go, Node and Python take the tokens of the service and no others, ask for
// roles and fresh proofs, go over to a new key at once, ask for keys hardly ever, and go on
// while the service is away.
func TestBackends_V3_V4(t *testing.T) {
	t.Parallel()
	oldFile, old := newSigner(t)
	newFile, young := newSigner(t)
	s := testenv.Embedded(t, "JWT_PRIVATE_KEYS="+oldFile, "SECRET_KEY="+knownSecret)
	all := backends(t, s)
	ada := s.Join(t)
	weak := ada.Access
	_, admin := makeAdmin(t, s)
	enrol(t, s, ada)
	strong, next := refresh(t, s.URL(), ada.Refresh)
	header, claims := parts(t, weak)

	bad := badTokens(t, old, header, claims)
	bad["a refresh token"], bad["a device token"] = next, ada.Device
	_, strongClaims := parts(t, strong)
	longAgo := old.sign(header, with(strongClaims, "auth_time", time.Now().Unix()-660))
	for _, b := range all {
		b.mustAnswer(t, "a user", hello, weak, 200, "")
		b.mustAnswer(t, "by the same key", hello, old.sign(header, claims), 200, "") // else the bad ones prove nothing
		if _, _, body := b.ask(t, hello, "Authorization", "bearer "+weak); !strings.Contains(body, ada.ID) {
			t.Errorf("%s says that the user is %s", b.name, body)
		}
		for what, token := range bad {
			b.mustAnswer(t, what, hello, token, 401, invalidBearer)
		}
		for what, h := range map[string][]string{
			"no token": nil, "a cookie": {"Cookie", "latchkey=" + weak + "; Authorization=Bearer " + weak}, "Basic": {"Authorization", "Basic " + weak},
		} {
			if status, told, body := b.ask(t, hello, h...); status != 401 || told != "Bearer" {
				t.Errorf("%s: %s: got %d %q %s", b.name, what, status, told, body)
			}
		}
		if status, _, _ := b.ask(t, hello+"?access_token="+weak); status != 401 {
			t.Errorf("%s takes a token from an address: %d", b.name, status)
		}
		b.mustAnswer(t, "an administrator", reports, admin, 200, "")
		b.mustAnswer(t, "a user for administrators", reports, weak, 403, `Bearer error="insufficient_scope"`)
		b.mustAnswer(t, "two factors", payments, strong, 200, "")
		b.mustAnswer(t, "one factor", payments, weak, 401, stepUpBearer)
		b.mustAnswer(t, "two factors, eleven minutes ago", payments, longAgo, 401, stepUpBearer)
		_, told, body := b.ask(t, payments, "Authorization", "Bearer "+weak)
		if !strings.Contains(told, `acr_values="aal2", max_age="600"`) || !strings.Contains(body, "insufficient_user_authentication") {
			t.Errorf("%s asks for a fresh proof by %s %s", b.name, told, body)
		}
		if n := b.asked.Load(); n != 1 {
			t.Errorf("%s asked for the keys %d times, want once", b.name, n)
		}
	}

	// Another key signs.
	s.Env = append(s.Env, "JWT_PRIVATE_KEYS="+newFile+","+oldFile)
	s.Restart(t, 0)
	access, _ := refresh(t, s.URL(), next)
	if h, _ := parts(t, access); h["kid"] != young.kid {
		t.Fatalf("the new token is by %v", h["kid"])
	}
	for _, b := range all {
		b.mustAnswer(t, "by the new key", payments, access, 200, "")
		b.mustAnswer(t, "by the old key", hello, weak, 200, "")
		for i := range 20 {
			kid := fmt.Sprintf("%043d", i)
			b.mustAnswer(t, "by an unknown key", hello, old.sign(with(header, "kid", kid), claims), 401, invalidBearer)
		}
		if n := b.asked.Load(); n != 2 {
			t.Errorf("%s asked for the keys %d times, want twice", b.name, n)
		}
	}

	// The service is away.
	s.Replicas[0].Kill()
	for _, b := range all {
		b.mustAnswer(t, "without the service", payments, access, 200, "")
		b.mustAnswer(t, "without the service, another role", reports, weak, 403, "Bearer")
		b.mustAnswer(t, "without the service, by an unknown key", hello, old.sign(with(header, "kid", strings.Repeat("x", 43)), claims), 401, invalidBearer)
	}
	for _, b := range backends(t, s) { // that never had keys: the token may be good
		b.mustAnswer(t, "before there are keys", hello, access, 503, "")
	}
}

// badTokens are those that a backend must not take, out of the header and the claims of a
// good one by a key.
func badTokens(t *testing.T, k signer, header, claims map[string]any) map[string]string {
	t.Helper()
	_, stranger := newSigner(t)
	now := time.Now().Unix()
	good := k.sign(header, claims)
	text, signature, _ := cutLast(good, ".")
	bad := map[string]string{
		"garbage":                     "x",
		"dots":                        "..",
		"a header nested deep":        part(nested(2000)) + "." + part(claims) + "." + signature,
		"expired":                     k.sign(header, with(claims, "exp", now-60)),
		"not good yet":                k.sign(header, with(claims, "nbf", now+600)),
		"another audience":            k.sign(header, with(claims, "aud", foreignOrigin)),
		"another issuer":              k.sign(header, with(claims, "iss", foreignOrigin)),
		"a stranger's key":            stranger.sign(header, claims),
		"a stranger's key in it":      stranger.sign(with(header, "jku", foreignOrigin+"/jwks.json"), claims),
		"another payload":             part(header) + "." + part(with(claims, "role", "ADMIN")) + "." + signature,
		"without its signature":       text + ".",
		"no kid":                      k.sign(with(header, "kid", absent), claims),
		"typ JWT":                     k.sign(with(header, "typ", "JWT"), claims),
		"no typ":                      k.sign(with(header, "typ", absent), claims),
		"crit":                        k.sign(with(header, "crit", []string{"x"}, "x", true), claims),
		"another alg":                 k.sign(with(header, "alg", "RS256"), claims),
		"EdDSA":                       k.sign(with(header, "alg", "EdDSA"), claims),
		"HS256 by the service's own":  signed(with(header, "alg", "HS256", "kid", absent), claims, knownSecret, sha256.New),
		"HS256 by that, with the kid": signed(with(header, "alg", "HS256"), claims, knownSecret, sha256.New),
	}
	for _, alg := range []string{"none", "None", "NONE", ""} {
		bad["alg "+alg] = signed(with(header, "alg", alg), claims, "", nil)
		bad["alg "+alg+" with a signature"] = k.sign(with(header, "alg", alg), claims)
	}
	for form, key := range k.public(t) {
		bad["HS256 by the public key, as "+form] = signed(with(header, "alg", "HS256"), claims, key, sha256.New)
	}
	for _, name := range []string{"iss", "aud", "sub", "sid", "client_id", "jti", "iat", "exp"} {
		bad[name+" missing"] = k.sign(header, with(claims, name, absent))
	}
	return bad
}

// nested is a list in a list, and so on.
func nested(depth int) (list []any) {
	for range depth {
		list = []any{list}
	}
	return list
}
