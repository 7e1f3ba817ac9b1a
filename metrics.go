package main

import (
	"context"
	"errors"
	"fmt"
	stdlog "log"
	"net"
	"net/http"
	"syscall"
	"time"

	"latchkey/internal/metrics"
	"latchkey/internal/password"
	"latchkey/internal/store"
)

// profileTime bounds an answer at METRICS_ADDR: a profile takes as long as it is asked to.
const profileTime = 5 * time.Minute

// newMetrics makes what counts, which asks the rest of the service once that is there.
func (a *app) newMetrics() *metrics.Metrics {
	s := metrics.Sources{
		Build:   built(),
		Schema:  a.schema.Load,
		Pool:    a.db.Pool,
		Hashing: func() password.Load { return a.hasher.Load() },
		Outbox:  func(ctx context.Context, now time.Time) (*store.Outbox, error) { return a.store.Outbox(ctx, now) },
		Ready:   func(ctx context.Context) map[string]bool { return a.health.States(ctx) },
		Now:     a.now,
	}
	if a.cfg.RedisURL != "" {
		s.Alone = func() bool { return a.fallback.Alone() }
	}
	return metrics.New(s)
}

// serveMetrics answers at METRICS_ADDR, if there is one, until end is called.
func (a *app) serveMetrics() (end func(), err error) {
	if a.metrics == nil {
		return func() {}, nil
	}
	listener, err := net.Listen("tcp", a.cfg.MetricsAddr)
	if err != nil {
		if errors.Is(err, syscall.EADDRINUSE) {
			return nil, fmt.Errorf("METRICS_ADDR: %s is in use", a.cfg.MetricsAddr)
		}
		return nil, fmt.Errorf("METRICS_ADDR: %w", err)
	}
	srv := &http.Server{
		Handler: a.metrics.Handler(), ReadHeaderTimeout: headerTime, ReadTimeout: readTime, WriteTimeout: profileTime, IdleTimeout: idleTime,
		MaxHeaderBytes: headerBytes, ErrorLog: stdlog.New(a.log, "", 0),
	}
	go func() {
		if err := srv.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			a.log.Error().Err(err).Msg("metrics are no longer answered")
		}
	}()
	a.log.Info().Str("listen", listener.Addr().String()).Msg("metrics")
	return func() { _ = srv.Close() }, nil // who asks meanwhile gets nothing
}
