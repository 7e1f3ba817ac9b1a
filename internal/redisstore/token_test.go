package redisstore_test

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"testing"
	"time"

	"latchkey/internal/link"
	"latchkey/internal/redisstore"
	"latchkey/internal/store"
	"latchkey/internal/testenv"
)

func TestTokens_D1(t *testing.T) {
	testenv.EachStore(t, func(t *testing.T, s *store.Store) { testTokens(t, s) })
	eachRedis(t, func(t *testing.T, a, _ *redisstore.Store) { testTokens(t, a) })
}

func testTokens(t *testing.T, s link.Tokens) {
	ctx := t.Context()
	hash, other := make([]byte, 32), make([]byte, 32)
	rand.Read(hash)
	rand.Read(other)
	is := func(when string, got []byte, err error, want string) {
		t.Helper()
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
	want := func(when string, hash []byte, now time.Time, want string) {
		t.Helper()
		got, err := s.Token(ctx, hash, now)
		is(when, got, err, want)
	}
	take := func(when string, hash []byte, now time.Time, want string) {
		t.Helper()
		got, err := s.TakeToken(ctx, hash, now)
		is(when, got, err, want)
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
	take("taken", hash, start.Add(2*time.Hour-time.Microsecond), "three")
	take("taken again", hash, start, "")
	want("looked at once taken", hash, start, "")
	put(hash, "past", 0)
	want("without time", hash, start, "")
	take("taken without time", hash, start, "")
	put(hash, "late", time.Hour)
	take("taken once expired", hash, start.Add(time.Hour), "")
	put(hash, "four", time.Hour)
	want("put once taken", hash, start, "four")
	want("the other", other, start, "two")
	take("the other taken", other, start, "two")
}

// Of fifty who take a token at once, on two replicas, one gets what it stands for.
func TestTakenOnce_D2(t *testing.T) {
	testenv.EachStore(t, func(t *testing.T, s *store.Store) { testTakenOnce(t, s, s) })
	eachRedis(t, func(t *testing.T, a, b *redisstore.Store) { testTakenOnce(t, a, b) })
}

func testTakenOnce(t *testing.T, replicas ...link.Tokens) {
	hash := make([]byte, 32)
	for range 5 { // each time as if nobody had been there
		rand.Read(hash)
		if err := replicas[0].PutToken(t.Context(), hash, []byte("payload"), start, time.Hour); err != nil {
			t.Fatal(err)
		}
		var got [50][]byte
		var errs [50]error
		begin := make(chan struct{})
		var takers sync.WaitGroup
		for i := range got {
			takers.Go(func() {
				<-begin
				got[i], errs[i] = taken(t.Context(), replicas[i%len(replicas)], hash)
			})
		}
		close(begin)
		takers.Wait()
		n := 0
		for i, err := range errs {
			switch {
			case err == nil && string(got[i]) == "payload":
				n++
			case !errors.Is(err, store.ErrNotFound):
				t.Errorf("got %q, %v; want %v", got[i], err, store.ErrNotFound)
			}
		}
		if n != 1 {
			t.Errorf("%d took it, want 1", n)
		}
	}
}

// taken asks again while SQLite has no time: fifty writers may have to wait longer
// on a busy machine than a call may take.
func taken(ctx context.Context, s link.Tokens, hash []byte) (payload []byte, err error) {
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		if payload, err = s.TakeToken(ctx, hash, start); !errors.Is(err, store.ErrUnavailable) {
			break
		}
	}
	return payload, err
}
