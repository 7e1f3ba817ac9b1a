package graph_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"latchkey/graph"
	"latchkey/internal/auth"
	"latchkey/internal/breach"
	"latchkey/internal/config"
	"latchkey/internal/db"
	"latchkey/internal/doctor"
	"latchkey/internal/jwt"
	"latchkey/internal/link"
	"latchkey/internal/password"
	"latchkey/internal/redisstore"
	"latchkey/internal/request"
	"latchkey/internal/store"
	"latchkey/internal/testenv"
	"latchkey/internal/throttle"
)

// t0 is where the fixture's clock stands.
var t0 = time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC)

type fixture struct {
	*auth.Service
	t       testing.TB
	db      db.DB
	cfg     auth.Config
	deps    auth.Deps
	store   *store.Store
	links   *link.Maker
	handler http.Handler
	watched http.Handler // handler as the service has it, whose requests are observed
	seen    string       // the operation, outcome and code of the last of them
	queued  int          // how often a mail was left to send
}

// setup serves GraphQL on a database, with hashes that cost nothing.
func setup(t testing.TB, d db.DB) *fixture {
	t.Helper()
	return setupWith(t, d, nil)
}

// setupWith is setup with tokens and counts in Redis, unless that is nil.
func setupWith(t testing.TB, d db.DB, shared *redisstore.Store) *fixture {
	t.Helper()
	secret := bytes.Repeat([]byte("s3"), 16)
	s := store.New(d, secret)
	var tokens link.Tokens = s
	var counters throttle.Counters = throttle.NewMemory()
	if shared != nil {
		tokens, counters = shared, shared
	}
	f := &fixture{t: t, db: d}
	cheap := password.Params{Kind: password.Argon2id, Memory: 64, Time: 1, Threads: 1}
	hasher, err := password.NewHasher(cheap, password.Here(2), 64, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var hashing sync.WaitGroup
	hashing.Go(func() { hasher.Run(ctx) })
	t.Cleanup(func() { stop(); hashing.Wait() })
	issuer, err := jwt.New("https://auth.example", "https://auth.example", [][]byte{secret})
	if err != nil {
		t.Fatal(err)
	}
	public := &url.URL{Scheme: "https", Host: "auth.example"}
	f.store = s
	links, err := link.New(link.Config{PublicURL: public, ResetTTL: time.Hour, Secrets: [][]byte{secret}, Tokens: tokens, Store: s, Now: func() time.Time { return t0 }})
	if err != nil {
		t.Fatal(err)
	}
	f.links = links
	breaches, err := breach.Open(testenv.StolenList(t, breached))
	must(t, err)
	t.Cleanup(func() { _ = breaches.Close() })
	f.cfg = auth.Config{
		RegistrationOpen: true, AccessTTL: 15 * time.Minute, IdleTTL: 720 * time.Hour, MaxTTL: 4320 * time.Hour,
		RefreshGrace: 30 * time.Second, FreshFor: 10 * time.Minute, AppName: "Latchkey", ConfirmTTL: 24 * time.Hour, Secrets: [][]byte{secret},
		EmailLogin: true, TrustedDeviceTTL: 720 * time.Hour,
	}
	f.deps = auth.Deps{
		Store: s, Links: links, Counters: counters, Hasher: hasher, Policy: password.Policy{AppName: "Latchkey", Kind: password.Argon2id},
		Breaches: breaches, Passkeys: party(t), Issuer: issuer, Log: zerolog.Nop(), Now: func() time.Time { return t0 }, MailQueued: func() { f.queued++ },
	}
	f.policy(auth.SecondFactorOptional)
	return f
}

// operator is what the server of the tests says of itself.
var operator = graph.Operator{
	Version: "1.2.3",
	Settings: []config.Setting{
		{Name: "PORT", Value: new("8080"), Source: config.FromDefault, Description: "TCP port, 1 to 65535."},
		{Name: "SECRET_KEY", Value: new("set, 64 bytes"), Secret: true, Source: config.FromEnvironment, Description: "Protects tokens."},
		{Name: "APP_URL", Source: config.FromDefault, Description: "Where pages send people."},
	},
	Schema: func(context.Context) (int, error) { return 18, nil },
	Examine: func(context.Context) ([]doctor.Finding, error) {
		return []doctor.Finding{{Check: "database", Verdict: doctor.OK, Text: "it answers"}, {Check: "mail", Verdict: doctor.Fail, Text: "no answer", Advice: "start it"}}, nil
	},
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// policy serves GraphQL from now on as if REQUIRE_SECOND_FACTOR said so.
func (f *fixture) policy(p auth.SecondFactorPolicy) {
	f.t.Helper()
	t := f.t
	f.cfg.SecondFactor = p
	var err error
	f.Service, err = auth.New(f.cfg, f.deps)
	must(t, err)
	door, err := request.New(request.Config{
		Auth: f.Service, Secure: true, Own: "https://auth.example", Origins: []string{"https://app.example"}, Log: zerolog.Nop(),
		Observers: []func(context.Context, *request.Observed){func(_ context.Context, o *request.Observed) {
			f.seen = fmt.Sprint(o.Operation, " ", o.Outcome, " ", o.Code)
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	mux := request.NewMux("")
	graph.Mount(mux, door, f.Service, true, operator, zerolog.New(t.Output()))
	f.handler, f.watched = mux, door.Harden(mux)
}

// post sends an operation and returns the answer.
func (f *fixture) post(t testing.TB, query string, variables any, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/graphql", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	f.handler.ServeHTTP(w, r)
	return w
}

// ada makes a user who is logged in.
func (f *fixture) ada(t testing.TB) *auth.Login {
	t.Helper()
	return f.join(t, "Ada@example.org", "ada", store.RoleUser)
}

// admin makes an administrator who is logged in.
func (f *fixture) admin(t testing.TB, username string) *auth.Login {
	t.Helper()
	return f.join(t, username+"@example.org", username, store.RoleAdmin)
}

// here is where the requests of post come from.
var here = auth.Actor{Client: auth.Client{Addr: netip.MustParseAddr("192.0.2.1")}}

func (f *fixture) join(t testing.TB, email, username string, role store.Role) *auth.Login {
	t.Helper()
	in := auth.CreateUserInput{Email: email, Username: username, Password: new("correct horse battery"), Role: role}
	if _, err := f.CreateUser(t.Context(), auth.Shell("test"), in); err != nil {
		t.Fatal(err)
	}
	l, err := f.Login(t.Context(), here, auth.LoginInput{Login: username, Password: *in.Password})
	if err != nil {
		t.Fatal(err)
	}
	return l
}
