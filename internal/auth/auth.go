// Package auth holds the rules: who may register, log in and stay logged in,
// and what each of these causes. It knows neither HTTP nor GraphQL.
//
// Methods report what a person can put right as UserErrors, and what fails the
// request as *Error; AsError turns every other error into one of these.
package auth

import (
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"latchkey/internal/jwt"
	"latchkey/internal/link"
	"latchkey/internal/password"
	"latchkey/internal/store"
	"latchkey/internal/throttle"
)

// Config is what an operator decides about accounts and sessions.
type Config struct {
	RegistrationOpen bool
	Development      bool // clients on this machine register as often as they like
	AccessTTL        time.Duration
	IdleTTL          time.Duration // of a session that is not refreshed
	MaxTTL           time.Duration // of any session
	RefreshGrace     time.Duration // 0: a used refresh token always ends its session
	ConfirmTTL       time.Duration
	Secrets          [][]byte // the first makes refresh tokens, all verify
}

// Deps is what a Service works with. All are needed.
type Deps struct {
	Store    *store.Store
	Links    *link.Maker
	Counters throttle.Counters
	Hasher   *password.Hasher
	Policy   password.Policy
	Issuer   *jwt.Issuer
	Log      zerolog.Logger
	Now      func() time.Time
	// MailQueued is called after a commit that left a mail to send. It must not
	// block.
	MailQueued func()
}

// Service is the rules at work. It starts nothing and keeps nothing between
// calls, so any number of replicas share one database.
type Service struct {
	cfg        Config
	store      *store.Store
	links      *link.Maker
	counters   throttle.Counters
	hasher     *password.Hasher
	policy     password.Policy
	issuer     *jwt.Issuer
	refresh    refreshKeys
	log        zerolog.Logger
	clock      func() time.Time
	mailQueued func()
}

// New returns a Service, or an error that names what is missing.
func New(cfg Config, deps Deps) (*Service, error) {
	switch {
	case cfg.AccessTTL <= 0 || cfg.IdleTTL <= 0 || cfg.MaxTTL < cfg.IdleTTL || cfg.ConfirmTTL <= 0 || cfg.RefreshGrace < 0:
		return nil, errors.New("auth: a time to live is missing")
	case deps.Store == nil || deps.Links == nil || deps.Counters == nil || deps.Hasher == nil || deps.Issuer == nil ||
		deps.Now == nil || deps.MailQueued == nil:
		return nil, errors.New("auth: a dependency is missing")
	}
	refresh, err := newRefreshKeys(cfg.Secrets)
	if err != nil {
		return nil, err
	}
	return &Service{
		cfg: cfg, store: deps.Store, links: deps.Links, counters: deps.Counters, hasher: deps.Hasher, policy: deps.Policy,
		issuer: deps.Issuer, refresh: refresh, log: deps.Log, clock: deps.Now, mailQueued: deps.MailQueued,
	}, nil
}

// Now is the time by which the rules go, UTC, as the databases keep it: cut to
// microseconds.
func (s *Service) Now() time.Time { return s.clock().UTC().Truncate(time.Microsecond) }

func (s *Service) now() time.Time { return s.Now() }

// PasswordMinLength is how many characters a new password has at least.
func (s *Service) PasswordMinLength() int { return s.policy.MinLength }

// newID returns an id that was never used before and sorts by time (RFC 9562,
// version 7).
func newID() string { return uuid.Must(uuid.NewV7()).String() } // fails only without a source of randomness
