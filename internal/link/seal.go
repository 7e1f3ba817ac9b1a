package link

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"

	"latchkey/internal/seal"
)

// claims seal what is kept of tokens. Whoever can read the token store, but has no secret of
// the server, sees no address there; and whoever can write to it makes no claim, changes
// none, moves none to another token and keeps none from expiring.
type claims struct {
	seals *seal.Keys
	macs  [][]byte // by which versions before kept claims: see openOlder
}

// limited is a claim with when it ends.
type limited struct {
	Claim
	Until int64  `json:"until"`         // microseconds since 1970
	MAC   []byte `json:"mac,omitempty"` // see openOlder
}

// newClaims returns what seals by the first of the secrets and opens by all.
func newClaims(secrets [][]byte) (c claims, err error) {
	if c.seals, err = seal.New(secrets); err == nil {
		c.macs, err = seal.Derive(secrets, "one-time token")
	}
	return c, err
}

// place binds what is kept of a claim to the token's hash.
func place(hash []byte) seal.Place {
	return seal.Place{Table: "tokens", Column: "payload", Row: hex.EncodeToString(hash)}
}

// seal is what is kept of a claim under a token's hash.
func (k claims) seal(c Claim, hash []byte, until time.Time) ([]byte, error) {
	text, err := json.Marshal(limited{Claim: c, Until: until.UnixMicro()})
	return k.seals.Seal(text, place(hash)), err
}

// open is the claim that payload, kept under a token's hash, seals. ErrDead if none of the
// secrets sealed it there, or if it expired.
func (k claims) open(payload, hash []byte, now time.Time) (Claim, error) {
	var l limited
	text, err := k.seals.Open(payload, place(hash))
	switch {
	case err == nil:
		err = json.Unmarshal(text, &l)
	case bytes.HasPrefix(payload, []byte("{")):
		l, err = k.openOlder(payload, hash)
	default:
		err = ErrDead
	}
	if err == nil && now.UnixMicro() >= l.Until {
		err = ErrDead
	}
	if err != nil {
		return Claim{}, err
	}
	return l.Claim, nil
}

// openOlder is open for a payload as versions before have it: in the clear, with a MAC over
// the hash and all the rest. Links that they mailed work for 72 hours at most.
func (k claims) openOlder(payload, hash []byte) (l limited, err error) {
	if err := json.Unmarshal(payload, &l); err != nil {
		return limited{}, err
	}
	given := l.MAC
	l.MAC = nil
	text, err := json.Marshal(l)
	if err != nil {
		return limited{}, err
	}
	made := slices.ContainsFunc(k.macs, func(key []byte) bool {
		mac := hmac.New(sha256.New, key)
		mac.Write(hash) // always as long
		mac.Write(text)
		return hmac.Equal(mac.Sum(nil), given)
	})
	if !made {
		return limited{}, ErrDead
	}
	return l, nil
}
