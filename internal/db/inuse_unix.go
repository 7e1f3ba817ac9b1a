//go:build unix

package db

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// Where SQLite locks a file (its os.h): a connection that is open in WAL mode has a shared
// lock there.
const (
	lockFrom = 0x40000000
	lockSize = 512
)

// inUse reports whether another process has the database at path open. It is not if it is not
// there. Ask before this process opens it: one that closes a file loses all of its locks of it.
func inUse(path string) (bool, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	defer func() { _ = f.Close() }()
	lock := unix.Flock_t{Type: unix.F_WRLCK, Start: lockFrom, Len: lockSize}
	err = unix.FcntlFlock(f.Fd(), unix.F_GETLK, &lock)
	return lock.Type != unix.F_UNLCK, err
}
