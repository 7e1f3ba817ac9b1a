package main

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"

	"latchkey/graph"
	"latchkey/internal/admin"
	"latchkey/internal/auth"
	"latchkey/internal/breach"
	"latchkey/internal/config"
	"latchkey/internal/db"
	"latchkey/internal/jwt"
	"latchkey/internal/keyring"
	"latchkey/internal/link"
	"latchkey/internal/mail"
	"latchkey/internal/metrics"
	"latchkey/internal/oauth"
	"latchkey/internal/outbox"
	"latchkey/internal/password"
	"latchkey/internal/redisstore"
	"latchkey/internal/refusals"
	"latchkey/internal/request"
	"latchkey/internal/store"
	"latchkey/internal/tally"
	"latchkey/internal/throttle"
	"latchkey/internal/trace"
	"latchkey/internal/web"
)

// How many passwords may wait to be hashed, and how long, before callers are
// told to come again: two cores do 60 a second.
const (
	hashQueue    = 128
	hashDeadline = 2500 * time.Millisecond
)

// app is everything that one process is made of. build starts none of it.
type app struct {
	cfg      config.Config
	log      zerolog.Logger
	now      func() time.Time
	db       db.DB
	gate     *db.Gate // what all but the migration goes through
	store    *store.Store
	redis    redis.UniversalClient // nil without REDIS_URL
	shared   *redisstore.Store     // on redis
	breaches breach.List           // nil where new passwords are not looked up
	trace    *trace.Tracer         // nil where there are no traces
	hasher   *password.Hasher
	keys     *keyring.Ring // nil unless the service makes its own keys
	refusals *refusals.Refusals
	tally    *tally.Tally
	failures *request.Failures
	fallback *throttle.Fallback // nil without Redis
	metrics  *metrics.Metrics   // nil where nobody asks
	schema   atomic.Int64       // the last migration of the database, 0 while that is not known
	service  *auth.Service
	worker   *outbox.Worker
	testMail auth.TestMail
	health   *web.Health
	handler  http.Handler
}

// policies are those of REQUIRE_SECOND_FACTOR.
var policies = map[string]auth.SecondFactorPolicy{
	"off": auth.SecondFactorOptional, "admins": auth.SecondFactorAdministrators, "all": auth.SecondFactorEverybody,
}

// build wires the service as cfg says: config → databases → links → mail → auth → HTTP.
// machines hash its passwords.
func build(cfg config.Config, log zerolog.Logger, now func() time.Time, machines []password.Machine) (_ *app, err error) {
	a := &app{cfg: cfg, log: log, now: now, refusals: refusals.New(log), failures: request.NewFailures(log)}
	defer func() {
		if err != nil {
			a.close()
		}
	}()
	if cfg.Traces != nil {
		a.trace = trace.New(traceConfig(cfg, log))
	}
	if err := a.openDatabase(); err != nil {
		return nil, err
	}
	if cfg.MetricsAddr != "" {
		a.metrics = a.newMetrics()
	}
	a.tally = tally.New(a.store, log, now)
	var tokens link.Tokens = a.store
	var counters throttle.Counters = throttle.NewMemory()
	needed := map[string]web.Probe{string(a.db.Dialect()): a.store.Ready}
	useful := map[string]web.Probe{string(a.db.Dialect()) + web.Writes: func(ctx context.Context) error { return a.gate.Writes(ctx, a.store.Write) }}
	if cfg.RedisURL != "" {
		if a.shared, a.redis, err = openRedis(cfg); err != nil {
			return nil, err
		}
		a.fallback = throttle.NewFallback(a.shared, log)
		tokens, counters = a.shared, a.fallback
		if a.trace != nil {
			a.redis.AddHook(redisstore.Spans{})
		}
		useful["redis"], useful["redis"+web.Writes] = a.shared.Ping, a.shared.Writes
	}
	links, err := link.New(link.Config{
		PublicURL: cfg.PublicURL, ConfirmURL: cfg.ConfirmURL, ResetURL: cfg.ResetURL, LoginURL: cfg.LoginURL, ResetTTL: cfg.ResetTTL,
		Secrets: cfg.SecretKeys, Tokens: tokens, Store: a.store, Now: now,
	})
	if err != nil {
		return nil, err
	}
	inbox, err := a.openMail(links, counters)
	if err != nil {
		return nil, err
	}
	kind := password.Kind(cfg.PasswordHash)
	if a.hasher, err = password.NewHasher(password.Default(kind), machines, hashQueue, hashDeadline); err != nil {
		return nil, err
	}
	if a.breaches, err = openBreaches(cfg, now); err != nil {
		return nil, err
	}
	if a.breaches != nil && !cfg.BreachedRefuse {
		a.breaches = breach.NewAccepting(a.breaches, log)
	}
	issuer, missingKey, err := a.openKeys()
	if err != nil {
		return nil, err
	}
	var samples []string
	if !cfg.Development() {
		samples = web.SamplePasswords()
	}
	passkeys, err := openPasskeys(cfg)
	if err != nil {
		return nil, err
	}
	var watcher auth.Watcher
	if a.metrics != nil {
		watcher = a.metrics
		a.hasher.Watch(a.metrics.Hashed)
	}
	a.service, err = auth.New(auth.Config{
		RegistrationOpen: cfg.RegistrationOpen, Development: cfg.Development(), AccessTTL: cfg.AccessTokenTTL, IdleTTL: cfg.SessionIdleTTL, MaxTTL: cfg.SessionMaxTTL,
		RefreshGrace: cfg.RefreshGrace, ConfirmTTL: cfg.ConfirmTTL, Secrets: cfg.SecretKeys, AppName: cfg.AppName,
		SecondFactor: policies[cfg.SecondFactor], FreshFor: cfg.FreshFor, EmailLogin: cfg.EmailLogin, TrustedDeviceTTL: cfg.TrustedDeviceTTL,
	}, auth.Deps{
		Store: a.store, Links: links, Counters: counters, Hasher: a.hasher,
		Policy:   password.Policy{MinLength: cfg.PasswordMinLength, AppName: cfg.AppName, Kind: kind, Samples: samples},
		Breaches: a.breaches, Issuer: issuer, Passkeys: passkeys, MissingKey: missingKey, Log: log, Now: now, MailQueued: a.worker.Wake, Refusals: a.refusals, Tally: a.tally, TestMail: a.testMail, Watcher: watcher,
	})
	if err != nil {
		return nil, err
	}
	useful["hashing"] = func(context.Context) error { return a.hasher.Err() }
	a.health = web.NewHealth(needed, useful)
	a.handler, err = a.routes(issuer, inbox)
	return a, err
}

