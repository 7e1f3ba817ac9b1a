package config

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"latchkey/internal/jwt"
)

// JWTKey is one entry of JWT_PRIVATE_KEYS.
type JWTKey struct {
	Auto bool   // the entry auto: the keys that the service makes and keeps in the database
	File string // as it was written; "" of the entries auto and hs256
	Key  jwt.Key
}

const (
	hs256      = "hs256"  // the entry that stands for SECRET_KEY
	auto       = "auto"   // the entry that stands for keys in the database
	maxKeyFile = 64 << 10 // bytes; a key of RSA 8192 has 6.5 KiB

	// looseMode are the permissions beyond 0640 that a file with secrets should not have.
	looseMode fs.FileMode = 0o137
)

// readKeys reads JWT_PRIVATE_KEYS and its files.
func readKeys(r *reader, c *Config) {
	const name = "JWT_PRIVATE_KEYS"
	text := r.value(name)
	if strings.Contains(text, "-----BEGIN") {
		r.wrong(name, "names files; it must not hold a key itself")
		return
	}
	if text == "" && c.Development() {
		text = auto
	} else if text == "" {
		text = hs256
	}
	for i, entry := range list(text) {
		key := JWTKey{Key: jwt.Secrets()}
		switch entry {
		case hs256:
		case auto:
			key = JWTKey{Auto: true}
		default:
			var err error
			if key, err = readKeyFile(r, i+1, entry); err != nil {
				r.wrong(name, "entry %d %v", i+1, err)
				continue
			}
		}
		same := func(k JWTKey) bool { return k.Auto == key.Auto && k.Key.ID == key.Key.ID }
		if slices.ContainsFunc(c.JWTKeys, same) {
			r.wrong(name, "entry %d is the same as one before it", i+1)
			continue
		}
		c.JWTKeys = append(c.JWTKeys, key)
	}
}

// readKeyFile reads the n-th entry's file. Its error is a problem, without the
// file's name: what was taken for one may be a secret in the wrong place.
func readKeyFile(r *reader, n int, path string) (JWTKey, error) {
	f, err := os.Open(path)
	if err != nil {
		return JWTKey{}, problem("cannot be read: " + reason(err))
	}
	defer func() { _ = f.Close() }() // nothing was written
	content, err := io.ReadAll(io.LimitReader(f, maxKeyFile))
	if err != nil {
		return JWTKey{}, problem("cannot be read: " + reason(err))
	}
	key, err := jwt.ParseKey(content)
	if err != nil {
		return JWTKey{}, problem(err.Error())
	}
	if info, err := f.Stat(); err == nil && info.Mode().Perm()&looseMode != 0 {
		r.warn("JWT_PRIVATE_KEYS", "entry %d has the mode %04o: whoever can read it signs as this server; chmod 0600 or 0640", n, info.Mode().Perm())
	}
	return JWTKey{File: path, Key: key}, nil
}

// reason is why a file cannot be read, without its name.
func reason(err error) string {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err.Error()
	}
	return "unknown"
}
