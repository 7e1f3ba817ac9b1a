package link_test

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"net/url"
	"sync"
	"testing"
	"time"

	"latchkey/internal/db"
	"latchkey/internal/link"
	"latchkey/internal/redisstore"
	"latchkey/internal/store"
	"latchkey/internal/testenv"
)

// replicas are two on one database and one Redis of the test's own.
func replicas(t *testing.T, d db.DB) (f, other *fixture, redis *testenv.Redis, line *testenv.Proxy) {
	t.Helper()
	redis = testenv.StartRedis(t)
	u, err := url.Parse(redis.URL)
	must(t, err)
	line = testenv.NewProxy(t, u.Host)
	prefix := "latchkey-test-" + rand.Text() + ":"
	in := func(c *link.Config) {
		rdb, err := redisstore.Open("redis://" + line.Addr)
		must(t, err)
		t.Cleanup(func() { _ = rdb.Close() })
		c.Tokens = redisstore.New(rdb, prefix)
	}
	return setup(t, d, in), setup(t, d, in), redis, line
}

// inTable is how many tokens the database keeps.
func (f *fixture) inTable() (n int) {
	f.t.Helper()
	must(f.t, f.db.QueryRow(f.t.Context(), `SELECT count(*) FROM tokens`).Scan(&n))
	return n
}

// Links that are made while Redis takes none are as good as others, at each replica and
// also when it takes some again: sealed, and taken once.
func TestLinksWithoutRedis_D1_D2_R2(t *testing.T) {
	testenv.Each(t, func(t *testing.T, d db.DB) {
		f, other, redis, _ := replicas(t, d)
		reset := link.Target{Purpose: link.ResetPassword, User: &user}
		before := f.make(reset)
		if n := f.inTable(); n != 0 {
			t.Errorf("%d tokens in the database while Redis takes them", n)
		}
		redis.Do(t, "CONFIG SET maxmemory 1")
		good, forged := f.make(reset), f.make(reset)
		if n := f.inTable(); n != 2 {
			t.Errorf("%d tokens in the database while Redis is full, want 2", n)
		}
		sum := sha256.Sum256([]byte(forged))
		payload, err := f.store.Token(t.Context(), sum[:], f.now)
		must(t, err)
		payload[len(payload)/2] ^= 1
		_, err = d.Exec(t.Context(), `UPDATE tokens SET payload = $1 WHERE hash = $2`, payload, sum[:])
		must(t, err)
		for _, memory := range []string{"1", "0"} {
			redis.Do(t, "CONFIG SET maxmemory "+memory)
			for what, token := range map[string]string{"made before": before, "made since": good} {
				if c, err := other.Open(t.Context(), token, "", link.ResetPassword); err != nil || c.User != "u" {
					t.Errorf("maxmemory %s: opening a link %s: %+v, %v", memory, what, c, err)
				}
			}
			_, err := other.Open(t.Context(), forged, "", link.ResetPassword)
			f.dead("an altered one", err)
		}
		for _, token := range []string{before, good} {
			var taken [50]error
			var takers sync.WaitGroup
			for i := range taken {
				takers.Go(func() { _, taken[i] = patient([]*fixture{f, other}[i%2], token) })
			}
			takers.Wait()
			n := 0
			for _, err := range taken {
				if err == nil {
					n++
				} else {
					f.dead("one of the others", err)
				}
			}
			if n != 1 {
				t.Errorf("%d took it, want 1", n)
			}
		}
	})
}

// With Redis away, what the database keeps works, what it does not keep may be alive, and
// whether Redis has a token that it did not answer for matters to nobody.
func TestRedisAway_D2_R2(t *testing.T) {
	testenv.Each(t, func(t *testing.T, d db.DB) {
		f, other, redis, line := replicas(t, d)
		reset := link.Target{Purpose: link.ResetPassword, User: &user}
		before := f.make(reset)
		line.Slow(900 * time.Millisecond) // it gets a token in time, and its answer is late
		token := f.make(reset)
		testenv.Await(t, time.Minute, "Redis to have what it did not answer for", func() bool { return redis.Do(t, "DBSIZE") == ":2" })
		if n := f.inTable(); n != 1 {
			t.Errorf("%d tokens in the database, want 1", n)
		}
		line.Pass(t)
		if _, err := other.Take(t.Context(), token); err != nil {
			t.Errorf("taking it: %v", err)
		}
		_, err := f.Take(t.Context(), token)
		f.dead("taking it again", err)

		line.Hang()
		token = other.make(reset)
		if _, err := f.Open(t.Context(), token, "", link.ResetPassword); err != nil {
			t.Errorf("opening what the database keeps: %v", err)
		}
		if _, err := f.Open(t.Context(), before, "", link.ResetPassword); !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("opening what Redis keeps: %v, want %v", err, store.ErrUnavailable)
		}
	})
}
