// Package jwt makes and verifies access tokens: JWTs (RFC 7519) in the profile of
// RFC 9068.
//
// An [Issuer] signs [Claims] (claims.go) with the first of its keys and verifies with
// all of them (keyset.go), so that keys can be changed while tokens are in force, and
// while it works. A [Key] (key.go) is a private key, or stands for the secrets of HS256.
// A [Template] (template.go, templatewriter.go) adds claims of the operator's own.
package jwt

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/golang-jwt/jwt/v5"
)

// The errors of Verify. A token for which it is ErrExpired was a valid one of ours.
var (
	ErrInvalid = errors.New("not an access token of this service")
	ErrExpired = errors.New("access token expired")

	// ErrUnknownKey is an ErrInvalid: the token names a key that is none of the
	// Issuer's, and may be one that it was not given yet.
	ErrUnknownKey = fmt.Errorf("%w: it names an unknown key", ErrInvalid)
)

// ErrNoKeys is the error of an Issuer that was not given its keys yet.
var ErrNoKeys = errors.New("jwt: the keys are not known yet")

// tokenType is the typ header of an access token, RFC 9068 section 2.1.
const tokenType = "at+jwt"

// minSecret is the least length of an HS256 secret in bytes, RFC 7518 section 3.2.
const minSecret = 32

// maxToken bounds what Verify looks at, in bytes. Ours have about 600, and less than this
// by the largest key and the longest Template, unless issuer and audience are very long.
const maxToken = 4096

// Issuer makes and verifies the access tokens of one service. It is safe for concurrent
// use.
type Issuer struct {
	issuer   string
	audience string
	secrets  [][]byte
	template *Template // nil is none
	set      atomic.Pointer[keySet]
}

// New returns an Issuer that signs with the first of keys, and verifies with all of them
// and with all of secrets. So none that is in force is refused when keys are changed.
// The key that [Secrets] returns stands for the secrets: if it is the first, or if there
// are no keys, the Issuer signs by HS256 with the first secret. A secret has 32 bytes at
// least.
func New(issuer, audience string, secrets [][]byte, keys ...Key) (*Issuer, error) {
	i, err := NewWaiting(issuer, audience, secrets)
	if err != nil {
		return nil, err
	}
	return i, i.Use(keys...)
}

// NewWaiting is New for keys that Use will bring. Until then the Issuer verifies with the
// secrets, and neither signs nor has keys to publish.
func NewWaiting(issuer, audience string, secrets [][]byte) (*Issuer, error) {
	if issuer == "" || audience == "" {
		return nil, errors.New("jwt: no issuer or audience")
	}
	if len(secrets) == 0 {
		return nil, errors.New("jwt: no secret")
	}
	for _, s := range secrets {
		if len(s) < minSecret {
			return nil, fmt.Errorf("jwt: a secret of less than %d bytes", minSecret)
		}
	}
	i := &Issuer{issuer: issuer, audience: audience, secrets: secrets}
	set, err := newKeySet(secrets, true)
	if err != nil {
		return nil, err
	}
	i.set.Store(set)
	return i, nil
}

// Use has the Issuer go by these keys from now on, as New does. To be told the same keys
// again changes nothing.
func (i *Issuer) Use(keys ...Key) error {
	same := func(a, b Key) bool { return a.ID == b.ID && a.last.Equal(b.last) }
	if set := i.set.Load(); !set.waiting && slices.EqualFunc(set.keys, keys, same) {
		return nil
	}
	set, err := newKeySet(i.secrets, false, keys...)
	if err == nil {
		i.set.Store(set)
	}
	return err
}

// UseTemplate has each token that is signed from now on carry the claims of t, too; nil is
// none. It is not for an Issuer that signs already.
func (i *Issuer) UseTemplate(t *Template) { i.template = t }

// Issuer returns the iss of its tokens.
func (i *Issuer) Issuer() string { return i.issuer }

// Audience returns the aud of its tokens.
func (i *Issuer) Audience() string { return i.audience }

