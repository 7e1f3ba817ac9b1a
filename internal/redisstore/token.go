package redisstore

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"latchkey/internal/store"
)

// A token is a string: until when it is good, in microseconds since 1970 as 8
// bytes, and the payload. The key vanishes by the clock of Redis; whether a token
// is good is decided by the caller's, like everything else that has a time.
const untilSize = 8

// PutToken keeps payload under the token's SHA-256 for ttl.
func (s *Store) PutToken(ctx context.Context, hash, payload []byte, now time.Time, ttl time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	value := binary.BigEndian.AppendUint64(make([]byte, 0, untilSize+len(payload)), uint64(now.Add(ttl).UnixMicro()))
	value = append(value, payload...)
	keep := max(ttl, time.Millisecond) // 0 would mean for ever
	return s.failed("put token", s.rdb.Set(ctx, s.tokenKey(hash), value, keep).Err())
}

// Token returns the payload kept under hash, or store.ErrNotFound if there is
// none or it expired.
func (s *Store) Token(ctx context.Context, hash []byte, now time.Time) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	value, err := s.rdb.Get(ctx, s.tokenKey(hash)).Bytes()
	return s.payload("look up token", value, err, now)
}

// TakeToken returns what Token does and forgets the token: of many who take one
// at once, one gets the payload and the others store.ErrNotFound. If the
// connection breaks meanwhile, it may be gone with nobody having got it.
func (s *Store) TakeToken(ctx context.Context, hash []byte, now time.Time) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	value, err := s.rdb.GetDel(ctx, s.tokenKey(hash)).Bytes()
	return s.payload("take token", value, err, now)
}

// payload is that of the value that the named call answered with.
func (s *Store) payload(call string, value []byte, err error, now time.Time) ([]byte, error) {
	switch {
	case errors.Is(err, redis.Nil):
		return nil, store.ErrNotFound
	case err != nil:
		return nil, s.failed(call, err)
	case len(value) < untilSize:
		return nil, errors.New("redis: a token is cut short")
	}
	//lint:ignore G115 the bits that PutToken wrote, the same way back
	if now.UnixMicro() >= int64(binary.BigEndian.Uint64(value)) {
		return nil, store.ErrNotFound
	}
	return value[untilSize:], nil
}

func (s *Store) tokenKey(hash []byte) string { return s.prefix + "token:" + hex.EncodeToString(hash) }
