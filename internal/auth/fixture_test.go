package auth_test

import (
	"bytes"
	"context"
	"net/netip"
	"net/url"
	"sync"
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
	"latchkey/internal/store"
	"latchkey/internal/testenv"
	"latchkey/internal/throttle"
)

const (
	goodPassword  = "a quiet lamp by the river"
	wrongPassword = "a quiet lamp by the rivers"

	firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
	chrome  = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"

	day = 24 * time.Hour
)

var (
	noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

	cheap       = password.Params{Kind: password.Argon2id, Memory: 8, Time: 1, Threads: 1}
	cheapBcrypt = password.Params{Kind: password.Bcrypt, Cost: 4}

	oldSecret = bytes.Repeat([]byte("old!"), 8)
	newSecret = bytes.Repeat([]byte("new!"), 8)
)

// clock is the time as the test sets it.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// pass lets time go by, or back.
func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// fixture is a Service on an empty database with a clock of its own.
type fixture struct {
	*auth.Service
	*clock
	t     testing.TB
	db    db.DB
	store *store.Store
	inbox *mail.Inbox
	cfg   auth.Config
	deps  auth.Deps
	keys  *jwt.Issuer // the Service's
}

// Now is the clock's, which the Service goes by.
func (f *fixture) Now() time.Time { return f.clock.Now() }

// change alters how a Service is set up.
type change func(*fixture)

// setup returns a Service on d with the configuration of production, but for
// hashes that cost little.
func setup(t testing.TB, d db.DB, changes ...change) *fixture {
	t.Helper()
	f := &fixture{clock: &clock{now: noon}, t: t, db: d, store: store.New(d, oldSecret)}
	f.cfg = auth.Config{
		RegistrationOpen: true, AccessTTL: 15 * time.Minute, IdleTTL: 30 * day, MaxTTL: 180 * day, RefreshGrace: 30 * time.Second, FreshFor: 10 * time.Minute, AppName: "Latchkey", ConfirmTTL: day,
		Secrets: [][]byte{oldSecret},
	}
	inbox, err := mail.NewInbox(f.store, f.cfg.Secrets, emailKey)
	must(t, err)
	f.inbox = inbox
	f.deps = auth.Deps{
		Store: f.store, Links: f.linksBy(f.cfg.Secrets), Counters: throttle.NewMemory(), Hasher: newHasher(t, cheap),
		Policy:   password.Policy{MinLength: 8, AppName: "Latchkey", Kind: password.Argon2id},
		Passkeys: passkeysOf(t, keyDomain), Log: zerolog.Nop(), Now: f.Now, MailQueued: func() {},
	}
	for _, c := range changes {
		c(f)
	}
	f.Service = f.replica(f.cfg)
	f.keys = f.issuer(f.cfg)
	return f
}

// linksBy makes and opens links and codes by these secrets.
func (f *fixture) linksBy(secrets [][]byte) *link.Maker {
	f.t.Helper()
	links, err := link.New(link.Config{
		PublicURL: &url.URL{Scheme: "https", Host: "auth.example.org"}, ResetTTL: time.Hour, Secrets: secrets,
		Tokens: f.store, Store: f.store, Now: f.Now,
	})
	must(f.t, err)
	return links
}

// each runs a test on a fixture on both databases.
func each(t *testing.T, run func(t *testing.T, f *fixture), changes ...change) {
	t.Helper()
	testenv.Each(t, func(t *testing.T, d db.DB) { run(t, setup(t, d, changes...)) })
}

// hashing has new passwords hashed with p.
func hashing(p password.Params) change {
	return func(f *fixture) {
		f.deps.Hasher = newHasher(f.t, p)
		f.deps.Policy.Kind = p.Kind
	}
}

// replica returns another Service on what f works with.
func (f *fixture) replica(cfg auth.Config) *auth.Service {
	f.t.Helper()
	deps := f.deps
	deps.Issuer = f.issuer(cfg)
	s, err := auth.New(cfg, deps)
	must(f.t, err)
	return s
}

func (f *fixture) issuer(cfg auth.Config) *jwt.Issuer {
	f.t.Helper()
	issuer, err := jwt.New("https://auth.example.org", "https://auth.example.org", cfg.Secrets)
	must(f.t, err)
	return issuer
}

// newHasher returns a Hasher at work. All of a test's tries may wait in it.
func newHasher(t testing.TB, p password.Params) *password.Hasher {
	t.Helper()
	h, err := password.NewHasher(p, password.Here(2), 1000, time.Minute)
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { h.Run(ctx) })
	t.Cleanup(func() { cancel(); running.Wait() })
	return h
}

// emailKey is the key of an address, or "" for what is none.
func emailKey(address string) string {
	e, _ := names.ParseEmail(address)
	return e.Key
}

