package main

import (
	"context"
	"os"
	"time"

	"latchkey/internal/config"
	"latchkey/internal/db"
	"latchkey/internal/doctor"
	"latchkey/internal/mail"
	"latchkey/internal/redisstore"
	"latchkey/internal/store"
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
	var d db.DB
	if cfg.DatabaseURL != "" {
		d, s.DatabaseErr = db.OpenPostgres(ctx, cfg.DatabaseURL)
	} else if _, s.DatabaseErr = os.Stat(doctor.DatabaseFile(cfg)); s.DatabaseErr == nil {
		d, s.DatabaseErr = db.OpenSQLite(doctor.DatabaseFile(cfg))
	}
	if d != nil {
		defer d.Close()
		s.Database = store.New(d)
		s.Schema = func(ctx context.Context) (db.Schema, error) {
			return db.CheckSchema(ctx, d, migrations.Postgres, migrations.SQLite)
		}
	}
	if cfg.RedisURL != "" {
		rdb, err := redisstore.Open(cfg.RedisURL)
		if s.RedisErr = err; err == nil {
			defer func() { _ = rdb.Close() }()
			s.Redis = redisstore.New(rdb, redisstore.Prefix)
		}
	}
	if !cfg.Inbox() {
		s.Mail, s.MailErr = mail.NewSMTP(mail.SMTPConfig{
			Host: cfg.MailServer, Port: cfg.MailPort, Username: cfg.MailUsername, Password: cfg.MailPassword,
			TLS: mail.TLS(cfg.MailTLS), Public: cfg.PublicURL.Hostname(), Timeout: greetTime,
		})
	}
	return doctor.Examine(ctx, s), nil
}
