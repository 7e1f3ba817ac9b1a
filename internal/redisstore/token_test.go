package redisstore_test

import (
	"context"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"latchkey/internal/redisstore"
	"latchkey/internal/store"
	"latchkey/internal/testenv"
)

// tokens is what both keepers of one-time tokens do.
type tokens interface {
	PutToken(ctx context.Context, hash, payload []byte, now time.Time, ttl time.Duration) error
	Token(ctx context.Context, hash []byte, now time.Time) ([]byte, error)
	DropToken(ctx context.Context, hash []byte) error
}

func TestTokens_D1(t *testing.T) {
	testenv.EachStore(t, func(t *testing.T, s *store.Store) { testTokens(t, s) })
	eachRedis(t, func(t *testing.T, a, _ *redisstore.Store) { testTokens(t, a) })
}

func testTokens(t *testing.T, s tokens) {
	ctx := t.Context()
	hash, other := make([]byte, 32), make([]byte, 32)
	rand.Read(hash)
	rand.Read(other)
	want := func(when string, hash []byte, now time.Time, want string) {
		t.Helper()
		got, err := s.Token(ctx, hash, now)
		if want == "" {
			if !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s: %q, %v; want %v", when, got, err, store.ErrNotFound)
			}
			return
		}
		if err != nil || string(got) != want {
			t.Errorf("%s: %q, %v; want %q", when, got, err, want)
		}
	}
	put := func(hash []byte, payload string, ttl time.Duration) {
		t.Helper()
		if err := s.PutToken(ctx, hash, []byte(payload), start, ttl); err != nil {
			t.Fatal(err)
		}
	}

	want("before", hash, start, "")
	put(hash, "one\x00\xff", time.Hour)
	put(other, "two", 24*time.Hour)
	want("looked at", hash, start, "one\x00\xff")
	want("looked at again", hash, start.Add(time.Hour-time.Microsecond), "one\x00\xff")
	want("expired", hash, start.Add(time.Hour), "")
	put(hash, "three", 2*time.Hour)
	want("put again", hash, start.Add(time.Hour), "three")
	for range 2 { // the second time it is not there, which is no error
		if err := s.DropToken(ctx, hash); err != nil {
			t.Error(err)
		}
	}
	want("dropped", hash, start, "")
	want("the other", other, start, "two")
	put(hash, "past", 0)
	want("without time", hash, start, "")
}