// routes has each room that answers requests put itself at its paths.
func (a *app) routes(issuer *jwt.Issuer, inbox *mail.Inbox) (http.Handler, error) {
	log, development := a.failures.Log(), ""
	if a.cfg.Development() {
		development = a.cfg.PublicURL.Hostname()
	}
	observers := []func(context.Context, *request.Observed){a.sumRefused}
	if a.metrics != nil {
		observers = append(observers, a.metrics.Request)
	}
	if a.cfg.AccessLog {
		observers = append(observers, request.AccessLog(a.log, a.cfg.LogAddresses))
	}
	door, err := request.New(request.Config{
		Auth: a.service, Proxies: a.cfg.TrustedProxies, Secure: a.cfg.Secure(), Path: a.cfg.PublicURL.Path, Log: log,
		Own: a.cfg.Origin(), Origins: a.cfg.CORSOrigins, Previews: a.cfg.CORSPreviews,
		Development: development, AdviceFor: a.cfg.AdviceFor, Trace: a.trace, Observers: observers,
	})
	if err != nil {
		return nil, err
	}
	clients := make([]oauth.Client, len(a.cfg.OAuthClients))
	for i, c := range a.cfg.OAuthClients {
		clients[i] = oauth.Client(c)
	}
	mux := request.NewMux(a.cfg.PublicURL.Path)
	api := graph.Mount(mux, door, a.service, a.cfg.Introspection, a.operator(), log)
	if a.cfg.AdminPage {
		if err := admin.Mount(mux, door, admin.Config{
			AppName: a.cfg.AppName, PublicURL: a.cfg.PublicURL, API: api, Auth: a.service, Log: log, Now: a.now,
		}); err != nil {
			return nil, err
		}
	}
	err = oauth.Mount(mux, door, oauth.Config{
		PublicURL: a.cfg.PublicURL, PasswordGrant: a.cfg.OAuthPasswordGrant, Clients: clients, Auth: a.service, Issuer: issuer, Log: log,
	})
	if err != nil {
		return nil, err
	}
	err = web.Mount(mux, door, web.Config{
		AppName: a.cfg.AppName, PublicURL: a.cfg.PublicURL, AppURL: a.cfg.AppURL, SupportEmail: a.cfg.SupportEmail,
		AccountURL: a.cfg.AccountURL, PasskeyDomain: a.cfg.PasskeyDomain, RelatedOrigins: a.cfg.RelatedOriginsFile(),
		Auth: a.service, Health: a.health, Inbox: inbox, Explorer: a.cfg.Explorer, ExplorerHere: a.cfg.ExplorerHere, Log: log, Now: a.now,
	})
	return door.Harden(mux), err
}

// close lets go of the databases.
func (a *app) close() {
	if a.db != nil {
		a.db.Close()
	}
	if a.redis != nil {
		if err := a.redis.Close(); err != nil {
			a.log.Warn().Err(err).Msg("redis")
		}
	}
	if a.breaches != nil {
		if err := a.breaches.Close(); err != nil {
			a.log.Warn().Err(err).Msg("stolen passwords")
		}
	}
}
