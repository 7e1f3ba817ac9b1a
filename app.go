package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"

	"latchkey/graph"
	"latchkey/internal/auth"
	"latchkey/internal/config"
	"latchkey/internal/db"
	"latchkey/internal/jwt"
	"latchkey/internal/mail"
	"latchkey/internal/password"
	"latchkey/internal/redisstore"
	"latchkey/internal/store"
	"latchkey/internal/throttle"
	"latchkey/internal/web"
	"latchkey/migrations"
)

// How many passwords may wait to be hashed, and how long, before callers are
// told to come again: two cores do 60 a second.
const (
	hashQueue    = 128
	hashDeadline = 2500 * time.Millisecond
)

// app is everything that one process is made of. build starts none of it.
type app struct {
	cfg     config.Config
	log     zerolog.Logger
	now     func() time.Time
	db      db.DB
	store   *store.Store
	redis   redis.UniversalClient // nil without REDIS_URL
	hasher  *password.Hasher
	service *auth.Service
	worker  *mail.Worker
	health  *web.Health
	handler http.Handler
}

// build wires the service as cfg says: config → databases → mail, auth → HTTP.
// workers is how many passwords are hashed at once.
func build(cfg config.Config, log zerolog.Logger, now func() time.Time, workers int) (_ *app, err error) {
	a := &app{cfg: cfg, log: log, now: now}
	defer func() {
		if err != nil {
			a.close()
		}
	}()
	if err := a.openDatabase(); err != nil {
		return nil, err
	}
	var tokens auth.TokenStore = a.store
	var counters throttle.Counters = throttle.NewMemory()
	needed := map[string]web.Probe{string(a.db.Dialect()): a.store.Ready}
	useful := map[string]web.Probe{}
	if cfg.RedisURL != "" {
		if a.redis, err = redisstore.Open(cfg.RedisURL); err != nil {
			return nil, err
		}
		shared := redisstore.New(a.redis, redisstore.Prefix)
		tokens, counters = shared, &throttle.Fallback{Primary: shared, Memory: throttle.NewMemory(), Log: log}
		useful["redis"] = shared.Ping
	}
	kind := password.Kind(cfg.PasswordHash)
	if a.hasher, err = password.NewHasher(password.Default(kind), workers, hashQueue, hashDeadline); err != nil {
		return nil, err
	}
	issuer, err := jwt.New(cfg.JWTIssuer, cfg.JWTAudience, cfg.SecretKeys)
	if err != nil {
		return nil, err
	}
	a.service, err = auth.New(auth.Config{
		PublicURL: cfg.PublicURL, ConfirmURL: cfg.ConfirmURL, RegistrationOpen: cfg.RegistrationOpen,
		AccessTTL: cfg.AccessTokenTTL, IdleTTL: cfg.SessionIdleTTL, MaxTTL: cfg.SessionMaxTTL,
		RefreshGrace: cfg.RefreshGrace, ConfirmTTL: cfg.ConfirmTTL, Secrets: cfg.SecretKeys,
	}, auth.Deps{
		Store: a.store, Tokens: tokens, Counters: counters, Hasher: a.hasher,
		Policy: password.Policy{MinLength: cfg.PasswordMinLength, AppName: cfg.AppName, Kind: kind},
		Issuer: issuer, Log: log, Now: now,
		MailQueued: func() { a.worker.Wake() },
	})
	if err != nil {
		return nil, err
	}
	inbox, err := a.openMail(counters)
	if err != nil {
		return nil, err
	}
	a.health = web.NewHealth(needed, useful)
	cookies := web.NewCookies(cfg.Secure(), append(cfg.OwnOrigins(), cfg.CORSOrigins...))
	a.handler, err = web.New(web.Config{
		AppName: cfg.AppName, PublicURL: cfg.PublicURL, AppURL: cfg.AppURL, Origins: cfg.CORSOrigins,
		Auth: a.service, Proxies: cfg.TrustedProxies, Cookies: cookies,
		GraphQL: graph.Handler(a.service, cfg.Introspection, log),
		Health:  a.health, Inbox: inbox, Explorer: cfg.Explorer, Log: log, Now: now,
	})
	return a, err
}

func (a *app) openDatabase() (err error) {
	if a.cfg.DatabaseURL != "" {
		a.db, err = db.OpenPostgres(context.Background(), a.cfg.DatabaseURL)
	} else {
		if err := os.MkdirAll(a.cfg.DataDir, 0o700); err != nil {
			return fmt.Errorf("DATA_DIR: %w", err)
		}
		a.db, err = db.OpenSQLite(filepath.Join(a.cfg.DataDir, "latchkey.db"))
	}
	if err == nil {
		a.store = store.New(a.db)
	}
	return err
}

