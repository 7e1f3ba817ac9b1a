package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// The errors of files that are no good backups, or stand in the way of one.
var (
	ErrDamaged = errors.New("it is no whole SQLite database")
	ErrInUse   = errors.New("another process has the database open")
)

// BackupSQLite writes a copy of the database at path, as it is at one moment, to a new file
// with mode 0600, while others go on reading and writing. The file is there once it is whole
// and on the disk. It returns its size in bytes. The error is fs.ErrExist if there is such a
// file, and ErrDamaged if the copy is not whole, as of a database that is not.
func BackupSQLite(ctx context.Context, path, file string) (size int64, err error) {
	if _, err := os.Lstat(file); err == nil {
		return 0, fmt.Errorf("%s: %w", file, fs.ErrExist)
	}
	part := file + ".part"
	made, err := os.OpenFile(part, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) // SQLite writes into an empty file, whose mode stays
	if err != nil {
		return 0, err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(part)
		}
	}()
	if err := made.Close(); err != nil {
		return 0, err
	}
	// Not by steps of the backup API: each would begin anew after a write of others.
	err = onFile(path, "mode=rw&_pragma=busy_timeout(10000)", func(pool *sql.DB) error {
		_, err := pool.ExecContext(ctx, `VACUUM INTO $1`, part)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("backup: %w", err)
	}
	if err := CheckSQLite(ctx, part); err != nil {
		return 0, err
	}
	if err := flush(part); err != nil {
		return 0, err
	}
	if err := os.Rename(part, file); err != nil {
		return 0, err
	}
	info, err := os.Stat(file)
	if err != nil {
		return 0, err
	}
	return info.Size(), flush(filepath.Dir(file))
}

// CheckSQLite reads a whole file that nobody writes to. The error is ErrDamaged if it is no
// whole database.
func CheckSQLite(ctx context.Context, file string) error {
	if _, err := os.Stat(file); err != nil { // SQLite would make one
		return err
	}
	return onFile(file, "mode=ro&immutable=1", func(pool *sql.DB) error {
		var said string
		err := pool.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&said)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return fmt.Errorf("%s: %w: %w", file, ErrDamaged, err)
		case said != "ok":
			return fmt.Errorf("%s: %w: %s", file, ErrDamaged, said)
		}
		return nil
	})
}

// OpenSQLiteFile opens a database that nobody writes to, for reading alone.
func OpenSQLiteFile(file string) (DB, error) {
	return openSQLite("file:" + uriPath(file) + "?mode=ro&immutable=1" + liteTimes)
}

// onFile calls f with one connection to a file.
func onFile(path, parameters string, f func(*sql.DB) error) error {
	pool, err := sql.Open("sqlite", "file:"+uriPath(path)+"?"+parameters)
	if err != nil {
		return err
	}
	pool.SetMaxOpenConns(1)
	return errors.Join(f(pool), pool.Close())
}

// RestoreSQLite puts a copy of file in the place of the database at path, of which nobody may
// be using it: ErrInUse. A database that is there stays beside it, under another name that
// ends with aside. It returns that name, or "" if there was none. If it fails everything is as
// it was.
func RestoreSQLite(file, path, aside string) (old string, err error) {
	part := path + ".restoring"
	if err := copyFile(file, part); err != nil {
		_ = os.Remove(part)
		return "", err
	}
	used, err := inUse(path)
	if err == nil && used {
		err = ErrInUse
	}
	if err == nil {
		old, err = replace(part, path, path+aside)
	}
	if err != nil {
		_ = os.Remove(part)
		return "", err
	}
	return old, flush(filepath.Dir(path))
}

// replace renames the database at path, with what SQLite keeps beside it, to aside, and part
// to path. It returns aside, or "" if there was none.
func replace(part, path, aside string) (string, error) {
	var moved []string
	back := func(err error) (string, error) {
		for _, beside := range moved {
			err = errors.Join(err, os.Rename(aside+beside, path+beside))
		}
		return "", err
	}
	for _, beside := range []string{"-wal", "-shm", ""} {
		err := os.Rename(path+beside, aside+beside)
		if err == nil {
			moved = append(moved, beside)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return back(err)
		}
	}
	if err := os.Rename(part, path); err != nil {
		return back(err)
	}
	if len(moved) == 0 {
		aside = ""
	}
	return aside, nil
}

// copyFile copies a file to one with mode 0600, onto the disk.
func copyFile(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}

// flush waits until a file or folder is on the disk.
func flush(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
