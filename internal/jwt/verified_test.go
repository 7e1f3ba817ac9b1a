package jwt_test

import (
	"errors"
	"testing"
	"time"

	"latchkey/internal/jwt"
)

// What was found once is not taken for granted: a token that was good expires, and ends
// with its key.
func TestVerifiedBefore_F1_F4(t *testing.T) {
	key, err := jwt.NewKey(jwt.ES256)
	if err != nil {
		t.Fatal(err)
	}
	i, err := jwt.New("https://auth.example", "https://api.example", [][]byte{secret}, key)
	if err != nil {
		t.Fatal(err)
	}
	c := claims()
	token, err := i.Sign(c)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got, err := i.Verify(token, c.IssuedAt); err != nil || got != c {
			t.Fatalf("got %+v, %v", got, err)
		}
	}
	if got, err := i.Verify(token, c.ExpiresAt); !errors.Is(err, jwt.ErrExpired) || got != c {
		t.Errorf("expired: got %+v, %v", got, err)
	}
	if _, err := i.Verify(token[:len(token)-1], c.IssuedAt); !errors.Is(err, jwt.ErrInvalid) {
		t.Errorf("cut: got %v", err)
	}
	if err := i.Use(key.Retired(c.ExpiresAt.Add(-time.Second))); err != nil {
		t.Fatal(err)
	}
	if _, err := i.Verify(token, c.IssuedAt); !errors.Is(err, jwt.ErrInvalid) {
		t.Errorf("of a key that had signed no more: got %v", err)
	}
	if err := i.Use(); err != nil {
		t.Fatal(err)
	}
	if _, err := i.Verify(token, c.IssuedAt); !errors.Is(err, jwt.ErrInvalid) {
		t.Errorf("of a key that is gone: got %v", err)
	}
}
