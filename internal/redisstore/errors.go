package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"

	"latchkey/internal/cause"
	"latchkey/internal/store"
)

// unavailable is an error of Redis, or of the way to it.
type unavailable struct {
	call, at string
	err      error
}

func (e *unavailable) Error() string {
	if text, ok := answer(e.err); ok {
		return fmt.Sprintf("redis: %s: %s: %s", e.call, e.at, text)
	}
	return fmt.Sprintf("redis: %s: %s: %s", e.call, e.at, cause.Of(e.err))
}

func (e *unavailable) Unwrap() error        { return e.err }
func (e *unavailable) Is(target error) bool { return target == store.ErrUnavailable }

// Timeout reports whether no answer came in time, or no connection was free, which says
// nothing else about the server.
func (e *unavailable) Timeout() bool {
	t, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](e.err)
	return errors.Is(e.err, redis.ErrPoolTimeout) || ok && t.Timeout()
}

// failed wraps an error of the named call.
func (s *Store) failed(call string, err error) error {
	if err == nil {
		return nil
	}
	return &unavailable{call, s.at, err}
}

// answer returns what the server said, if err is that, and what is to be done
// where it is one of the ways to be there and of no use.
func answer(err error) (text string, ok bool) {
	e, ok := errors.AsType[redis.Error](err)
	if !ok || errors.Is(err, context.DeadlineExceeded) {
		return "", false
	}
	text, _, _ = strings.Cut(e.Error(), ", with args") // a server that lacks a command repeats what came with it
	kind, _, _ := strings.Cut(text, " ")
	if means := meanings[kind]; means != "" {
		return means + " (" + kind + ")", true
	}
	return text, true
}

// meanings are the server's errors that an operator can put right.
//
//lint:ignore G101 names of mistakes
var meanings = map[string]string{
	"READONLY":   "it is a replica and takes no writes",
	"MISCONF":    "it takes no writes, since it cannot save them",
	"OOM":        "its memory is full and it takes no writes",
	"NOAUTH":     "it wants a password, and REDIS_URL has none",
	"WRONGPASS":  "wrong user or password",
	"NOPERM":     "this user may not do that, it needs ~latchkey:* +@read +@write +@scripting +@connection",
	"LOADING":    "it still reads its data",
	"MASTERDOWN": "it is a replica that lost its master",
}
