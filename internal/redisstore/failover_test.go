package redisstore_test

import (
	"context"
	"crypto/rand"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"latchkey/internal/redisstore"
	"latchkey/internal/testenv"
	"latchkey/internal/throttle"
)

// The master stands still for longer than Sentinel waits, so the replica is
// promoted. Meanwhile tries are counted all the time, from where they were, and all of
// them are there afterwards.
func TestFailover_R2_D1(t *testing.T) {
	rawURL := testenv.Need(t, "TEST_REDIS_SENTINEL")
	u, err := url.Parse(rawURL)
	if err != nil {
		t.Fatal(err)
	}
	name := u.Query().Get("master_name")
	sentinel := redis.NewSentinelClient(&redis.Options{Addr: u.Host})
	t.Cleanup(func() { sentinel.Close() })
	ctx := t.Context()

	prefix := prefix()
	s := redisstore.New(open(t, rawURL), prefix)
	f, log := fallback(s)
	ada := throttle.Count{Key: "ada", Limit: throttle.Limit{N: 3, Window: 24 * time.Hour}}
	hash := make([]byte, 32)
	rand.Read(hash)
	if err := s.PutToken(ctx, hash, []byte("payload"), start, 24*time.Hour); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		take(t, f, start, ada)
	}
	until(t, "the replica has it all", func(ctx context.Context) bool { // after an earlier failover it takes a while
		replica := replicaOf(ctx, sentinel, name)
		if replica == "" {
			return false
		}
		rdb := redis.NewClient(&redis.Options{Addr: replica})
		defer rdb.Close()
		return len(rdb.Keys(ctx, prefix+"*").Val()) == 2 && count(ctx, rdb, prefix) == 2
	})

	before := masterOf(ctx, sentinel, name)
	master := redis.NewClient(&redis.Options{Addr: before})
	t.Cleanup(func() { master.Close() })
	if err := master.Do(ctx, "CLIENT", "PAUSE", 5000, "ALL").Err(); err != nil {
		t.Fatal(err)
	}
	now, let, tries, slow := start, 0, 0, 0
	until(t, "redis is used again, another one", func(ctx context.Context) bool {
		now = now.Add(time.Second)
		tries++
		began := time.Now()
		if take(t, f, now, ada) == 0 {
			let++
		}
		if time.Since(began) > clientTime {
			slow++
		}
		return strings.Count(log.String(), "\n") == 2 && masterOf(ctx, sentinel, name) != before
	})
	if slow > max(3, tries/5) { // a machine with other work holds one up now and then
		t.Errorf("%d of %d tries were held up for more than %v", slow, tries, clientTime)
	}
	if let != 1 || take(t, s, now, ada) == 0 {
		t.Errorf("%d let through without a master after the first 2, want 1, and no more after it", let)
	}
	if got, err := s.Token(ctx, hash, now); err != nil || string(got) != "payload" {
		t.Errorf("token after the failover: %q, %v", got, err)
	}
}

func masterOf(ctx context.Context, s *redis.SentinelClient, name string) string {
	addr, err := s.GetMasterAddrByName(ctx, name).Result()
	if err != nil {
		return ""
	}
	return net.JoinHostPort(addr[0], addr[1])
}

// replicaOf returns the address of a replica that Sentinel could promote.
func replicaOf(ctx context.Context, s *redis.SentinelClient, name string) string {
	for _, r := range s.Replicas(ctx, name).Val() {
		if r["flags"] == "slave" && r["master-link-status"] == "ok" && r["role-reported"] == "slave" {
			return net.JoinHostPort(r["ip"], r["port"])
		}
	}
	return ""
}

// count is how many tries are in the one window under prefix.
func count(ctx context.Context, rdb *redis.Client, prefix string) int64 {
	keys := rdb.Keys(ctx, prefix+"window:*").Val()
	if len(keys) != 1 {
		return 0
	}
	return rdb.ZCard(ctx, keys[0]).Val()
}
