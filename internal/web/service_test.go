package web

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"latchkey/internal/auth"
	"latchkey/internal/db"
	"latchkey/internal/jwt"
	"latchkey/internal/link"
	"latchkey/internal/mail"
	"latchkey/internal/names"
	"latchkey/internal/password"
	"latchkey/internal/request"
	"latchkey/internal/store"
	"latchkey/internal/testenv"
	"latchkey/internal/throttle"
)

const goodPassword = "a quiet lamp by the river"

// service is the pages on an empty database, with a clock that stands still.
type service struct {
	http.Handler
	t     *testing.T
	mux   *request.Mux // with the pages; a test may add to it
	door  *request.Door
	auth  *auth.Service
	store *store.Store
	db    db.DB
	inbox *mail.Inbox
	log   bytes.Buffer
	now   time.Time
	cfg   Config
	links *link.Maker
}

// newService returns one at https://auth.example.org; change, if given, alters
// how it is set up.
func newService(t *testing.T, change ...func(*Config)) *service {
	t.Helper()
	return newServiceAt(t, &url.URL{Scheme: "https", Host: "auth.example.org"}, []string{app}, change...)
}

// app is the origin of another site's pages, which may call the API.
const app = "https://app.example.org"

func newServiceAt(t *testing.T, public *url.URL, origins []string, change ...func(*Config)) *service {
	t.Helper()
	s := &service{t: t, mux: request.NewMux(""), db: testenv.SQLite(t), now: noon}
	s.store = store.New(s.db)
	hasher, err := password.NewHasher(password.Params{Kind: password.Argon2id, Memory: 64, Time: 1, Threads: 1}, password.Here(1), 10, time.Minute)
	must(t, err)
	go hasher.Run(t.Context())
	secrets := [][]byte{bytes.Repeat([]byte("k"), 32)}
	issuer, err := jwt.New("https://auth.example.org", "https://auth.example.org", secrets)
	must(t, err)
	now := func() time.Time { return s.now }
	links, err := link.New(link.Config{PublicURL: public, ResetTTL: time.Hour, Secrets: secrets, Tokens: s.store, Store: s.store, Now: now})
	must(t, err)
	s.links = links
	s.auth, err = auth.New(
		auth.Config{
			RegistrationOpen: true, AccessTTL: time.Minute, IdleTTL: time.Hour, MaxTTL: time.Hour,
			RefreshGrace: time.Second, FreshFor: 10 * time.Minute, AppName: "Latchkey", ConfirmTTL: 24 * time.Hour, Secrets: secrets,
		},
		auth.Deps{
			Store: s.store, Links: links, Counters: throttle.NewMemory(), Hasher: hasher, Issuer: issuer,
			Now: now, MailQueued: func() {}, Log: zerolog.New(&s.log),
		})
	must(t, err)
	s.inbox, err = mail.NewInbox(s.store, secrets, func(a string) string {
		e, _ := names.ParseEmail(a)
		return e.Key
	})
	must(t, err)
	s.cfg = Config{
		AppName: "Latchkey", PublicURL: public, AppURL: &url.URL{Scheme: "https", Host: "app.example.org"},
		Auth: s.auth, Health: NewHealth(nil, nil), Inbox: s.inbox, Explorer: true, Log: zerolog.New(&s.log), Now: now,
	}
	for _, c := range change {
		c(&s.cfg)
	}
	s.door, err = request.New(request.Config{
		Auth: s.auth, Secure: public.Scheme == "https", Own: public.String(), Origins: origins, Log: zerolog.New(&s.log),
		Observers: []func(context.Context, *request.Observed){request.AccessLog(zerolog.New(&s.log), false)},
	})
	must(t, err)
	must(t, Mount(s.mux, s.door, s.cfg))
	s.Handler = s.door.Harden(s.mux)
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// home is where people usually are.
var home = auth.Actor{Way: auth.ByLink, Client: auth.Client{
	Addr: netip.MustParseAddr("192.0.2.1"), UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
}}

// as is an actor as whom somebody is signed in.
func as(v *auth.Viewer, a auth.Actor) auth.Actor {
	a.Viewer = v
	return a
}

// register returns the parameters of the link that confirms a new registration.
func (s *service) register(username, email, password string) url.Values {
	s.t.Helper()
	_, err := s.auth.Register(s.t.Context(), home, auth.RegisterInput{Email: email, Username: new(username), Password: password})
	must(s.t, err)
	for _, r := range s.registrations(email) {
		if r.Username != username {
			continue
		}
		return s.link(link.Target{Purpose: link.ConfirmRegistration, Registration: &r})
	}
	s.t.Fatalf("no registration of %s", username)
	return nil
}

// link makes a link and returns its parameters.
func (s *service) link(to link.Target) url.Values {
	s.t.Helper()
	made, err := s.links.Make(s.t.Context(), to)
	must(s.t, err)
	u, err := url.Parse(made.URL)
	must(s.t, err)
	return u.Query()
}

// user makes an account and returns it as it is in the database.
func (s *service) user(username, email string) *store.User {
	s.t.Helper()
	in := s.register(username, email, goodPassword)
	done, err := s.auth.ConfirmLink(s.t.Context(), home, auth.ConfirmLink{Token: in.Get("token")})
	must(s.t, err)
	return s.reload(done.User)
}

// reload returns a user as they are now.
func (s *service) reload(u *store.User) *store.User {
	s.t.Helper()
	u, err := s.store.UserByID(s.t.Context(), u.ID)
	must(s.t, err)
	return u
}

// viewer is a user with a session.
func (s *service) viewer(u *store.User) *auth.Viewer {
	s.t.Helper()
	l, err := s.auth.Login(s.t.Context(), home, auth.LoginInput{Login: u.Username, Password: goodPassword})
	must(s.t, err)
	return &auth.Viewer{User: s.reload(u), Session: l.Session}
}

// registrations returns those of an address that wait.
func (s *service) registrations(email string) []store.Registration {
	s.t.Helper()
	e, ok := names.ParseEmail(email)
	if !ok {
		s.t.Fatalf("%s is no address", email)
	}
	list, err := s.store.RegistrationsByEmail(s.t.Context(), e.Key, "", s.now, 100)
	must(s.t, err)
	return list
}

// do answers one request, sent to this machine unless it names another host. Who
// asks for the inbox or the explorer sits here unless it names another address.
func (s *service) do(r *http.Request) *httptest.ResponseRecorder {
	if r.RemoteAddr == "192.0.2.1:1234" && (r.URL.Path == "/" || strings.HasPrefix(r.URL.Path, "/dev/")) { // httptest's default
		r.RemoteAddr = "127.0.0.1:50000"
	}
	if r.Host == "example.com" { // httptest's default
		r.Host = "localhost:8080"
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func (s *service) get(path string) *httptest.ResponseRecorder {
	return s.do(httptest.NewRequest(http.MethodGet, path, nil))
}

// press posts the form of the confirmation page, as its button does.
func (s *service) press(button string, fields url.Values, more ...string) *httptest.ResponseRecorder {
	return s.do(form(button, fields, more...))
}

// pressOn is press on another page.
func (s *service) pressOn(path, button string, fields url.Values, more ...string) *httptest.ResponseRecorder {
	return s.do(formOn(path, button, fields, more...))
}

func form(button string, fields url.Values, more ...string) *http.Request {
	return formOn(confirmPath, button, fields, more...)
}

func formOn(path, button string, fields url.Values, more ...string) *http.Request {
	all := url.Values{"do": {button}}
	for name, v := range fields {
		all[name] = v
	}
	for i := 0; i < len(more); i += 2 {
		all.Set(more[i], more[i+1])
	}
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(all.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

// wants checks a status and that the page says each of the texts.
func wants(t *testing.T, w *httptest.ResponseRecorder, status int, texts ...string) {
	t.Helper()
	if w.Code != status {
		t.Errorf("got status %d, want %d", w.Code, status)
	}
	for _, text := range texts {
		if !strings.Contains(w.Body.String(), text) {
			t.Errorf("the page does not say %q:\n%s", text, w.Body)
		}
	}
}
