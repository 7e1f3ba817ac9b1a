// Package redisstore keeps one-time tokens and the counts of the throttle in
// Redis 6.2 or later: one server, Sentinel or Cluster.
//
// Nothing here revives or ends a session, and losing it all costs no more than
// the links in mails that nobody has used yet.
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

// callTimeout bounds a call whose caller set no shorter time. Requests answer
// within 3 s, whatever hangs.
const callTimeout = 2 * time.Second

// Store keeps tokens and counts. Its errors are store.ErrNotFound or wrap
// store.ErrUnavailable, and tell neither keys nor values.
type Store struct {
	rdb    redis.UniversalClient
	prefix string
}

// New returns a Store on rdb, as Open makes it. All its keys begin with prefix,
// which has no braces in it. It panics without a client.
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

// unavailable is an error of Redis.
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
