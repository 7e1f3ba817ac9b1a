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
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"latchkey/internal/store"
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
}

// New returns a Store that works with the client rdb, which Open makes. All its keys begin
// with prefix, which must have no braces in it. It panics if rdb is nil.
func New(rdb redis.UniversalClient, prefix string) *Store {
	if rdb == nil {
		panic("redisstore: no client")
	}
	return &Store{rdb: rdb, prefix: prefix}
}

// Ping reports whether Redis answers.
func (s *Store) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return failed("ping", s.rdb.Ping(ctx).Err())
}

// unavailable is an error of a call to Redis. It is store.ErrUnavailable.
type unavailable struct {
	call string
	err  error
}

func (e *unavailable) Error() string {
	text := e.err.Error()
	if _, ok := errors.AsType[redis.Error](e.err); ok {
		text, _, _ = strings.Cut(text, ", with args") // a server that lacks a command repeats what came with it
	}
	return fmt.Sprintf("redis: %s: %s", e.call, text)
}

func (e *unavailable) Unwrap() error        { return e.err }
func (e *unavailable) Is(target error) bool { return target == store.ErrUnavailable }

// failed wraps an error of the named call.
func failed(call string, err error) error {
	if err == nil {
		return nil
	}
	return &unavailable{call, err}
}