// openMail makes the mail worker, and the inbox if mail stays here.
func (a *app) openMail(counters throttle.Counters) (inbox *mail.Inbox, err error) {
	var sender mail.Sender
	if a.cfg.Inbox() {
		inbox = mail.NewInbox(func(address string) string {
			e, _ := auth.ParseEmail(address)
			return e.Key
		})
		sender = inbox
	} else {
		sender, err = mail.NewSMTP(mail.SMTPConfig{
			Host: a.cfg.MailServer, Port: a.cfg.MailPort, Username: a.cfg.MailUsername, Password: a.cfg.MailPassword,
			TLS: mail.TLS(a.cfg.MailTLS), Public: a.cfg.PublicURL.Hostname(),
		})
		if err != nil {
			return nil, err
		}
	}
	app := mail.App{Name: a.cfg.AppName, Host: a.cfg.PublicURL.Host}
	if a.cfg.AppURL != nil {
		app.URL = a.cfg.AppURL.String()
	}
	templates, err := mail.NewTemplates(app)
	if err != nil {
		return nil, err
	}
	a.worker, err = mail.NewWorker(mail.Config{
		Store: a.store, Sender: sender, Links: a.service, Counters: counters, Templates: templates,
		From: a.cfg.MailFrom, FromName: a.cfg.MailFromName, Log: &a.log, Now: a.now,
	})
	return inbox, err
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
}

func (a *app) migrate(ctx context.Context) (int, error) {
	return db.Migrate(ctx, a.db, migrations.Postgres, migrations.SQLite)
}

// Bounds of a connection. A body has 100 KiB at most, so a client that needs
// longer than this is stalling.
const (
	headerTime  = 5 * time.Second
	readTime    = 15 * time.Second
	writeTime   = 30 * time.Second
	idleTime    = 2 * time.Minute
	headerBytes = 8 << 10 // and net/http adds 8 KiB: 16 KiB in all
)

// How a process ends: readiness goes off, then for drainDelay requests still
// come (in production, where a load balancer has to notice), then those in
// flight have until drainTime is over.
const (
	drainDelay = 2 * time.Second
	drainTime  = 10 * time.Second
)

// run serves on listener until ctx ends, or until the database turns out to be
// one that this program cannot work with.
func (a *app) run(ctx context.Context, listener net.Listener) error {
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	var jobs sync.WaitGroup
	defer jobs.Wait()
	defer stop()
	jobs.Go(func() { a.hasher.Run(background) })
	jobs.Go(func() {
		if err := a.migrateSoon(ctx); err != nil {
			fail(err)
			return
		}
		jobs.Go(func() { a.sweep(background) })
		a.worker.Run(background)
	})

	srv := &http.Server{
		Handler: a.handler, ReadHeaderTimeout: headerTime, ReadTimeout: readTime, WriteTimeout: writeTime, IdleTimeout: idleTime,
		MaxHeaderBytes: headerBytes, ErrorLog: nil,
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(listener) }()
	a.announce(listener.Addr())
	select {
	case err := <-served:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	a.log.Info().Msg("stopping")
	a.health.Drain()
	grace, cancel := context.WithTimeout(background, drainTime)
	defer cancel()
	if !a.cfg.Development() {
		<-time.After(drainDelay)
	}
	if err := srv.Shutdown(grace); err != nil {
		_ = srv.Close() // whoever is still there had ten seconds
	}
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// migrateSoon brings the database up to date. One that is away is asked again
// every second; requests meanwhile are answered as UNAVAILABLE.
func (a *app) migrateSoon(ctx context.Context) error {
	for told := false; ; told = true {
		start := time.Now()
		n, err := a.migrate(ctx)
		switch {
		case err == nil:
			if n > 0 {
				a.log.Info().Int("steps", n).Dur("took_ms", time.Since(start)).Msg("database migrated")
			}
			return nil
		case ctx.Err() != nil:
			return nil
		case !errors.Is(err, store.ErrUnavailable):
			return err
		case !told:
			a.log.Warn().Err(err).Msg("waiting for the database")
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Second):
		}
	}
}

// sweep deletes expired rows, at once and then every hour.
func (a *app) sweep(ctx context.Context) {
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for {
		n, err := a.store.Sweep(ctx, a.now().UTC().Truncate(time.Microsecond))
		if err != nil && ctx.Err() == nil {
			a.log.Warn().Err(err).Msg("sweep")
		} else if n > 0 {
			a.log.Debug().Int64("rows", n).Msg("swept")
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// announce says in a few lines what runs on what.
func (a *app) announce(addr net.Addr) {
	tokens, mails := string(a.db.Dialect()), "smtp "+net.JoinHostPort(a.cfg.MailServer, fmt.Sprint(a.cfg.MailPort))
	if a.redis != nil {
		tokens = "redis"
	}
	if a.cfg.Inbox() {
		mails = "inbox"
	}
	a.log.Info().Str("version", version).Str("env", a.cfg.Env).Str("listen", addr.String()).Msg("latchkey")
	a.log.Info().Str("database", string(a.db.Dialect())).Str("tokens", tokens).Str("mail", mails).Msg("runs on")
	a.log.Info().Str("graphql", a.cfg.PublicURL.JoinPath("graphql").String()).Msg("api")
	if a.cfg.Explorer {
		a.log.Info().Str("url", a.cfg.PublicURL.String()+"/").Msg("explorer")
	}
	if a.cfg.Inbox() {
		a.log.Info().Str("url", a.cfg.PublicURL.JoinPath("dev", "mail").String()).Msg("inbox")
	}
}
