//go:build unix

package db

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// Serve notes that a server uses the SQLite database at path, until end is called or the
// process is gone, and reports whether no other does. It is noted by a lock on a file beside
// the database, which stays.
func Serve(path string) (alone bool, end func(), err error) {
	f, err := os.OpenFile(path+".server", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return false, nil, err
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if alone = err == nil; alone || errors.Is(err, unix.EWOULDBLOCK) {
		err = unix.Flock(int(f.Fd()), unix.LOCK_SH) // all who serve have this
	}
	if err != nil {
		return false, nil, errors.Join(err, f.Close())
	}
	return alone, func() { _ = f.Close() }, nil
}
