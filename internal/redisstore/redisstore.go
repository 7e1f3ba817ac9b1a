// Package redisstore keeps one-time tokens and the counts of the throttle in
// Redis 6.2 or later: one server, Sentinel or Cluster.
//
// Nothing here revives or ends a session, and losing it all costs no more than
// the links in mails that nobody has used yet.
package redisstore

import (
	"context"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Prefix begins every key of the service.
const Prefix = "latchkey:"

// callTimeout bounds a call whose caller set no shorter time. Requests answer
// within 3 s, whatever hangs.
const callTimeout = 2 * time.Second

// Store keeps tokens and counts. Its errors are store.ErrNotFound or wrap
// store.ErrUnavailable, and tell neither keys nor values.
type Store struct {
	rdb    redis.UniversalClient
	prefix string
	at     string // host:port of the server, or what it is that knows it
	writes lastWrite
}

// New returns a Store on rdb, as Open makes it. All its keys begin with prefix,
// which has no braces in it. It panics without a client.
func New(rdb redis.UniversalClient, prefix string) *Store {
	if rdb == nil {
		panic("redisstore: no client")
	}
	return &Store{rdb: rdb, prefix: prefix, at: place(rdb)}
}

// place is where the client looks for a server first.
func place(rdb redis.UniversalClient) string {
	switch rdb := rdb.(type) {
	case *redis.ClusterClient:
		return strings.Join(rdb.Options().Addrs, ", ")
	case *redis.Client:
		if addr := rdb.Options().Addr; addr != "FailoverClient" { // go-redis calls it so: its address changes
			return addr
		}
	}
	return "the server that Sentinel names"
}

// Ping reports whether Redis answers.
func (s *Store) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return s.failed("ping", s.rdb.Ping(ctx).Err())
}
