package admin_test

import (
	"bytes"
	"context"
	"encoding/base32"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"latchkey/graph"
	"latchkey/internal/admin"
	"latchkey/internal/auth"
	"latchkey/internal/config"
	"latchkey/internal/db"
	"latchkey/internal/doctor"
	"latchkey/internal/jwt"
	"latchkey/internal/link"
	"latchkey/internal/password"
	"latchkey/internal/request"
	"latchkey/internal/store"
	"latchkey/internal/testenv"
	"latchkey/internal/throttle"
	"latchkey/internal/totp"
)

const (
	goodPassword = "a quiet lamp by the river"
	origin       = "https://auth.example.org"
	firefox      = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
)

var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// world is the page with real services on an empty database, with a clock of its own.
type world struct {
	*auth.Service
	t       *testing.T
	handler http.Handler
	store   *store.Store
	db      db.DB
	now     time.Time
	log     bytes.Buffer
	answer  string // of the mail server to a test mail; "" is that it takes it
	cfg     auth.Config
	deps    auth.Deps
	calls   int // of the API, by the page
}

func newWorld(t *testing.T, changes ...func(*world)) *world {
	t.Helper()
	w := &world{t: t, db: testenv.SQLite(t), now: noon}
	secrets := [][]byte{bytes.Repeat([]byte("k"), 32)}
	w.store = store.New(w.db, secrets...)
	hasher, err := password.NewHasher(password.Params{Kind: password.Argon2id, Memory: 64, Time: 1, Threads: 1}, password.Here(1), 100, time.Minute)
	must(t, err)
	go hasher.Run(t.Context())
	issuer, err := jwt.New(origin, origin, secrets)
	must(t, err)
	clock := func() time.Time { return w.now }
	public := &url.URL{Scheme: "https", Host: "auth.example.org"}
	links, err := link.New(link.Config{PublicURL: public, ResetTTL: time.Hour, Secrets: secrets, Tokens: w.store, Store: w.store, Now: clock})
	must(t, err)
	w.cfg = auth.Config{
		RegistrationOpen: true, AccessTTL: 15 * time.Minute, IdleTTL: 720 * time.Hour, MaxTTL: 4320 * time.Hour,
		RefreshGrace: 30 * time.Second, FreshFor: 10 * time.Minute, AppName: "Latchkey", ConfirmTTL: 24 * time.Hour, Secrets: secrets,
	}
	w.deps = auth.Deps{
		Store: w.store, Links: links, Counters: throttle.NewMemory(), Hasher: hasher, Issuer: issuer, Now: clock, MailQueued: func() {}, Log: zerolog.New(&w.log),
		Policy:   password.Policy{MinLength: 8, AppName: "Latchkey", Kind: password.Argon2id},
		TestMail: func(context.Context, string) (string, bool) { return w.answer, w.answer == "" },
	}
	for _, change := range changes {
		change(w)
	}
	w.Service, err = auth.New(w.cfg, w.deps)
	must(t, err)
	door, err := request.New(request.Config{Auth: w.Service, Secure: true, Own: origin, Log: zerolog.New(&w.log)})
	must(t, err)
	mux := request.NewMux("")
	api := graph.Mount(mux, door, w.Service, false, graph.Operator{
		Version: "1.2.3", Revision: "0123456789abcdef", Settings: config.InForce([]string{"SECRET_KEY=" + strings.Repeat("s", 64)}, "", example(t)),
		Schema: func(context.Context) (int, error) { return 18, nil },
		Examine: func(context.Context) ([]doctor.Finding, error) {
			return []doctor.Finding{{Check: "database", Verdict: doctor.OK, Text: "SQLite answers in 1ms"}, {Check: "mail", Verdict: doctor.Fail, Text: "connection refused", Advice: "see MAIL_SERVER"}}, nil
		},
	}, zerolog.New(&w.log))
	counting := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.calls++; api.ServeHTTP(rw, r) })
	must(t, admin.Mount(mux, door, admin.Config{AppName: "Latchkey", PublicURL: public, API: counting, Auth: w.Service, Log: zerolog.New(&w.log), Now: clock}))
	w.handler = door.Harden(mux)
	return w
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// shell is who makes the people of the tests.
var shell = auth.Shell("root@test")

func (w *world) user(name string, role store.Role) *store.User {
	w.t.Helper()
	u, err := w.CreateUser(w.t.Context(), shell, auth.CreateUserInput{Email: name + "@example.org", Username: name, Password: new(goodPassword), Role: role})
	must(w.t, err)
	return u
}

// browser is one, with its cookies.
type browser struct {
	w       *world
	cookies map[string]string
	header  http.Header // that it sends besides
}

