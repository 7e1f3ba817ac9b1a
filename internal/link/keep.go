package link

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"time"

	"latchkey/internal/store"
)

// putTime is how long Redis may take to keep a token, and resting for how long it is not
// asked again after it took none: else each mail would wait that long.
const (
	putTime = time.Second
	resting = 5 * time.Second
)

// shared reports whether tokens are kept elsewhere than in the database.
func (m *Maker) shared() bool { return m.c.Tokens != Tokens(m.c.Store) }

// keep draws a token and keeps what p plans under its hash: in Redis or, while that takes
// none, in the database.
//
// Where nobody knows whether Redis has a token, another one is drawn, and the first is
// mailed to nobody. So no token is ever in both, and taking it from the one that has it
// is taking it once.
func (m *Maker) keep(ctx context.Context, p plan, now time.Time) (token string, err error) {
	if m.shared() && time.Now().UnixNano() >= m.rests.Load() {
		limited, cancel := context.WithTimeout(ctx, putTime)
		defer cancel()
		if token, err = m.put(limited, m.c.Tokens, p, now); err == nil || ctx.Err() != nil {
			return token, err
		}
		m.rests.Store(time.Now().Add(resting).UnixNano())
	}
	return m.put(ctx, m.c.Store, p, now)
}

// put draws a token and keeps it in one place.
func (m *Maker) put(ctx context.Context, in Tokens, p plan, now time.Time) (token string, err error) {
	secret := make([]byte, tokenBytes)
	rand.Read(secret) // never fails since Go 1.24
	token = tokenPrefix + base64.RawURLEncoding.EncodeToString(secret)
	payload, err := m.claims.seal(p.claim, hash(token), p.expires)
	if err != nil {
		return "", err
	}
	return token, in.PutToken(ctx, hash(token), payload, now, p.expires.Sub(now))
}

// A lookup is Token or TakeToken of either place.
type lookup func(in Tokens, ctx context.Context, hash []byte, now time.Time) ([]byte, error)

// find looks where tokens are: first in the database, which says at once that it has
// none, then in Redis, which may be away. A token that is not in the database may be in
// the Redis that does not answer, so that is no store.ErrNotFound.
func (m *Maker) find(ctx context.Context, hash []byte, now time.Time, do lookup) ([]byte, error) {
	payload, err := do(m.c.Store, ctx, hash, now)
	if m.shared() && errors.Is(err, store.ErrNotFound) {
		return do(m.c.Tokens, ctx, hash, now)
	}
	return payload, err
}
