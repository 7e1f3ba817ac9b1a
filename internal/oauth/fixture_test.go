package oauth_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"latchkey/internal/auth"
	"latchkey/internal/jwt"
	"latchkey/internal/link"
	"latchkey/internal/oauth"
	"latchkey/internal/password"
	"latchkey/internal/request"
	"latchkey/internal/store"
	"latchkey/internal/testenv"
	"latchkey/internal/throttle"
)

const (
	goodPassword = "a quiet lamp by the river"

	// The clients with a secret. That of billing changes when it is encoded.
	billing, billingSecret = "billing", "Zk3v+8w1/Lr7TnXy5Bd%HsGm9JpUc2FaE=="
	shop, shopSecret       = "shop", "wH7rTq2Lx9Vb4Nc8Ms1Zp6Kd3Gf5Jy0Q"
)

// fixture is the endpoints on an empty SQLite database, with one user, Ada, and
// a clock that stands still.
type fixture struct {
	http.Handler
	t    *testing.T
	auth *auth.Service
	db   *testenv.Counting
	ada  *store.User
	log  bytes.Buffer
	now  time.Time
	keys *jwt.Issuer
	seen string // the route, outcome and code of the last request
}

func setup(t *testing.T, change ...func(*oauth.Config)) *fixture {
	t.Helper()
	f := &fixture{t: t, db: &testenv.Counting{DB: testenv.SQLite(t)}, now: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)}
	hasher, err := password.NewHasher(password.Params{Kind: password.Argon2id, Memory: 64, Time: 1, Threads: 1}, password.Here(1), 10, time.Minute)
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	var hashing sync.WaitGroup
	hashing.Go(func() { hasher.Run(ctx) })
	t.Cleanup(func() { cancel(); hashing.Wait() })
	public := &url.URL{Scheme: "https", Host: "auth.example.org"}
	secrets := [][]byte{bytes.Repeat([]byte("k"), 32)}
	key, err := jwt.NewKey(jwt.ES256)
	must(t, err)
	issuer, err := jwt.New(public.String(), "https://api.example.org", secrets, key)
	must(t, err)
	s := store.New(f.db)
	f.keys = issuer
	now := func() time.Time { return f.now }
	links, err := link.New(link.Config{PublicURL: public, ResetTTL: time.Hour, Secrets: secrets, Tokens: s, Store: s, Now: now})
	must(t, err)
	f.auth, err = auth.New(
		auth.Config{
			RegistrationOpen: true, AccessTTL: 15 * time.Minute, IdleTTL: time.Hour, MaxTTL: 24 * time.Hour,
			RefreshGrace: 30 * time.Second, FreshFor: 10 * time.Minute, AppName: "Latchkey", ConfirmTTL: 24 * time.Hour, Secrets: secrets,
		},
		auth.Deps{
			Store: s, Links: links, Counters: throttle.NewMemory(), Hasher: hasher, Issuer: issuer,
			Policy: password.Policy{MinLength: 8, AppName: "Latchkey", Kind: password.Argon2id},
			Now:    now, MailQueued: func() {}, Log: zerolog.New(&f.log),
		})
	must(t, err)
	f.ada, err = f.auth.CreateUser(t.Context(), auth.Shell("test"), auth.CreateUserInput{
		Email: "ada@example.org", Username: "ada", Password: new(goodPassword), Role: store.RoleUser,
	})
	must(t, err)
	cfg := oauth.Config{
		PublicURL: public, PasswordGrant: true, Clients: []oauth.Client{{ID: billing, Secret: billingSecret}, {ID: shop, Secret: shopSecret}},
		Auth: f.auth, Issuer: issuer, Log: zerolog.New(&f.log),
	}
	for _, c := range change {
		c(&cfg)
	}
	door, err := request.New(request.Config{
		Auth: f.auth, Secure: true, Own: public.String(), Origins: []string{"https://app.example.org"}, Log: zerolog.Nop(),
		Observers: []func(context.Context, *request.Observed){func(_ context.Context, o *request.Observed) {
			f.seen = fmt.Sprint(o.Route, " ", o.Outcome, " ", o.Code)
		}},
	})
	must(t, err)
	mux := request.NewMux("")
	must(t, oauth.Mount(mux, door, cfg))
	f.Handler = door.Harden(mux)
	return f
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// reply is an answer, its body read as JSON.
type reply struct {
	*httptest.ResponseRecorder
	JSON map[string]any
}