// JWKS returns the public keys as a JWK Set (RFC 7517), or ErrNoKeys. HS256 has none to
// publish: its keys are secrets.
func (i *Issuer) JWKS() ([]byte, error) {
	set := i.set.Load()
	if set.waiting {
		return nil, ErrNoKeys
	}
	return set.jwks, nil
}

// Algorithms returns those of the keys that JWKS publishes, each once, or ErrNoKeys.
func (i *Issuer) Algorithms() ([]string, error) {
	set := i.set.Load()
	if set.waiting {
		return nil, ErrNoKeys
	}
	return set.algorithms, nil
}

// Sign returns a token with the claims c. IssuedAt and ExpiresAt are cut to seconds.
func (i *Issuer) Sign(c Claims) (string, error) {
	set := i.set.Load()
	if set.waiting {
		return "", ErrNoKeys
	}
	iat, exp := number(c.IssuedAt), number(c.ExpiresAt)
	var shown jsontext.Value
	if !c.AuthTime.IsZero() {
		shown = number(c.AuthTime)
	}
	own := payload{
		Issuer: i.issuer, Audience: audience(i.audience), Subject: c.Subject, SessionID: c.SessionID, ClientID: c.ClientID,
		IssuedAt: iat, ExpiresAt: exp, ID: c.ID, Role: c.Role, Email: c.Email, EmailVerified: c.EmailVerified,
		AuthTime: shown, Level: c.Level, Methods: strings.Fields(c.Methods),
	}
	token := jwt.NewWithClaims(set.signer.method(), own)
	if i.template != nil {
		token.Claims = longer{own, i.template, &c}
	}
	token.Header["typ"] = tokenType
	var key any = i.secrets[0]
	if set.signer.Algorithm != HS256 {
		key, token.Header["kid"] = set.signer.private, set.signer.ID
	}
	signed, err := token.SignedString(key)
	if err != nil {
		return "", fmt.Errorf("jwt: %w", err)
	}
	if len(signed) > maxToken {
		return "", errors.New("jwt: JWT_ISSUER and JWT_AUDIENCE make tokens too long")
	}
	return signed, nil
}

// Verify returns the claims of a token of this issuer that is in force at now. The error
// is ErrInvalid, of which ErrUnknownKey is one, or ErrExpired together with the claims. It
// allows no leeway on exp.
func (i *Issuer) Verify(token string, now time.Time) (Claims, error) {
	if len(token) > maxToken {
		return Claims{}, ErrInvalid
	}
	var room [1 << 10]byte // ours fit in, and are not copied to the heap
	set, id := i.set.Load(), sha256.Sum256(append(room[:0], token...))
	s, known := set.verified.get(id)
	if !known {
		var err error
		if s, err = i.read(set, token); err != nil {
			return Claims{}, err
		}
		set.verified.put(id, s)
	}
	switch {
	case now.Before(s.notBefore):
		return Claims{}, ErrInvalid
	case !now.Before(s.claims.ExpiresAt):
		return s.claims, ErrExpired
	}
	return s.claims, nil
}

// statement is what a token that one of the keys signed says.
type statement struct {
	claims    Claims
	notBefore time.Time // zero if it does not say
}

// read returns what a token says if its signature and all claims are as they must be,
// whenever it is in force; else ErrInvalid.
func (i *Issuer) read(set *keySet, token string) (statement, error) {
	var p payload
	parsed, err := set.parser.ParseWithClaims(token, &p, set.verifier)
	if errors.Is(err, ErrUnknownKey) {
		return statement{}, ErrUnknownKey
	} else if err != nil {
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
	shown, ok4 := time.Time{}, true
	if p.AuthTime != nil {
		shown, ok4 = seconds(p.AuthTime)
	}
	if !ok1 || !ok2 || !ok3 || !ok4 || set.tooLate(parsed, exp) {
		return statement{}, ErrInvalid
	}
	return statement{p.claims(iat, exp, shown), nbf}, nil
}
