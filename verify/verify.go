// Package verify checks the access tokens of Latchkey in a backend, by the public keys that
// the service publishes. It asks nobody about a token, so one that it takes may be of a
// session that has ended since: a token is good until its exp, 15 minutes by default.
//
//	verifier, err := verify.New(verify.Config{Issuer: "https://auth.example.org"})
//	http.Handle("/me", verifier.Require(me))
//	http.Handle("/admin", verifier.RequireRole("ADMIN", admin))
//	http.Handle("/pay", verifier.RequireFresh(10*time.Minute, verify.AAL2, pay))
//
// Behind these, [FromContext] returns the [Claims] of the token.
//
// The package is a module of its own, with nothing but the standard library. A project uses
// it by a copy of its folder, or by a clone of the repository beside it and
//
//	require latchkey/verify v0.0.0
//	replace latchkey/verify => ../latchkey/verify
//
// [Verifier.Verify] in verify.go takes a token apart (token.go), looks for its key (keys.go,
// which asks fetch.go and jwk.go for what the service publishes), and reads its claims
// (claims.go, by the strict JSON of object.go). http.go is the middleware, errors.go what can
// be wrong. The package directives, a module of its own too, is for gqlgen.
package verify

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// The levels of Claims.Level.
const (
	AAL1 = "aal1"
	AAL2 = "aal2" // two factors were shown
)

// Config is what a Verifier goes by. Only Issuer has to be there.
type Config struct {
	// Issuer is the service's JWT_ISSUER, which is its PUBLIC_URL unless that was set.
	Issuer string

	// Audience is the service's JWT_AUDIENCE; "" is Issuer, as it is there.
	Audience string

	// JWKSURL is where the keys are: "https://auth.example.org/.well-known/jwks.json". "" has
	// it looked up in the metadata of Issuer (RFC 8414). Name it where a backend reaches the
	// service by another name than browsers do.
	JWKSURL string

	// Algorithms are the ones to take; none are ES256, EdDSA and RS256. HS256 is never taken:
	// whoever could verify it could make tokens, too.
	Algorithms []string

	// Leeway is by how much this machine's clock may differ from the service's: a token is
	// taken for so long after its exp. A few seconds are enough, 5 minutes the most.
	Leeway time.Duration

	// StaleFor is how long keys are used after they were fetched while the service cannot be
	// reached; 0 is an hour. It should be as long as a token is good, at least.
	StaleFor time.Duration

	// HTTPClient fetches the keys; nil is one that follows no redirect.
	HTTPClient *http.Client

	// Clock tells the time; nil is time.Now.
	Clock func() time.Time

	// Refused, if there is one, is told of each request that the middleware turns away, for a
	// log. The error holds nothing of the token.
	Refused func(*http.Request, error)
}

const (
	maxLeeway    = 5 * time.Minute
	defaultStale = time.Hour
)

// Verifier checks tokens. It is safe for concurrent use; a process needs one.
type Verifier struct {
	cfg  Config
	keys *keyStore
}

// New returns a Verifier. It asks for nothing yet: the first token has the keys fetched.
func New(cfg Config) (*Verifier, error) {
	if err := isURL(cfg.Issuer); err != nil {
		return nil, fmt.Errorf("verify: Issuer %w", err)
	}
	if cfg.JWKSURL != "" {
		if err := isURL(cfg.JWKSURL); err != nil {
			return nil, fmt.Errorf("verify: JWKSURL %w", err)
		}
	}
	if cfg.Leeway < 0 || cfg.Leeway > maxLeeway {
		return nil, fmt.Errorf("verify: Leeway is not within 0 and %v", maxLeeway)
	}
	if cfg.StaleFor < 0 {
		return nil, errors.New("verify: StaleFor is negative")
	}
	for _, a := range cfg.Algorithms {
		if !slices.Contains(algorithms, a) {
			return nil, fmt.Errorf("verify: Algorithms has %q, which is none of %v", a, algorithms)
		}
	}
	if cfg.Audience == "" {
		cfg.Audience = cfg.Issuer
	}
	if cfg.Algorithms == nil {
		cfg.Algorithms = algorithms
	}
	if cfg.StaleFor == 0 {
		cfg.StaleFor = defaultStale
	}
	if cfg.HTTPClient == nil {
		cfg.HTTPClient = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	f := &fetcher{client: cfg.HTTPClient, issuer: cfg.Issuer, jwksURL: cfg.JWKSURL}
	return &Verifier{cfg, &keyStore{fetch: f.keys, clock: cfg.Clock, staleFor: cfg.StaleFor}}, nil
}

func isURL(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return errors.New("must be an address that begins with https:// or http://")
	}
	return nil
}

// Verify returns what a token says, if it is an access token of the service that is in force.
// The errors are ErrInvalid, ErrExpired, ErrUnavailable, and that of ctx if the caller leaves
// while the keys are fetched. A caller waits for the service 2 seconds at most, and hardly
// ever: see ErrUnavailable.
func (v *Verifier) Verify(ctx context.Context, token string) (*Claims, error) {
	t, err := split(token)
	if err != nil {
		return nil, err
	}
	id, err := t.keyID()
	if err != nil {
		return nil, err
	}
	k, err := v.keys.find(ctx, id)
	if err != nil {
		return nil, err
	}
	// The key says which algorithm it is for, never the token (RFC 8725 section 3.1).
	if t.algorithm() != k.algorithm || !slices.Contains(v.cfg.Algorithms, k.algorithm) {
		return nil, invalid("its alg is not its key's, or not allowed")
	}
	if !k.verifies([]byte(t.signed), t.signature) {
		return nil, invalid("its signature is wrong")
	}
	c, notBefore, err := readClaims(t.payload, v.cfg.Issuer, v.cfg.Audience)
	if err != nil {
		return nil, err
	}
	switch now := v.cfg.Clock(); {
	case now.Add(v.cfg.Leeway).Before(notBefore):
		return nil, invalid("it is not good yet")
	case !now.Before(c.ExpiresAt.Add(v.cfg.Leeway)):
		return nil, ErrExpired
	}
	return c, nil
}
