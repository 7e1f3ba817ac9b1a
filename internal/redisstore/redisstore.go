// Package redisstore keeps one-time tokens and the counts of the throttle in
// Redis 6.2 or later: one server, Sentinel or Cluster.
//
// [Open] makes a client of a URL (open.go), and [New] a Store of that. token.go keeps
// tokens as link.Tokens asks for it; counter.go counts as throttle.Counters does, by the
// scripts in script.go. Nothing here revives or ends a session: losing all of it costs no
// more than the links in mails that nobody has used yet.
package redisstore

import (
	"context"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Prefix begins every key of the service.
const Prefix = "latchkey:"

// callTimeout bounds a call whose caller has no earlier deadline. Requests must answer
// within 3 s, whatever hangs (R2).
const callTimeout = 2 * time.Second

// Store keeps tokens and counts. Its errors are store.ErrNotFound, or wrap
// store.ErrUnavailable; they show neither keys nor values.
type Store struct {
	rdb    redis.UniversalClient
	prefix string
	at     string // host:port of the server, or what it is that knows it
	writes lastWrite
}

// New returns a Store that works with the client rdb, which Open makes. All its keys begin
// with prefix, which must have no braces in it. It panics if rdb is nil.
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
