package keyring

import (
	"bytes"
	"context"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"latchkey/internal/db"
	"latchkey/internal/jwt"
	"latchkey/internal/store"
)

const (
	day       = 24 * time.Hour
	accessTTL = 15 * time.Minute
	public    = 5 * time.Minute // how long backends keep the keys
)

var (
	noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

	oldSecret = bytes.Repeat([]byte("old!"), 8)
	newSecret = bytes.Repeat([]byte("new!"), 8)

	periods = Periods{Lead: accessTTL + public + time.Minute, Live: accessTTL + day, Tell: 30 * day}
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// world is a database, and the time there.
type world struct {
	t     testing.TB
	db    db.DB
	store *store.Store

	mu   sync.Mutex
	time time.Time
}

func newWorld(t testing.TB, d db.DB) *world {
	return &world{t: t, db: d, store: store.New(d), time: noon}
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.time
}

// pass lets time go by.
func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.time = w.time.Add(d)
}

// replica is a server with the keys of the world.
type replica struct {
	*Ring
	issuer *jwt.Issuer
	w      *world
}

// replica returns one that has read nothing yet.
func (w *world) replica(secrets ...[]byte) *replica {
	w.t.Helper()
	if len(secrets) == 0 {
		secrets = [][]byte{oldSecret}
	}
	issuer, err := jwt.NewWaiting("https://auth.example.org", "https://auth.example.org", secrets)
	must(w.t, err)
	ring, err := New(Config{
		Store: w.store, Secrets: secrets, Periods: periods, Use: func(keys ...jwt.Key) error { return issuer.Use(keys...) },
		Now: func(context.Context) (time.Time, error) { return w.now(), nil },
	})
	must(w.t, err)
	return &replica{Ring: ring, issuer: issuer, w: w}
}

// loaded is replica, and has the keys.
func (w *world) loaded(secrets ...[]byte) *replica {
	w.t.Helper()
	r := w.replica(secrets...)
	must(w.t, r.Load(w.t.Context()))
	return r
}

// poll reads the keys, as Run does every few seconds.
func (r *replica) poll() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.read(r.w.t.Context())
}

// token is one that the replica signs now.
func (r *replica) token() (token string, expires time.Time) {
	r.w.t.Helper()
	now := r.w.now().Truncate(time.Second)
	expires = now.Add(accessTTL)
	token, err := r.issuer.Sign(jwt.Claims{
		Subject: uuid.NewString(), SessionID: uuid.NewString(), ClientID: jwt.OwnClient, ID: uuid.NewString(), Role: "USER", IssuedAt: now, ExpiresAt: expires,
	})
	must(r.w.t, err)
	return token, expires
}

// published is the kids that the replica publishes.
func (r *replica) published() map[string]bool {
	r.w.t.Helper()
	text, err := r.issuer.JWKS()
	must(r.w.t, err)
	var set struct{ Keys []struct{ Kid string } }
	must(r.w.t, json.Unmarshal(text, &set))
	kids := map[string]bool{}
	for _, k := range set.Keys {
		kids[k.Kid] = true
	}
	return kids
}

// rows are the keys as the database has them.
func (w *world) rows() []store.SigningKey {
	w.t.Helper()
	rows, err := w.store.SigningKeys(w.t.Context())
	must(w.t, err)
	return rows
}

func (w *world) exec(sql string, args ...any) {
	w.t.Helper()
	n, err := w.db.Exec(w.t.Context(), sql, args...)
	must(w.t, err)
	if n != 1 {
		w.t.Fatalf("%s: %d rows", sql, n)
	}
}
