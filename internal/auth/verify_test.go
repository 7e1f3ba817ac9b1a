package auth_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"latchkey/internal/auth"
	"latchkey/internal/jwt"
	"latchkey/internal/store"
	"latchkey/internal/testenv"
)

// A token by a key that is not known makes the service look for the key once, and ask the
// database nothing; no other token makes it look. It is INVALID if there is no such key,
// and no fault of the token if that cannot be known.
func TestUnknownKeyIsLookedFor_F4(t *testing.T) {
	counting := &testenv.Counting{DB: testenv.SQLite(t)}
	f := setup(t, counting)
	ours, err := jwt.NewKey(jwt.ES256)
	must(t, err)
	strangers, err := jwt.NewKey(jwt.ES256)
	must(t, err)
	issuer := func(keys ...jwt.Key) *jwt.Issuer {
		i, err := jwt.New("https://auth.example.org", "https://auth.example.org", f.cfg.Secrets, keys...)
		must(t, err)
		return i
	}
	sign := func(i *jwt.Issuer, expires time.Time) string {
		token, err := i.Sign(jwt.Claims{Subject: uuid.NewString(), SessionID: uuid.NewString(), ClientID: jwt.OwnClient, ID: uuid.NewString(),
			IssuedAt: f.Now(), ExpiresAt: expires})
		must(t, err)
		return token
	}
	replica, err := jwt.NewWaiting("https://auth.example.org", "https://auth.example.org", f.cfg.Secrets)
	must(t, err)
	looks := 0
	var found []jwt.Key
	var away error
	deps := f.deps
	deps.Issuer, deps.MissingKey = replica, func(context.Context) error {
		looks++
		if away != nil {
			return away
		}
		return replica.Use(found...)
	}
	s, err := auth.New(f.cfg, deps)
	must(t, err)
	later, past := f.Now().Add(time.Minute), f.Now().Add(-time.Minute)
	for _, c := range []struct {
		name   string
		token  string
		found  []jwt.Key
		away   error
		looks  int
		asks   int64 // the database
		reason string
	}{
		{"by a secret", sign(issuer(), later), nil, nil, 0, 1, auth.ReasonRevoked},
		{"by a secret, expired", sign(issuer(), past), nil, nil, 0, 0, auth.ReasonExpired},
		{"no token", "x", nil, nil, 0, 0, auth.ReasonInvalid},
		{"while the keys are away", sign(issuer(ours), later), nil, store.ErrUnavailable, 1, 0, ""},
		{"by a new key", sign(issuer(ours), later), []jwt.Key{ours}, nil, 1, 1, auth.ReasonRevoked},
		{"by that once more", sign(issuer(ours), later), nil, nil, 0, 1, auth.ReasonRevoked},
		{"by that, expired", sign(issuer(ours), past), nil, nil, 0, 0, auth.ReasonExpired},
		{"by a stranger's key", sign(issuer(strangers), later), []jwt.Key{ours}, nil, 1, 0, auth.ReasonInvalid},
	} {
		looks, found, away = 0, c.found, c.away
		before := counting.Statements.Load()
		_, err := s.Identify(t.Context(), c.token)
		e, ok := errors.AsType[*auth.Error](err)
		switch {
		case c.reason == "" && !errors.Is(err, store.ErrUnavailable):
			t.Errorf("%s: %v, want that the database is away", c.name, err)
		case c.reason != "" && (!ok || e.Reason != c.reason):
			t.Errorf("%s: %v, want %s", c.name, err, c.reason)
		}
		if asks := counting.Statements.Load() - before; looks != c.looks || asks != c.asks {
			t.Errorf("%s: %d looks and %d statements, want %d and %d", c.name, looks, asks, c.looks, c.asks)
		}
	}
	away = store.ErrUnavailable
	token := sign(issuer(strangers), later)
	if err := s.Logout(t.Context(), auth.Actor{}, token); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("logout while the keys are away: %v", err)
	}
	if err := s.Revoke(t.Context(), auth.Actor{}, token); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("revoke while the keys are away: %v", err)
	}
}