// shell is who runs the commands of the tests.
var shell = auth.Shell("root@test")

// client is somebody at the n-th of many clients, each with an address of its own.
func client(n int) auth.Actor {
	return at(netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)}), firefox)
}

// at is somebody at an address, with a browser.
func at(addr netip.Addr, userAgent string) auth.Actor {
	return auth.Actor{Way: store.WayAPI, Client: auth.Client{Addr: addr, UserAgent: userAgent}}
}

// as is a client at which somebody is signed in.
func as(v *auth.Viewer, c auth.Actor) auth.Actor {
	c.Viewer = v
	return c
}

// by is a client that an OAuth client speaks for.
func by(oauthClient string, c auth.Actor) auth.Actor {
	c.ClientID = oauthClient
	return c
}

// user makes an account with goodPassword and the address NAME@example.org.
func (f *fixture) user(name string) *store.User {
	f.t.Helper()
	u, err := f.CreateUser(f.t.Context(), shell, auth.CreateUserInput{
		Email: name + "@example.org", Username: name, Password: new(goodPassword),
		Role: store.RoleUser,
	})
	must(f.t, err)
	return u
}

// try logs in and returns how that ended.
func (f *fixture) try(login, typed string, c auth.Actor) error {
	_, err := f.Login(f.t.Context(), c, auth.LoginInput{Login: login, Password: typed})
	return err
}

// login logs in with goodPassword.
func (f *fixture) login(login string, c auth.Actor) *auth.Login {
	f.t.Helper()
	l, err := f.Login(f.t.Context(), c, auth.LoginInput{Login: login, Password: goodPassword})
	must(f.t, err)
	return l
}

// registers asks for an account with goodPassword and returns how that ended.
func (f *fixture) registers(email, username string, c auth.Actor) error {
	_, err := f.Register(f.t.Context(), c, auth.RegisterInput{Email: email, Username: new(username), Password: goodPassword})
	return err
}

// link registers and returns the token of the mail about it.
func (f *fixture) link(email, username string, c auth.Actor) string {
	f.t.Helper()
	must(f.t, f.registers(email, username, c))
	tokens := f.tokens(f.mails(email)[0])
	if len(tokens) != 1 {
		f.t.Fatalf("the mail after registering %s has %d links, want 1", username, len(tokens))
	}
	return tokens[0]
}

// confirm confirms a registration without logging in and returns how that ended.
func (f *fixture) confirm(token, typed string) error {
	_, err := f.ConfirmLink(f.t.Context(), client(1), auth.ConfirmLink{Token: token, Password: typed})
	return err
}

// decline says no to what a link would confirm and returns how that ended.
func (f *fixture) decline(token, email string) error {
	_, err := f.DeclineLink(f.t.Context(), client(1), token, email)
	return err
}

var templates = sync.OnceValues(func() (*mail.Templates, error) {
	return mail.NewTemplates(mail.App{Name: "Latchkey", Host: "auth.example.org"})
})

// mails delivers the outbox and returns all mails to an address so far, the
// newest first. Each delivery has counts of its own, so that none is held back.
func (f *fixture) mails(to string) []*mail.Message {
	f.t.Helper()
	written, err := templates()
	must(f.t, err)
	log := zerolog.Nop()
	w, err := mail.NewWorker(mail.Config{
		Store: f.store, Sender: f.inbox, Links: f.deps.Links, Counters: throttle.NewMemory(), Templates: written,
		From: "noreply@example.org", Log: &log, Now: f.Now,
	})
	must(f.t, err)
	must(f.t, w.Tick(f.t.Context()))
	return f.sent(to)
}

// sent returns all mails that were delivered to an address so far, the newest first.
func (f *fixture) sent(to string) []*mail.Message {
	f.t.Helper()
	list, err := f.inbox.Mails(f.t.Context(), to)
	must(f.t, err)
	return list
}

// tokens returns the tokens of a mail's links.
func (f *fixture) tokens(m *mail.Message) []string {
	f.t.Helper()
	var list []string
	for _, link := range m.Links() {
		u, err := url.Parse(link)
		must(f.t, err)
		if u.Query().Has("token") {
			list = append(list, u.Query().Get("token"))
		}
	}
	return list
}

// exec runs SQL behind the Service's back.
func (f *fixture) exec(sql string, args ...any) {
	f.t.Helper()
	_, err := f.db.Exec(f.t.Context(), sql, args...)
	must(f.t, err)
}

// count returns the number of rows that follow FROM.
func (f *fixture) count(from string, args ...any) (n int) {
	f.t.Helper()
	must(f.t, f.db.QueryRow(f.t.Context(), `SELECT count(*) FROM `+from, args...).Scan(&n))
	return n
}
