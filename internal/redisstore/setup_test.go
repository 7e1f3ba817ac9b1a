package redisstore_test

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"latchkey/internal/redisstore"
	"latchkey/internal/testenv"
	"latchkey/internal/throttle"
)

var start = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// kinds are the ways to run Redis, by the variables that say where.
var kinds = map[string]string{
	"redis":    "TEST_REDIS",
	"sentinel": "TEST_REDIS_SENTINEL",
	"cluster":  "TEST_REDIS_CLUSTER",
}

func open(t testing.TB, url string) redis.UniversalClient {
	t.Helper()
	rdb, err := redisstore.Open(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rdb.Close() })
	return rdb
}

// prefix is one that no other test uses.
func prefix() string { return "latchkey-test-" + rand.Text() + ":" }

// eachRedis runs f on two stores that share one Redis, as two replicas do, of
// each kind.
func eachRedis(t *testing.T, f func(t *testing.T, a, b *redisstore.Store)) {
	for name, variable := range kinds {
		t.Run(name, func(t *testing.T) {
			url, prefix := testenv.Need(t, variable), prefix()
			f(t, redisstore.New(open(t, url), prefix), redisstore.New(open(t, url), prefix))
		})
	}
}

// counter is what counts and gives back itself, as memory and Redis do.
type counter interface {
	throttle.Counters
	throttle.Giver
}

// eachCounter runs f on all that counts: two replicas on one Redis of each kind,
// and the memory of one process.
func eachCounter(t *testing.T, f func(t *testing.T, a, b counter)) {
	t.Run("memory", func(t *testing.T) {
		m := throttle.NewMemory()
		f(t, m, m)
	})
	eachRedis(t, func(t *testing.T, a, b *redisstore.Store) { f(t, a, b) })
}

// take counts one try and returns how long to wait.
func take(t *testing.T, c throttle.Counters, now time.Time, count throttle.Count) time.Duration {
	t.Helper()
	waits, _, err := c.Take(t.Context(), now, count)
	if err != nil {
		t.Fatalf("take: %v", err)
	}
	return waits[0]
}

func giveBack(t *testing.T, c throttle.Giver, now time.Time, counts ...throttle.Count) {
	t.Helper()
	if err := c.GiveBack(t.Context(), now, counts...); err != nil {
		t.Fatalf("give back: %v", err)
	}
}

// takeAndGiveBack counts one try, as a login does, and gives it back if it was
// counted.
func takeAndGiveBack(t *testing.T, c throttle.Counters, now time.Time, count throttle.Count) {
	t.Helper()
	waits, by, err := c.Take(t.Context(), now, count)
	if err != nil {
		t.Fatalf("take: %v", err)
	}
	if waits[0] == 0 {
		_ = by.GiveBack(t.Context(), now, count) // Redis may have gone since
	}
}

// until asks done every few milliseconds until it is so, for a minute at most.
func until(t *testing.T, what string, done func(ctx context.Context) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !done(ctx) {
		select {
		case <-ctx.Done():
			t.Fatalf("in vain: %s", what)
		case <-tick.C:
		}
	}
}