func (f *fixture) do(r *http.Request) reply {
	f.t.Helper()
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	a := reply{ResponseRecorder: w}
	if w.Body.Len() > 0 {
		if err := json.Unmarshal(w.Body.Bytes(), &a.JSON); err != nil {
			f.t.Fatalf("%s %s: %v in %q", r.Method, r.URL.Path, err, w.Body)
		}
	}
	return a
}

// form is a POST of a body that is a form already, with header fields.
func form(path, body string, header ...string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return r
}

// post sends parameters, in pairs.
func (f *fixture) post(path string, pairs ...string) reply {
	f.t.Helper()
	return f.do(form(path, encode(pairs...)))
}

// as sends parameters as a client that authenticates by Basic.
func (f *fixture) as(id, secret, path string, pairs ...string) reply {
	f.t.Helper()
	r := form(path, encode(pairs...))
	r.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret))
	return f.do(r)
}

func encode(pairs ...string) string {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v.Encode()
}

// adaPairs are the parameters of Ada's password grant.
func adaPairs(more ...string) []string {
	return append([]string{"grant_type", "password", "username", "ada", "password", goodPassword}, more...)
}

// tokens are those of an answer that must hold some.
func (f *fixture) tokens(a reply) (access, refresh string) {
	f.t.Helper()
	access, _ = a.JSON["access_token"].(string)
	refresh, _ = a.JSON["refresh_token"].(string)
	if a.Code != http.StatusOK || access == "" || refresh == "" {
		f.t.Fatalf("no tokens: %d %s", a.Code, a.Body)
	}
	return access, refresh
}

// wants fails the test unless the answer is this error and as RFC 6749 section
// 5.2 has it.
func wants(t *testing.T, what string, a reply, status int, code string) {
	t.Helper()
	if a.Code != status || a.JSON["error"] != code {
		t.Errorf("%s: got %d %s, want %d %s", what, a.Code, a.Body, status, code)
	}
	description, _ := a.JSON["error_description"].(string)
	if description == "" || len(a.JSON) != 2 || strings.ContainsFunc(description, func(c rune) bool { return c < ' ' || c > '~' || c == '"' || c == '\\' }) {
		t.Errorf("%s: the body is %s", what, a.Body)
	}
	h := a.Header()
	if h.Get("Cache-Control") != "no-store" || h.Get("Pragma") != "no-cache" || h.Get("Content-Type") != "application/json" {
		t.Errorf("%s: the header is %v", what, h)
	}
	if challenged := strings.HasPrefix(h.Get("WWW-Authenticate"), "Basic "); challenged != (status == http.StatusUnauthorized) {
		t.Errorf("%s: WWW-Authenticate is %q", what, h.Get("WWW-Authenticate"))
	}
	if wait := h.Get("Retry-After") != ""; wait != (code == "temporarily_unavailable") {
		t.Errorf("%s: Retry-After is %q", what, h.Get("Retry-After"))
	}
}

// live says whether an access token counts.
func (f *fixture) live(access string) bool {
	_, err := f.auth.Identify(f.t.Context(), access)
	return err == nil
}

// exec runs SQL behind the service's back.
func (f *fixture) exec(sql string, args ...any) {
	f.t.Helper()
	_, err := f.db.Exec(f.t.Context(), sql, args...)
	must(f.t, err)
}
