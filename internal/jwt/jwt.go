// Package jwt makes and verifies access tokens: JWTs (RFC 7519) in the profile of
// RFC 9068.
//
// An [Issuer] signs [Claims] (claims.go) with the first of its keys and verifies with
// all of them, so that keys can be changed while tokens are in force. A [Key] (key.go)
// is a private key, or stands for the secrets of HS256.
package jwt

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// The errors of Verify. A token for which it is ErrExpired was a valid one of ours.
var (
	ErrInvalid = errors.New("not an access token of this service")
	ErrExpired = errors.New("access token expired")
)

// tokenType is the typ header of an access token, RFC 9068 section 2.1.
const tokenType = "at+jwt"

// minSecret is the least length of an HS256 secret in bytes, RFC 7518 section 3.2.
const minSecret = 32

// maxToken bounds what Verify looks at, in bytes. Ours have about 600.
const maxToken = 4096

// Issuer makes and verifies the access tokens of one service.
type Issuer struct {
	issuer   string
	audience string
	signer   Key
	secrets  [][]byte
	secret   any            // what HS256 verifies with, as the library takes it
	byID     map[string]Key // the asymmetric keys
	keys     []Key          // as New got them
	parser   *jwt.Parser
	verified verified
}

// New returns an Issuer that signs with the first of keys, and verifies with all of them
// and with all of secrets. So none that is in force is refused when keys are changed.
// The key that [Secrets] returns stands for the secrets: if it is the first, or if there
// are no keys, the Issuer signs by HS256 with the first secret. A secret has 32 bytes at
// least.
func New(issuer, audience string, secrets [][]byte, keys ...Key) (*Issuer, error) {
	if issuer == "" || audience == "" {
		return nil, errors.New("jwt: no issuer or audience")
	}
	if len(secrets) == 0 {
		return nil, errors.New("jwt: no secret")
	}
	i := &Issuer{issuer: issuer, audience: audience, secrets: secrets, byID: map[string]Key{}, keys: keys, signer: Secrets()}
	var set jwt.VerificationKeySet
	for _, s := range secrets {
		if len(s) < minSecret {
			return nil, fmt.Errorf("jwt: a secret of less than %d bytes", minSecret)
		}
		set.Keys = append(set.Keys, s)
	}
	i.secret = set
	methods := []string{HS256}
	for _, k := range keys {
		if k.Algorithm == HS256 {
			continue
		}
		if _, twice := i.byID[k.ID]; twice || k.ID == "" || k.private == nil {
			return nil, errors.New("jwt: a key twice, or none")
		}
		i.byID[k.ID] = k
		methods = append(methods, k.Algorithm)
	}
	if len(keys) > 0 {
		i.signer = keys[0]
	}
	// Claims are checked below: the library has no notion of a required
	// client_id, and would take its own clock.
	i.parser = jwt.NewParser(jwt.WithValidMethods(methods), jwt.WithoutClaimsValidation(), jwt.WithStrictDecoding())
	return i, nil
}

// Issuer returns the iss of its tokens.
func (i *Issuer) Issuer() string { return i.issuer }

// Audience returns the aud of its tokens.
func (i *Issuer) Audience() string { return i.audience }

// JWKS returns the public keys as a JWK Set (RFC 7517). HS256 has none to publish: its
// keys are secrets.
func (i *Issuer) JWKS() ([]byte, error) {
	set := struct {
		Keys []jwk `json:"keys"`
	}{[]jwk{}}
	for _, k := range i.keys {
		if k.Algorithm != HS256 {
			set.Keys = append(set.Keys, k.jwk)
		}
	}
	text, err := json.Marshal(set)
	if err != nil {
		return nil, fmt.Errorf("jwt: %w", err)
	}
	return text, nil
}

// Sign returns a token with the claims c. IssuedAt and ExpiresAt are cut to seconds.
func (i *Issuer) Sign(c Claims) (string, error) {
	iat, exp := number(c.IssuedAt), number(c.ExpiresAt)
	token := jwt.NewWithClaims(i.signer.method(), payload{
		Issuer: i.issuer, Audience: audience(i.audience), Subject: c.Subject, SessionID: c.SessionID, ClientID: c.ClientID,
		IssuedAt: iat, ExpiresAt: exp, ID: c.ID, Role: c.Role, Email: c.Email, EmailVerified: c.EmailVerified,
	})
	token.Header["typ"] = tokenType
	var key any = i.secrets[0]
	if i.signer.Algorithm != HS256 {
		key, token.Header["kid"] = i.signer.private, i.signer.ID
	}
	signed, err := token.SignedString(key)
	if err != nil {
		return "", fmt.Errorf("jwt: %w", err)
	}
	return signed, nil
}

// Verify returns the claims of a token of this issuer that is in force at now. The error
// is ErrInvalid, or ErrExpired together with the claims. It allows no leeway on exp.
func (i *Issuer) Verify(token string, now time.Time) (Claims, error) {
	if len(token) > maxToken {
		return Claims{}, ErrInvalid
	}
	id := sha256.Sum256([]byte(token))
	s, known := i.verified.get(id)
	if !known {
		var err error
		if s, err = i.read(token); err != nil {
			return Claims{}, err
		}
		i.verified.put(id, s)
	}
	switch {
	case now.Before(s.notBefore):
		return Claims{}, ErrInvalid
	case !now.Before(s.claims.ExpiresAt):
		return s.claims, ErrExpired
	}
	return s.claims, nil
}

// statement is what a token that we signed says.
type statement struct {
	claims    Claims
	notBefore time.Time // zero if it does not say
}

// read returns what a token says if its signature and all claims are as they must be,
// whenever it is in force; else ErrInvalid.
func (i *Issuer) read(token string) (statement, error) {
	var p payload
	if _, err := i.parser.ParseWithClaims(token, &p, i.verifier); err != nil {
		return statement{}, ErrInvalid
	}
	if p.Issuer != i.issuer || string(p.Audience) != i.audience || p.ClientID == "" || !isID(p.Subject) || !isID(p.SessionID) || !isID(p.ID) {
		return statement{}, ErrInvalid
	}
	iat, ok1 := seconds(p.IssuedAt)
	exp, ok2 := seconds(p.ExpiresAt)
	nbf, ok3 := time.Time{}, true
	if p.NotBefore != nil {
		nbf, ok3 = seconds(p.NotBefore)
	}
	if !ok1 || !ok2 || !ok3 {
		return statement{}, ErrInvalid
	}
	return statement{p.claims(iat, exp), nbf}, nil
}

// verifier returns the key to check a token's signature with, which is always one of ours
// (F1). If the token names a key, it is that one, with the algorithm of the key; if not,
// it is the secrets, with HS256 (RFC 8725 section 3.1).
func (i *Issuer) verifier(t *jwt.Token) (any, error) {
	if err := headerError(t.Header); err != nil {
		return nil, err
	}
	kid, named := t.Header["kid"]
	if !named {
		if t.Method != jwt.SigningMethodHS256 {
			return nil, ErrInvalid
		}
		return i.secret, nil
	}
	id, _ := kid.(string)
	key, ours := i.byID[id]
	if !ours || t.Method != key.method() {
		return nil, ErrInvalid
	}
	return key.public, nil
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
