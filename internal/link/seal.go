package link

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"slices"
	"time"
)

// sealed is a claim as it is kept: until when it is good, and a MAC over both and
// the hash that they are kept under. Whoever can write to the token store, but has
// no secret of the server, makes none, changes none, moves none to another token and
// keeps none from expiring.
type sealed struct {
	Claim
	Until int64  `json:"until"` // microseconds since 1970
	MAC   []byte `json:"mac,omitempty"`
}

// keys seal claims: the first makes, all verify.
type keys [][]byte

// seal is what is kept of a claim under a token's hash.
func (k keys) seal(c Claim, hash []byte, until time.Time) ([]byte, error) {
	s := sealed{Claim: c, Until: until.UnixMicro()}
	var err error
	if s.MAC, err = s.mac(k[0], hash); err != nil {
		return nil, err
	}
	return json.Marshal(s)
}

// open is the claim that payload, kept under a token's hash, seals. ErrDead if none
// of the keys sealed it there, or if it expired.
func (k keys) open(payload, hash []byte, now time.Time) (Claim, error) {
	var s sealed
	if err := json.Unmarshal(payload, &s); err != nil {
		return Claim{}, err
	}
	made := slices.ContainsFunc(k, func(key []byte) bool {
		mac, err := s.mac(key, hash)
		return err == nil && hmac.Equal(mac, s.MAC)
	})
	if !made || now.UnixMicro() >= s.Until {
		return Claim{}, ErrDead
	}
	return s.Claim, nil
}

func (s sealed) mac(key, hash []byte) ([]byte, error) {
	s.MAC = nil
	text, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write(hash) // always as long
	mac.Write(text)
	return mac.Sum(nil), nil
}
