package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"

	"latchkey/internal/config"
	"latchkey/internal/db"
	"latchkey/internal/doctor"
	"latchkey/internal/hashing"
	"latchkey/internal/password"
	"latchkey/internal/store"
	"latchkey/internal/trace"
	"latchkey/migrations"
)

// greetTime is how long the doctor waits for a mail server, which may be slow to
// greet strangers.
const greetTime = 5 * time.Second

// examine looks at the configuration and at what it names. Unlike build it makes
// nothing, neither folder nor secret nor database.
func examine(ctx context.Context) ([]doctor.Finding, error) {
	cfg, warnings, err := config.Load(os.Environ(), ".env")
	if err != nil {
		return nil, err
	}
	s := &doctor.Subject{Config: cfg, Warnings: warnings, Now: time.Now}
	s.Hash = func() error { return tryHashing(password.Default(password.Kind(cfg.PasswordHash))) }
	s.Reach = func(ctx context.Context) error { return reach(ctx, cfg.PublicURL.JoinPath("livez").String()) }
	var d db.DB
	if cfg.DatabaseURL == "" { // opening it would make one
		_, s.DatabaseErr = os.Stat(cfg.DatabaseFile())
	}
	if s.DatabaseErr == nil {
		d, s.DatabaseErr = openDatabase(ctx, cfg)
	}
	if d != nil {
		defer d.Close()
		s.Database = store.New(d)
		if sealed, err := withMadeSecret(cfg); err == nil && len(sealed.SecretKeys) > 0 {
			if s.Keys, err = openRing(sealed, zerolog.Nop(), s.Database, time.Now); err != nil {
				return nil, err
			}
		}
		s.Pooler = func(ctx context.Context) error { return db.Pooler(ctx, d) }
		if s.Steps, err = steps(d.Dialect()); err != nil {
			return nil, err
		}
		s.Columns = migrations.Columns()
	}
	if cfg.RedisURL != "" {
		var client redis.UniversalClient
		if s.Redis, client, s.RedisErr = openRedis(cfg); s.RedisErr == nil {
			defer func() { _ = client.Close() }()
		}
	}
	list, err := openBreaches(cfg, time.Now)
	if s.BreachesErr = err; list != nil {
		defer func() { _ = list.Close() }()
		s.Breaches = list.Check
	}
	if cfg.Traces != nil {
		s.Traces = func(ctx context.Context) error { return trace.Try(ctx, traceConfig(cfg, zerolog.Nop())) }
	}
	if !cfg.Inbox() {
		s.Mail, s.MailErr = openMailServer(cfg, greetTime)
	}
	return doctor.Examine(ctx, s), nil
}

// tryHashing hashes a password as a server would.
func tryHashing(p password.Params) error {
	one, err := hashing.Start(1, zerolog.Nop())
	if err != nil {
		return err
	}
	defer one[0].Close()
	if _, err = one[0].Hash(p, "a password that nobody has"); one[0].Err() != nil {
		err = one[0].Err()
	}
	return err
}

// reach asks an address whether this service answers there.
func reach(ctx context.Context, livez string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, livez, nil)
	if err != nil {
		return err
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	res, err := client.Do(req)
	if outer, ok := errors.AsType[*url.Error](err); ok {
		return outer.Err // without the address once more
	} else if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	body, _ := io.ReadAll(io.LimitReader(res.Body, 16)) // an error is a short answer
	if res.StatusCode != http.StatusOK || strings.TrimSpace(string(body)) != "ok" {
		return fmt.Errorf("the answer is %s, and not this service's", res.Status)
	}
	return nil
}
