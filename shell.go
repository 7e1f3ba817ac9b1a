package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"latchkey/internal/auth"
	"latchkey/internal/cli"
	"latchkey/internal/config"
	"latchkey/internal/db"
	"latchkey/internal/keyring"
	"latchkey/internal/password"
	"latchkey/internal/store"
)

// forShell returns what a command of the shell works with. It hashes in this process.
func forShell() (*app, error) {
	cfg, log, err := loadWithSecret()
	if err != nil {
		return nil, err
	}
	return build(cfg, log, time.Now, password.Here(1))
}

// migrate brings the database up to date for whoever runs the command, and returns how many
// steps it took.
func migrate(ctx context.Context, by auth.Actor) (int, error) {
	a, err := forShell()
	if err != nil {
		return 0, err
	}
	defer a.close()
	n, err := a.migrate(ctx)
	if err == nil && n > 0 {
		err = noted(ctx, a.db, a.log, "database migrated", auth.Event(by, store.EventMigrated, n, time.Now()))
	}
	return n, err
}

// noted writes and logs the event of a command that was done to a database as a whole.
func noted(ctx context.Context, d db.DB, log zerolog.Logger, what string, e *store.SecurityEvent) error {
	if err := store.New(d).AddSecurityEvent(ctx, e); err != nil {
		return fmt.Errorf("%s, but its history does not have it: %w", what, err)
	}
	log.Info().EmbedObject(e).Msg(what)
	return nil
}

// service returns the rules for a command of the shell, on a database that is
// up to date, and what ends it.
func service(ctx context.Context) (*auth.Service, func(), error) {
	a, err := forShell()
	if err != nil {
		return nil, nil, err
	}
	if _, err := a.migrate(ctx); err != nil {
		a.close()
		return nil, nil, err
	}
	a.gate.Open()
	ctx, stop := context.WithCancel(ctx)
	var hashing sync.WaitGroup
	hashing.Go(func() { a.hasher.Run(ctx) })
	return a.service, func() { stop(); hashing.Wait(); a.close() }, nil
}

// present is service for a command that needs what is there: in a folder without a
// database it makes none, and no secret.
func present(ctx context.Context) (*auth.Service, func(), error) {
	if err := hasDatabase(); err != nil {
		return nil, nil, err
	}
	return service(ctx)
}

// hasDatabase returns cli.ErrNoDatabase where opening the database would make one.
func hasDatabase() error {
	cfg, _, err := config.Load(os.Environ(), ".env") // whoever goes on tells the warnings
	if err != nil {
		return err
	}
	if file := cfg.DatabaseFile(); cfg.DatabaseURL == "" {
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%w: there is no %s; run it where the server runs, or set DATABASE_URL or DATA_DIR", cli.ErrNoDatabase, file)
		}
	}
	return nil
}

// ring returns the keys in a database that is there, brought up to date, for a command of
// the shell.
func ring(ctx context.Context) (*keyring.Ring, func(), error) {
	if err := hasDatabase(); err != nil {
		return nil, nil, err
	}
	a, err := forShell()
	if err != nil {
		return nil, nil, err
	}
	if _, err = a.migrate(ctx); err == nil {
		var keys *keyring.Ring
		if keys, err = openRing(a.cfg, a.log, store.New(a.db), time.Now); err == nil {
			return keys, a.close, nil
		}
	}
	a.close()
	return nil, nil, err
}
