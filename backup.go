package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/rs/zerolog"

	"latchkey/internal/auth"
	"latchkey/internal/cli"
	"latchkey/internal/config"
	"latchkey/internal/db"
	"latchkey/internal/store"
	"latchkey/migrations"
)

// backup writes a copy of the SQLite database to a file, and returns its size in bytes. One
// that takes no writes, or is of an older version, is copied although it cannot have the
// event of it.
func backup(ctx context.Context, by auth.Actor, file string) (int64, error) {
	if err := hasDatabase(); err != nil {
		return 0, err
	}
	cfg, log, err := onSQLite("pg_dump makes backups of PostgreSQL")
	if err != nil {
		return 0, err
	}
	size, err := db.BackupSQLite(ctx, cfg.DatabaseFile(), file)
	if err != nil {
		return size, err
	}
	d, err := openDatabase(ctx, cfg)
	if err == nil {
		defer d.Close()
		err = noted(ctx, d, log, "backup made", auth.Event(by, store.EventBackedUp, 1, time.Now()))
	}
	if err != nil {
		log.Warn().Err(err).Msg("history is not written")
	}
	return size, nil
}

// restore puts a backup in the place of the SQLite database, which nobody may be using, brings
// it up to date, and ends the sessions in it if asked. It returns what became of the database
// that was there.
func restore(ctx context.Context, by auth.Actor, file string, endSessions bool) (cli.Restored, error) {
	var r cli.Restored
	cfg, log, err := onSQLite("pg_restore restores backups of PostgreSQL")
	if err != nil {
		return r, err
	}
	if err := isOurs(ctx, file); err != nil {
		return r, err
	}
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		return r, err
	}
	r.Old, err = db.RestoreSQLite(file, cfg.DatabaseFile(), ".before-"+time.Now().UTC().Format("20060102T150405Z"))
	if errors.Is(err, db.ErrInUse) {
		return r, fmt.Errorf("%w: stop the service first", err)
	}
	if err != nil {
		return r, err
	}
	if err := restored(ctx, cfg, log, by); err != nil {
		log.Warn().Err(err).Msg("history is not written")
	}
	if !endSessions {
		return r, nil
	}
	service, end, err := service(ctx)
	if err != nil {
		return r, err
	}
	defer end()
	r.Sessions, err = service.EndAllSessions(ctx, by, time.Now())
	return r, err
}

// restored writes the event of a restore into the database that was restored.
func restored(ctx context.Context, cfg config.Config, log zerolog.Logger, by auth.Actor) error {
	d, err := openDatabase(ctx, cfg)
	if err != nil {
		return err
	}
	defer d.Close()
	if _, err := db.Migrate(ctx, d, migrations.Postgres, migrations.SQLite); err != nil {
		return err
	}
	return noted(ctx, d, log, "backup restored", auth.Event(by, store.EventRestored, 1, time.Now()))
}

// onSQLite returns the configuration, if it has a SQLite database; else the error says what
// to do instead.
func onSQLite(instead string) (config.Config, zerolog.Logger, error) {
	cfg, log, err := load()
	if err == nil && cfg.DatabaseURL != "" {
		err = fmt.Errorf("DATABASE_URL is set, and this is for SQLite: %s", instead)
	}
	return cfg, log, err
}

// isOurs looks whether a file is a whole database of this service, and of no newer one.
func isOurs(ctx context.Context, file string) error {
	if err := db.CheckSQLite(ctx, file); err != nil {
		return err
	}
	d, err := db.OpenSQLiteFile(file)
	if err != nil {
		return err
	}
	defer d.Close()
	taken, err := store.New(d).Steps(ctx)
	if err != nil {
		return err
	}
	known, err := steps(d.Dialect())
	switch {
	case err != nil:
		return err
	case len(taken) == 0:
		return fmt.Errorf("%s has none of this service's tables: it may be a copy of the file alone, without its log (latchkey.db-wal), taken while the service ran", file)
	case taken[len(taken)-1] > known[len(known)-1]:
		return fmt.Errorf("%s is of a newer version of this program, which alone can use it", file)
	}
	return nil
}
