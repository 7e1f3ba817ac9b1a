// Package auth holds the rules: who may register, log in and stay logged in,
// and what each of these causes. It knows neither HTTP nor GraphQL.
//
// Each use case is a method of [Service] in a file of its own, and takes an
// [Actor]: who does it, and how they came in. Methods report what a person can put
// right as [UserErrors], and what fails the request as an [*Error]; [AsError] turns
// every other error into one of these. Their comments name the codes.
//
// Where to begin reading:
//
//   - auth.go: what a Service works with. actor.go and client.go: who does
//     something. errors.go: how it may end.
//   - login.go: the way in. It counts the try (try.go, by the limits of throttle.go), compares the password
//     (compare.go), tells of those who are not let in (refusal.go), and ends in admit.go, the one function that opens sessions.
//     device.go: what a device keeps of it; trusted.go: where that spares the second factor. logincode.go: the way in by mail.
//     watch.go: how all of that ended, for whoever counts.
//     proof.go: what can be shown, and what it is worth. step.go and continue.go: what else a login may need. codes.go: the codes of second factors.
//   - fresh.go and stepup.go: who has to show again who they are. totp.go, passkey.go, recovery.go and factors.go: what
//     an account has besides its password. passkeylogin.go: what a passkey's answer is worth, and logging in by one.
//   - refresh.go and refreshtoken.go: how a session goes on. identify.go: how each
//     request finds its session. end.go: how sessions end.
//   - newpassword.go: which passwords may be set, wherever that is.
//   - password.go and the other changes of an account, which all go by way of
//     act.go, the one function that changes accounts: it writes history, notice and
//     what takes the change back. event.go: how each kind of event is told.
//   - register.go (registeragain.go, resend.go), confirm.go and create.go: how accounts come into being.
//     link.go, reset.go, notme.go and stopmail.go: what mailed links do.
//   - users.go, admin.go, history.go, audit.go, statistics.go and mails.go: what administrators see and do.
//     import.go and export.go: users that come and go in files.
package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"latchkey/internal/jwt"
	"latchkey/internal/link"
	"latchkey/internal/passkey"
	"latchkey/internal/password"
	"latchkey/internal/seal"
	"latchkey/internal/store"
	"latchkey/internal/throttle"
	"latchkey/internal/ticket"
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
	AppName          string   // what authenticator apps call the service
	SecondFactor     SecondFactorPolicy
	EmailLogin       bool          // people may log in by a mailed code
	TrustedDeviceTTL time.Duration // how long the second factor is left out on a trusted device; 0 is never
	FreshFor         time.Duration // how long a proof of who somebody is counts as fresh
}

// Breaches knows which passwords were stolen somewhere.
type Breaches interface {
	// Has reports whether a password, in its NFC, is one of them. The error, where it
	// cannot know, holds nothing of the password.
	Has(ctx context.Context, password string) (bool, error)
}

// Deps is what a Service works with. All are needed but Breaches, Passkeys, MissingKey, Refusals, Tally, Watcher and
// TestMail, without which no test mail can be asked for.
type Deps struct {
	Store    *store.Store
	Links    *link.Maker
	Counters throttle.Counters
	Hasher   *password.Hasher
	Policy   password.Policy
	Breaches Breaches       // nil: nobody looks
	Passkeys *passkey.Party // nil: there are none
	Issuer   *jwt.Issuer
	Log      zerolog.Logger
	Now      func() time.Time
	// MissingKey is called for a token by a key that the Issuer does not know. It
	// looks for new ones, and fails if it cannot know. nil if keys never change.
	MissingKey func(ctx context.Context) error
	// MailQueued is called after a commit that left a mail to send. It must not
	// block.
	MailQueued func()
	Refusals   Refusals // nil: nobody counts them
	TestMail   TestMail
	Tally      Tally   // nil: nobody sums up
	Watcher    Watcher // nil: nobody watches
}

// Service applies the rules. It starts nothing and keeps nothing between calls but counts
// that are costly, so any number of replicas can share one database.
type Service struct {
	cfg        Config
	store      *store.Store
	links      *link.Maker
	counters   throttle.Counters
	hasher     *password.Hasher
	policy     password.Policy
	breaches   Breaches
	passkeys   *passkey.Party // nil if there are none
	issuer     *jwt.Issuer
	missingKey func(ctx context.Context) error
	refresh    refreshKeys
	devices    deviceKeys
	tickets    *ticket.Maker
	seal       *seal.Keys
	log        zerolog.Logger
	clock      func() time.Time
	mailQueued func()
	refusals   Refusals
	watcher    Watcher
	testMail   TestMail
	tally      Tally
	population population
}

// New returns a Service, or an error that names what is missing.
func New(cfg Config, deps Deps) (*Service, error) {
	switch {
	case cfg.AccessTTL <= 0 || cfg.IdleTTL <= 0 || cfg.MaxTTL < cfg.IdleTTL || cfg.ConfirmTTL <= 0 || cfg.RefreshGrace < 0 || cfg.FreshFor <= 0 || cfg.TrustedDeviceTTL < 0:
		return nil, errors.New("auth: a time to live is missing")
	case deps.Store == nil || deps.Links == nil || deps.Counters == nil || deps.Hasher == nil || deps.Issuer == nil ||
		deps.Now == nil || deps.MailQueued == nil:
		return nil, errors.New("auth: a dependency is missing")
	}
	refresh, err := seal.Derive(cfg.Secrets, "refresh")
	if err != nil {
		return nil, fmt.Errorf("auth: %w", err)
	}
	devices, err := seal.Derive(cfg.Secrets, "device")
	if err != nil {
		return nil, fmt.Errorf("auth: %w", err)
	}
	tickets, err := seal.Derive(cfg.Secrets, "ticket")
	if err != nil {
		return nil, fmt.Errorf("auth: %w", err)
	}
	sealing, err := seal.New(cfg.Secrets)
	if err != nil {
		return nil, fmt.Errorf("auth: %w", err)
	}
	return &Service{
		cfg: cfg, store: deps.Store, links: deps.Links, counters: deps.Counters, hasher: deps.Hasher, policy: deps.Policy, breaches: deps.Breaches, passkeys: deps.Passkeys,
		issuer: deps.Issuer, missingKey: deps.MissingKey, refresh: refresh, devices: devices,
		tickets: ticket.New(tickets), seal: sealing, log: deps.Log, clock: deps.Now, mailQueued: deps.MailQueued, refusals: deps.Refusals, tally: deps.Tally, testMail: deps.TestMail, watcher: deps.Watcher,
	}, nil
}

// Now returns the time that the rules go by, as the databases keep it: in UTC, cut to
// microseconds.
func (s *Service) Now() time.Time { return store.Moment(s.clock()) }

func (s *Service) now() time.Time { return s.Now() }

// PasswordMinLength is how many characters a new password has at least.
func (s *Service) PasswordMinLength() int { return s.policy.MinLength }

// newID returns an id that was never used before and sorts by time (RFC 9562,
// version 7).
func newID() string { return uuid.Must(uuid.NewV7()).String() } // fails only without a source of randomness
