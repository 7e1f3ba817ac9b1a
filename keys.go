package main

import (
	"context"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"latchkey/internal/config"
	"latchkey/internal/jwt"
	"latchkey/internal/keyring"
	"latchkey/internal/oauth"
	"latchkey/internal/store"
)

// What the lives of the keys that the service makes need beyond the lives of tokens.
const (
	clockMargin = 24 * time.Hour // as far as clocks of replicas may be apart
	leadMargin  = time.Minute    // until every replica has read a new key
)

// openKeys makes what signs and verifies access tokens, and what looks for a key that is
// not known: nil unless the service makes its own keys, of which it has none yet.
func (a *app) openKeys() (*jwt.Issuer, func(context.Context) error, error) {
	cfg := a.cfg
	before, behind, auto := cfg.AutoKeys()
	if !auto {
		issuer, err := jwt.New(cfg.JWTIssuer, cfg.JWTAudience, cfg.SecretKeys, before...)
		if err != nil {
			return nil, nil, err
		}
		issuer.UseTemplate(cfg.Claims)
		return issuer, nil, nil
	}
	issuer, err := jwt.NewWaiting(cfg.JWTIssuer, cfg.JWTAudience, cfg.SecretKeys)
	if err != nil {
		return nil, nil, err
	}
	issuer.UseTemplate(cfg.Claims)
	if a.keys, err = openRing(cfg, a.log, store.New(a.db), a.now); err != nil {
		return nil, nil, err
	}
	a.keys.Use = func(keys ...jwt.Key) error { return issuer.Use(slices.Concat(before, keys, behind)...) }
	return issuer, a.keys.Look, nil
}

// openRing returns the keys in a database, past its gate. They go by its clock, so that replicas whose
// own are apart agree; SQLite has no other than the machine's.
func openRing(cfg config.Config, log zerolog.Logger, s *store.Store, now func() time.Time) (*keyring.Ring, error) {
	return keyring.New(keyring.Config{
		Store: s, Secrets: cfg.SecretKeys, Replace: cfg.Development(), Log: log,
		Periods: keyring.Periods{
			Lead: cfg.AccessTokenTTL + oauth.PublicAge + leadMargin,
			Live: cfg.AccessTokenTTL + clockMargin,
			Tell: cfg.SessionIdleTTL,
		},
		Now: func(ctx context.Context) (time.Time, error) {
			server, err := s.Server(ctx)
			if err != nil {
				return time.Time{}, err
			}
			if server.Clock.IsZero() {
				return now(), nil
			}
			return server.Clock, nil
		},
	})
}
