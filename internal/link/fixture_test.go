package link_test

import (
	"bytes"
	"errors"
	"net/url"
	"testing"
	"time"

	"latchkey/internal/db"
	"latchkey/internal/link"
	"latchkey/internal/store"
	"latchkey/internal/testenv"
)

const day = 24 * time.Hour

// The secrets that seal claims, an old and a new one.
var secret, newSecret = bytes.Repeat([]byte("old "), 8), bytes.Repeat([]byte("new "), 8)

var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// fixture is a Maker on an empty database, with a clock that stands still.
type fixture struct {
	*link.Maker
	t     testing.TB
	db    db.DB
	store *store.Store
	now   time.Time
}

func setup(t testing.TB, d db.DB, changes ...func(*link.Config)) *fixture {
	t.Helper()
	f := &fixture{t: t, db: d, store: store.New(d), now: noon}
	c := link.Config{
		PublicURL: &url.URL{Scheme: "https", Host: "auth.example.org"}, ResetTTL: time.Hour, Secrets: [][]byte{secret}, Tokens: f.store, Store: f.store,
		Now: func() time.Time { return f.now },
	}
	for _, change := range changes {
		change(&c)
	}
	var err error
	f.Maker, err = link.New(c)
	must(t, err)
	return f
}

// each runs a test on a fixture on both databases.
func each(t *testing.T, run func(t *testing.T, f *fixture)) {
	t.Helper()
	testenv.Each(t, func(t *testing.T, d db.DB) { run(t, setup(t, d)) })
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// make makes a link and returns its token.
func (f *fixture) make(to link.Target) string {
	f.t.Helper()
	made, err := f.Make(f.t.Context(), to)
	must(f.t, err)
	u, err := url.Parse(made.URL)
	must(f.t, err)
	return u.Query().Get("token")
}

// dead expects ErrDead.
func (f *fixture) dead(what string, err error) {
	f.t.Helper()
	if !errors.Is(err, link.ErrDead) {
		f.t.Errorf("%s: %v, want %v", what, err, link.ErrDead)
	}
}

// The rows that links act on. No table has the first two: a Maker reads of them
// what it is given.
var (
	registration = store.Registration{ID: "r", Email: "Ada@example.org", EmailKey: "ada@example.org", ExpiresAt: noon.Add(day)}
	user         = store.User{
		ID: "u", Email: "Ada@example.org", EmailKey: "ada@example.org", SecurityVersion: 7,
		PendingEmail: new("Ada+new@example.org"), PendingEmailKey: new("ada+new@example.org"), PendingUntil: new(noon.Add(day)),
	}
)

// event writes an event that may be taken back for 72 hours.
func (f *fixture) event(id string) {
	f.t.Helper()
	u := user
	u.Username, u.Role, u.CreatedAt, u.UpdatedAt = "ada", store.RoleUser, noon, noon
	b := &store.Undo{ID: id, UserID: u.ID, Kind: store.EventNewDevice, Email: u.Email, EmailKey: u.EmailKey, Username: "ada", At: noon, ExpiresAt: noon.Add(3 * day)}
	must(f.t, f.store.InTx(f.t.Context(), func(tx *store.Store) error {
		if err := tx.CreateUser(f.t.Context(), &u, "ada"); err != nil {
			return err
		}
		return tx.AddUndo(f.t.Context(), b)
	}))
}