func (w *world) browser() *browser {
	return &browser{w, map[string]string{}, http.Header{}}
}

// answer is what a browser got.
type answer struct {
	*httptest.ResponseRecorder
	t *testing.T
}

func (b *browser) do(method, at string, form url.Values) *answer {
	b.w.t.Helper()
	r := httptest.NewRequest(method, at, strings.NewReader(form.Encode()))
	r.Header.Set("User-Agent", firefox)
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", origin)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	return b.send(r)
}

func (b *browser) send(r *http.Request) *answer {
	b.w.t.Helper()
	for name := range b.header {
		if v := b.header.Get(name); v == "-" {
			r.Header.Del(name)
		} else {
			r.Header.Set(name, v)
		}
	}
	for name, v := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: v})
	}
	rec := httptest.NewRecorder()
	b.w.handler.ServeHTTP(rec, r)
	for _, c := range rec.Result().Cookies() {
		if b.cookies[c.Name] = c.Value; c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		}
	}
	return &answer{rec, b.w.t}
}

func (b *browser) get(at string) *answer { b.w.t.Helper(); return b.do(http.MethodGet, at, nil) }

func (b *browser) post(at string, fields ...string) *answer {
	b.w.t.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	return b.do(http.MethodPost, at, form)
}

// is checks a status and that the page says each of the texts.
func (a *answer) is(status int, texts ...string) *answer {
	a.t.Helper()
	if a.Code != status {
		a.t.Fatalf("status %d, want %d: %s\n%s", a.Code, status, a.Header().Get("Location"), a.Body)
	}
	for _, text := range texts {
		if !strings.Contains(a.Body.String(), text) {
			a.t.Fatalf("the page lacks %q:\n%s", text, a.Body)
		}
	}
	return a
}

// leads checks that it sends the browser on, and follows.
func (a *answer) leads(b *browser, to string) *answer {
	a.t.Helper()
	a.is(http.StatusSeeOther)
	if got := a.Header().Get("Location"); got != to {
		a.t.Fatalf("it leads to %s, want %s", got, to)
	}
	return b.get(to)
}

var hidden = regexp.MustCompile(`name="(\w+)" value="([^"]*)"`)

// field is the value of a hidden field.
func (a *answer) field(name string) string {
	a.t.Helper()
	for _, m := range hidden.FindAllStringSubmatch(a.Body.String(), -1) {
		if m[1] == name {
			return strings.NewReplacer("&#34;", `"`, "&amp;", "&", "&#43;", "+", "&#39;", "'", "&lt;", "<", "&gt;", ">").Replace(m[2])
		}
	}
	a.t.Fatalf("no field %s in\n%s", name, a.Body)
	return ""
}

// admin is a browser in which an administrator is signed in.
func (w *world) admin(name string) *browser {
	w.t.Helper()
	w.user(name, store.RoleAdmin)
	b := w.browser()
	b.logIn(name)
	return b
}

func (b *browser) logIn(name string) {
	b.w.t.Helper()
	b.post("/admin/login", "login", name, "password", goodPassword, "next", "/admin/users").leads(b, "/admin/users").is(http.StatusOK, "<h1>Users</h1>")
}

// app adds an authenticator app to a user, and returns its secret.
func (w *world) app(name string) []byte {
	w.t.Helper()
	ctx, a := w.t.Context(), auth.Actor{Way: auth.ByAPI}
	l, err := w.Login(ctx, a, auth.LoginInput{Login: name, Password: goodPassword})
	must(w.t, err)
	a.Viewer = &auth.Viewer{User: l.User, Session: l.Session}
	offer, err := w.StartTotp(ctx, a)
	must(w.t, err)
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(offer.Totp.Secret)
	must(w.t, err)
	_, err = w.ConfirmTotp(ctx, a, auth.ConfirmTotpInput{Challenge: offer.Challenge, TotpCode: totp.Code(secret, totp.Step(w.now))})
	must(w.t, err)
	return secret
}

// code is the code of an app now; a second one wants a later time.
func (w *world) code(secret []byte) string { return totp.Code(secret, totp.Step(w.now)) }

// named is a user as they are now; nil if there is none.
func (w *world) named(name string) *store.User {
	u, err := w.FindUser(w.t.Context(), name)
	if auth.IsAbsent(err) {
		return nil
	}
	must(w.t, err)
	return u
}

// count returns the number of rows that follow FROM.
func (w *world) count(from string, args ...any) (n int) {
	w.t.Helper()
	must(w.t, w.db.QueryRow(w.t.Context(), `SELECT count(*) FROM `+from, args...).Scan(&n))
	return n
}
