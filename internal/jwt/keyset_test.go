package jwt_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"latchkey/internal/jwt"
)

// An Issuer whose keys are still to come verifies what the secrets sign, and neither
// signs nor publishes.
func TestWaiting_F4(t *testing.T) {
	i, err := jwt.NewWaiting("https://auth.example", "https://api.example", [][]byte{secret})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := i.Sign(claims()); !errors.Is(err, jwt.ErrNoKeys) {
		t.Errorf("signed without keys: %v", err)
	}
	if set, err := i.JWKS(); !errors.Is(err, jwt.ErrNoKeys) {
		t.Errorf("published %s, %v", set, err)
	}
	if _, err := i.Verify(sign(t, issuerOf(t)), t0); err != nil {
		t.Errorf("an HS256 token: %v", err)
	}
	key := keys()[jwt.ES256]
	token := sign(t, issuerOf(t, key))
	if _, err := i.Verify(token, t0); !errors.Is(err, jwt.ErrUnknownKey) {
		t.Errorf("a token by a key to come: %v", err)
	}
	if err := i.Use(key); err != nil {
		t.Fatal(err)
	}
	if _, err := i.Verify(token, t0); err != nil || len(published(t, i)) != 1 || header(t, sign(t, i))["kid"] != key.ID {
		t.Errorf("with its key: %v", err)
	}
}

// A key that is not known is told from a token that is none of ours: it may be new.
func TestUnknownKey_F4(t *testing.T) {
	ours, err := jwt.NewKey(jwt.ES256)
	if err != nil {
		t.Fatal(err)
	}
	i := issuerOf(t, ours)
	other := sign(t, issuerOf(t, keys()[jwt.ES256]))
	for name, c := range map[string]struct {
		token string
		want  bool
	}{
		"by another key": {other, true}, "a kid that is none of ours": {forge(map[string]any{"alg": "ES256", "typ": "at+jwt", "kid": "mine"}, goodBody(), secret), false},
		"by ours, altered": {sign(t, i) + "A", false}, "none": {"x", false}, "of another type": {forge(map[string]any{"alg": "ES256", "typ": "JWT", "kid": ours.ID}, goodBody(), secret), false},
	} {
		_, err := i.Verify(c.token, t0)
		if !errors.Is(err, jwt.ErrInvalid) || errors.Is(err, jwt.ErrUnknownKey) != c.want {
			t.Errorf("%s: %v, unknown key: want %t", name, err, c.want)
		}
	}
}

// A retired key tells that its tokens have expired, is not published, and verifies none
// that it cannot have signed.
func TestRetiredKey_F1_F4(t *testing.T) {
	all := keys()
	old := all[jwt.ES256]
	token := sign(t, issuerOf(t, old))
	last := claims().ExpiresAt
	i := issuerOf(t, all[jwt.EdDSA], old.Retired(last))
	if got, err := i.Verify(token, last.Add(time.Hour)); !errors.Is(err, jwt.ErrExpired) || got != claims() {
		t.Errorf("an old token: %+v, %v, want ErrExpired", got, err)
	}
	if set := published(t, i); len(set) != 1 || set[0]["kid"] == old.ID {
		t.Errorf("published: %v", set)
	}
	later := claims()
	later.ExpiresAt = last.Add(time.Second)
	forged, err := issuerOf(t, old).Sign(later)
	if err != nil {
		t.Fatal(err)
	}
	for _, now := range []time.Time{t0, last, last.Add(time.Hour)} {
		if _, err := i.Verify(forged, now); !errors.Is(err, jwt.ErrInvalid) {
			t.Errorf("a token of later: %v, want ErrInvalid", err)
		}
	}
}

// Keys change under load: each token is verified by the set of before or of after.
func TestUseUnderLoad_F4(t *testing.T) {
	all := keys()
	a, b := all[jwt.ES256], all[jwt.EdDSA]
	i := issuerOf(t, a, b)
	stop := make(chan struct{})
	var running sync.WaitGroup
	for range 4 {
		running.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				token, err := i.Sign(claims())
				if err == nil {
					_, err = i.Verify(token, t0)
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for n := range 200 {
		order := []jwt.Key{a, b}
		if n%2 == 0 {
			order = []jwt.Key{b, a}
		}
		if err := i.Use(order...); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	running.Wait()
	if err := i.Use(a, a); err == nil {
		t.Error("one key twice was taken")
	}
	if set := published(t, i); len(set) != 2 {
		t.Errorf("a set that was refused changed the keys: %v", set)
	}
}
