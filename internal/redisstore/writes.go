package redisstore

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// knownFor is how long what a write came to stands for the next one.
const knownFor = 10 * time.Second

// lastWrite is what one came to that Redis answered.
type lastWrite struct {
	mu  sync.Mutex
	at  time.Time
	err error
}

// Writes reports whether Redis takes writes to the keys of the service, as a
// replica, a full memory or a user without the right to do not. It tries at most
// once in 10 s, unless it gets no answer.
func (s *Store) Writes(ctx context.Context) error {
	last := &s.writes
	last.mu.Lock()
	defer last.mu.Unlock()
	if time.Since(last.at) < knownFor {
		return last.err
	}
	err := s.Write(ctx)
	if _, answered := answer(err); answered || err == nil {
		last.at, last.err = time.Now(), err
	}
	return err
}

// Write writes one key and deletes it.
func (s *Store) Write(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	key := s.prefix + "probe"
	if err := s.rdb.Set(ctx, key, "", callTimeout).Err(); err != nil {
		return s.failed("write", err)
	}
	err := s.rdb.GetDel(ctx, key).Err()
	if errors.Is(err, redis.Nil) { // another replica was faster
		return nil
	}
	return s.failed("delete", err)
}
