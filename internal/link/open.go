package link

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"latchkey/internal/names"
	"latchkey/internal/store"
)

// A token is tokenPrefix and 256 random bits.
const (
	tokenPrefix = "lko_"
	tokenBytes  = 32
)

// Open returns what a token for one of some purposes stands for, and changes
// nothing. ErrDead if it is unknown, expired, of another purpose or, where an
// address is given, mailed to another.
func (m *Maker) Open(ctx context.Context, token, email string, purposes ...Purpose) (Claim, error) {
	c, err := m.claim(ctx, token, Tokens.Token)
	if err != nil {
		return Claim{}, err
	}
	if !slices.Contains(purposes, c.Purpose) {
		return Claim{}, ErrDead
	}
	if email != "" {
		if e, ok := names.ParseKnownEmail(email); !ok || e.Key != c.EmailKey {
			return Claim{}, ErrDead
		}
	}
	return c, nil
}

// Take uses a token up and returns what it stood for. Of many who take one at
// once, on any replica, one gets it; the others ErrDead.
func (m *Maker) Take(ctx context.Context, token string) (Claim, error) {
	return m.claim(ctx, token, Tokens.TakeToken)
}

// claim returns what a token stands for. do looks it up, or takes it.
func (m *Maker) claim(ctx context.Context, token string, do lookup) (c Claim, err error) {
	if len(token) != len(tokenPrefix)+base64.RawURLEncoding.EncodedLen(tokenBytes) || !strings.HasPrefix(token, tokenPrefix) {
		return Claim{}, ErrDead
	}
	now := m.now()
	payload, err := m.find(ctx, hash(token), now, do)
	if errors.Is(err, store.ErrNotFound) {
		return Claim{}, ErrDead
	} else if err != nil {
		return Claim{}, fmt.Errorf("link: %w", err)
	}
	if c, err = m.claims.open(payload, hash(token), now); err != nil && !errors.Is(err, ErrDead) {
		return Claim{}, fmt.Errorf("link: %w", err)
	}
	return c, err
}

// hash returns what is kept of a token.
func hash(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}
