package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"latchkey/internal/cli"
	"latchkey/internal/config"
	"latchkey/internal/db"
	"latchkey/internal/store"
)

// backup writes a copy of the SQLite database to a file, and returns its size in bytes.
func backup(ctx context.Context, file string) (int64, error) {
	if err := hasDatabase(); err != nil {
		return 0, err
	}
	cfg, err := onSQLite("pg_dump makes backups of PostgreSQL")
	if err != nil {
		return 0, err
	}
	return db.BackupSQLite(ctx, cfg.DatabaseFile(), file)
}

// restore puts a backup in the place of the SQLite database, which nobody may be using, and
// ends the sessions in it if asked. It returns what became of the database that was there.
func restore(ctx context.Context, file string, endSessions bool) (cli.Restored, error) {
	var r cli.Restored
	cfg, err := onSQLite("pg_restore restores backups of PostgreSQL")
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
	if err != nil || !endSessions {
		return r, err
	}
	service, end, err := service(ctx)
	if err != nil {
		return r, err
	}
	defer end()
	r.Sessions, err = service.EndAllSessions(ctx, time.Now())
	return r, err
}

// onSQLite returns the configuration, if it has a SQLite database; else the error says what
// to do instead.
func onSQLite(instead string) (config.Config, error) {
	cfg, _, err := config.Load(os.Environ(), ".env")
	if err == nil && cfg.DatabaseURL != "" {
		err = fmt.Errorf("DATABASE_URL is set, and this is for SQLite: %s", instead)
	}
	return cfg, err
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
