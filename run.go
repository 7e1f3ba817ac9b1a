package main

import (
	"context"
	"errors"
	"fmt"
	stdlog "log"
	"net"
	"net/http"
	"sync"
	"time"

	"latchkey/internal/doctor"
	"latchkey/internal/store"
)

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
	endMetrics, err := a.serveMetrics()
	if err != nil {
		return err
	}
	defer endMetrics()
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	a.trace.Start()
	defer a.trace.Stop() // when all others are done
	var jobs sync.WaitGroup
	defer a.tally.End()
	defer jobs.Wait()
	defer stop()
	jobs.Go(func() { a.hasher.Run(background) })
	jobs.Go(func() { a.refusals.Run(background) })
	jobs.Go(func() { a.tally.Run(background) })
	jobs.Go(func() { a.failures.Run(background) })
	jobs.Go(func() { a.tryRedis(background) })
	jobs.Go(func() {
		if err := a.prepareSoon(ctx); err != nil {
			fail(err)
			return
		}
		freeMemory()
		jobs.Go(func() { a.lookForPasskeys(background) })
		jobs.Go(func() { a.lookForAdministrator(background) })
		jobs.Go(func() { a.sweep(background) })
		if a.keys != nil {
			jobs.Go(func() { a.keys.Run(background) })
		}
		a.worker.Run(background)
	})

	srv := &http.Server{
		Handler: a.handler, ReadHeaderTimeout: headerTime, ReadTimeout: readTime, WriteTimeout: writeTime, IdleTimeout: idleTime,
		MaxHeaderBytes: headerBytes, ErrorLog: stdlog.New(a.log, "", 0),
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

// prepare brings the database up to date and reads the keys in it, and lets requests in
// then.
func (a *app) prepare(ctx context.Context) (steps int, err error) {
	if steps, err = a.migrate(ctx); err != nil {
		return steps, err
	}
	if a.keys != nil {
		if err := a.keys.Load(ctx); err != nil {
			return steps, err
		}
	}
	a.gate.Open()
	return steps, nil
}

// prepareSoon is prepare for a database that may be away: it is asked again every second.
// Requests meanwhile are answered as UNAVAILABLE.
func (a *app) prepareSoon(ctx context.Context) error {
	for told := false; ; told = true {
		start := time.Now()
		n, err := a.prepare(ctx)
		if n > 0 {
			a.log.Info().Int("steps", n).Dur("took_ms", time.Since(start)).Msg("database migrated")
		}
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return nil
		case !errors.Is(err, store.ErrUnavailable), errors.Is(err, store.ErrDenied): // waiting would not mend it
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

// lookForAdministrator says how the first administrator is made, where there is none. It makes
// no link: a log is no place for one.
func (a *app) lookForAdministrator(ctx context.Context) {
	if has, err := a.store.HasAdmin(ctx); err == nil && !has {
		a.log.Info().Str("command", "latchkey admin-link").Msg("there is no administrator yet: this command prints a link that makes the first")
	}
}

// tryRedis says at the start what would else be found by whoever logs in first.
func (a *app) tryRedis(ctx context.Context) {
	if a.shared == nil {
		return
	}
	if err := a.shared.Writes(ctx); err != nil && ctx.Err() == nil {
		a.log.Warn().Err(err).Msg("redis is of no use: tries are counted in this process, new links are kept in the database")
	}
}

// sweep deletes expired rows, at once and then every hour.
func (a *app) sweep(ctx context.Context) {
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for {
		rows, err := a.sweepOnce(ctx)
		if a.metrics != nil {
			a.metrics.Swept(rows, a.now(), err)
		}
		var n int64
		for _, deleted := range rows {
			n += deleted
		}
		if err == nil {
			err = a.overwrite(ctx)
		}
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

// sweepOnce deletes what is expired by this machine's clock and by the database's:
// where this one is ahead, the other replicas still honour it. It returns how many rows went, by their table.
func (a *app) sweepOnce(ctx context.Context) (map[string]int64, error) {
	server, err := a.store.Server(ctx)
	if err != nil {
		return nil, err
	}
	now := a.now()
	if clock := server.Clock; !clock.IsZero() {
		if drift, much := doctor.Drift(now, clock); much {
			a.log.Warn().Stringer("drift", drift).Msg("the clocks of the database and of this machine are apart")
		}
		if clock.Before(now) {
			now = clock
		}
	}
	return a.store.Sweep(ctx, store.Moment(now), a.cfg.EventsTTL)
}

// logTries is how often SQLite's log is tried to be emptied behind a sweep, a second apart: a
// backup may be reading.
const logTries = 30

// overwrite has nothing stay in SQLite's file and log of what was deleted. Where somebody
// reads for long, the next hour does it.
func (a *app) overwrite(ctx context.Context) error {
	if err := a.db.Scrub(ctx); err != nil {
		return err
	}
	for range logTries {
		if done, err := a.db.EmptyLog(ctx); done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Second):
		}
	}
	return nil
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
	b := built()
	a.log.Info().Str("version", b.Version).Str("revision", b.Commit()).Str("go", b.Go).Str("env", a.cfg.Env).Str("listen", addr.String()).Msg("latchkey")
	a.log.Info().Str("database", string(a.db.Dialect())).Str("tokens", tokens).Str("mail", mails).Msg("runs on")
	a.log.Info().Str("graphql", a.cfg.PublicURL.JoinPath("graphql").String()).Msg("api")
	if a.cfg.Explorer {
		a.log.Info().Str("url", a.cfg.PublicURL.String()+"/").Msg("explorer")
	}
	if a.cfg.Inbox() {
		a.log.Info().Str("url", a.cfg.PublicURL.JoinPath("dev", "mail").String()).Msg("inbox")
	}
}
