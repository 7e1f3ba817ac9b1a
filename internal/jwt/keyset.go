package jwt

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// keySet is what an Issuer goes by at one time. Its keys never change.
type keySet struct {
	waiting bool  // the keys are still to come
	keys    []Key // the one that signs first
	signer  Key
	secret  any            // what HS256 verifies with, as the library takes it
	byID    map[string]Key // the asymmetric keys
	jwks    []byte         // those of them that are published

	algorithms []string // of these, each once
	parser     *jwt.Parser

	verified verified // by these keys
}

// newKeySet is the set of these keys, or that of an Issuer which waits for them.
func newKeySet(secrets [][]byte, waiting bool, keys ...Key) (*keySet, error) {
	set := &keySet{waiting: waiting, keys: keys, byID: map[string]Key{}, signer: Secrets(), algorithms: []string{}}
	var hmac jwt.VerificationKeySet
	for _, s := range secrets {
		hmac.Keys = append(hmac.Keys, s)
	}
	set.secret = hmac
	published := struct {
		Keys []jwk `json:"keys"`
	}{[]jwk{}}
	methods := []string{HS256}
	if waiting { // of any kind: their tokens name keys that are not known yet
		methods = append(methods, ES256, EdDSA, RS256)
	}
	for _, k := range keys {
		if k.Algorithm == HS256 {
			continue
		}
		if _, twice := set.byID[k.ID]; twice || k.ID == "" || k.private == nil {
			return nil, errors.New("jwt: a key twice, or none")
		}
		set.byID[k.ID] = k
		methods = append(methods, k.Algorithm)
		if k.last.IsZero() {
			published.Keys = append(published.Keys, k.jwk)
			if !slices.Contains(set.algorithms, k.Algorithm) {
				set.algorithms = append(set.algorithms, k.Algorithm)
			}
		}
	}
	if len(keys) > 0 {
		set.signer = keys[0]
	}
	var err error
	if set.jwks, err = json.Marshal(published); err != nil {
		return nil, fmt.Errorf("jwt: %w", err)
	}
	// Claims are checked by Verify: the library has no notion of a required
	// client_id, and would take its own clock.
	set.parser = jwt.NewParser(jwt.WithValidMethods(methods), jwt.WithoutClaimsValidation(), jwt.WithStrictDecoding())
	return set, nil
}

// verifier returns the key to check a token's signature with, which is always one of ours
// (F1). If the token names a key, it is that one, with the algorithm of the key; if not,
// it is the secrets, with HS256 (RFC 8725 section 3.1).
func (set *keySet) verifier(t *jwt.Token) (any, error) {
	if err := headerError(t.Header); err != nil {
		return nil, err
	}
	kid, named := t.Header["kid"]
	if !named {
		if t.Method != jwt.SigningMethodHS256 {
			return nil, ErrInvalid
		}
		return set.secret, nil
	}
	id, _ := kid.(string)
	key, ours := set.byID[id]
	switch {
	case !ours && len(id) == thumbprintLen:
		return nil, ErrUnknownKey
	case !ours || t.Method != key.method():
		return nil, ErrInvalid
	}
	return key.public, nil
}

// tooLate reports whether the key that a token names signed no longer when a token that
// expires at exp was made.
func (set *keySet) tooLate(t *jwt.Token, exp time.Time) bool {
	id, _ := t.Header["kid"].(string)
	last := set.byID[id].last
	return !last.IsZero() && exp.After(last)
}

// headerError returns an error for a header that is to be refused: one of another type
// (RFC 8725 section 3), or with a critical extension (RFC 7515 section 4.1.11), none of
// which is known here. A key in the header (jwk, jku, x5c, x5u) is never looked at.
func headerError(header map[string]any) error {
	if typ, _ := header["typ"].(string); typ != tokenType {
		return ErrInvalid
	}
	if _, critical := header["crit"]; critical {
		return ErrInvalid
	}
	return nil
}
