package redisstore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"latchkey/internal/throttle"
)

// Take counts one try on each of counts that is within its limit, and returns how long
// the others have to wait, by the caller's clock. It is one round trip; on a Cluster one
// to each node, side by side. Redis runs one script at a time, so no more than N tries
// get through, however many replicas ask.
func (s *Store) Take(ctx context.Context, now time.Time, counts ...throttle.Count) ([]time.Duration, throttle.Giver, error) {
	calls := make([]call, len(counts))
	for i, c := range counts {
		calls[i] = s.call(c, takeWindow, takePace)
		calls[i].args = append(calls[i].args, now.UnixMicro(), c.Limit.N)
		if c.Look {
			calls[i].args = append(calls[i].args, look)
			continue
		}
		if c.Limit.Every == 0 {
			calls[i].args = append(calls[i].args, member())
		}
	}
	answers, err := s.run(ctx, calls)
	if err != nil {
		return nil, nil, s.failed("count", err)
	}
	waits := make([]time.Duration, len(counts))
	for i, us := range answers {
		waits[i] = time.Duration(us) * time.Microsecond
	}
	return waits, s, nil
}

// member names a try in a window. It is the same if the client has to send it again, so
// that it counts once.
func member() string {
	//lint:ignore G404 must differ from others, which nobody gains by guessing
	return strconv.FormatUint(rand.Uint64(), 36)
}

// look is what a script gets in the place of a try that it is not to count.
const look = "look"

// GiveBack undoes the latest counted try of each of counts, in one round trip.
func (s *Store) GiveBack(ctx context.Context, now time.Time, counts ...throttle.Count) error {
	calls := make([]call, len(counts))
	for i, c := range counts {
		calls[i] = s.call(c, giveBackWindow, giveBackPace)
		calls[i].args = append(calls[i].args, now.UnixMicro())
	}
	_, err := s.run(ctx, calls)
	return s.failed("give back", err)
}

// Bring counts what was let through elsewhere, also beyond the limits. The counts are
// there whole or, where it fails, in part.
func (s *Store) Bring(ctx context.Context, now time.Time, debts []throttle.Debt) error {
	if err := s.Write(ctx); err != nil {
		return err
	}
	calls := make([]call, len(debts))
	for i, d := range debts {
		calls[i] = s.call(d.Count, bringWindow, bringPace)
		calls[i].args = append(calls[i].args, now.UnixMicro(), d.Count.Limit.N, d.Back, member())
		for _, at := range d.At {
			calls[i].args = append(calls[i].args, at.UnixMicro())
		}
	}
	_, err := s.run(ctx, calls)
	return s.failed("bring", err)
}

// call begins the call of the script for c's kind of limit, with its Window or
// Every in microseconds.
//
// Redis sees a hash of the key instead of the key, so that addresses and user
// names are not read by whoever looks at MONITOR, the slow log or a dump, and
// keys are short whatever was typed. It is no secret to somebody who guesses what
// he looks for. 128 bits are enough to keep any two apart.
func (s *Store) call(c throttle.Count, window, pace *redis.Script) call {
	c.Limit.Span() // checks it
	sum := sha256.Sum256([]byte(c.Key))
	tag := "{" + hex.EncodeToString(sum[:16]) + "}" // what Cluster places a key by
	if c.Limit.Every > 0 {
		return call{script: pace, key: s.prefix + "pace:" + tag, args: []any{c.Limit.Every.Microseconds()}}
	}
	return call{script: window, key: s.prefix + "window:" + tag, args: []any{c.Limit.Window.Microseconds()}}
}
