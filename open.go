package main

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"

	"latchkey/internal/breach"
	"latchkey/internal/config"
	"latchkey/internal/db"
	"latchkey/internal/mail"
	"latchkey/internal/redisstore"
	"latchkey/internal/trace"
)

// The servers that the configuration names, opened in the same way for the service
// and for the doctor. None of these functions waits for an answer.

// openDatabase opens PostgreSQL, or SQLite in a folder that is there.
func openDatabase(ctx context.Context, cfg config.Config) (db.DB, error) {
	if cfg.DatabaseURL != "" {
		return db.OpenPostgres(ctx, cfg.DatabaseURL)
	}
	return db.OpenSQLite(cfg.DatabaseFile())
}

// openRedis returns the Redis that REDIS_URL names, and the client to be closed.
func openRedis(cfg config.Config) (*redisstore.Store, redis.UniversalClient, error) {
	client, err := redisstore.Open(cfg.RedisURL)
	if err != nil {
		return nil, nil, err
	}
	return redisstore.New(client, redisstore.Prefix), client, nil
}

// openBreaches returns the list of stolen passwords that BREACHED_PASSWORDS names, or nil
// if that is off.
func openBreaches(cfg config.Config, now func() time.Time) (breach.List, error) {
	switch {
	case cfg.BreachedService != nil:
		return breach.NewService(cfg.BreachedService, "Latchkey/"+version, now), nil
	case cfg.BreachedFile != "":
		list, err := breach.Open(cfg.BreachedFile)
		if err != nil {
			return nil, fmt.Errorf("BREACHED_PASSWORDS: %w", err)
		}
		return list, nil
	}
	return nil, nil
}

// traceConfig says where spans go, and what they are of, where traces are wanted.
func traceConfig(cfg config.Config, log zerolog.Logger) trace.Config {
	t := cfg.Traces
	resource := map[string]string{"service.version": version, "service.instance.id": uuid.NewString()}
	maps.Copy(resource, t.Resource)
	return trace.Config{URL: t.URL, Headers: t.Headers, Timeout: t.Timeout, Resource: resource, Sampler: t.Sampler, Ratio: t.Ratio, Log: log}
}

// openMailServer returns the mail server that MAIL_SERVER names. timeout bounds
// connecting, and the conversation; 0 is the package's own.
func openMailServer(cfg config.Config, timeout time.Duration) (*mail.SMTP, error) {
	return mail.NewSMTP(mail.SMTPConfig{
		Host: cfg.MailServer, Port: cfg.MailPort, Username: cfg.MailUsername, Password: cfg.MailPassword,
		TLS: mail.TLS(cfg.MailTLS), Public: cfg.PublicURL.Hostname(), Timeout: timeout,
	})
}
