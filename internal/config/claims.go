package config

import (
	"io"
	"io/fs"
	"os"

	"latchkey/internal/jwt"
)

// writable are the permissions by which somebody else than the file's owner changes it.
const writable fs.FileMode = 0o022

// readClaims reads the file with claims of the operator's own. What is wrong with it is
// said without its name: what was taken for one may be a secret in the wrong place.
func readClaims(r *reader, c *Config) {
	const name = "CLAIMS_FILE"
	path := r.value(name)
	if path == "" {
		return
	}
	f, err := os.Open(path)
	if err != nil {
		r.wrong(name, "cannot be read: %s", reason(err))
		return
	}
	defer func() { _ = f.Close() }() // nothing was written
	text, err := io.ReadAll(io.LimitReader(f, jwt.MaxTemplate+1))
	if err != nil {
		r.wrong(name, "cannot be read: %s", reason(err))
		return
	}
	t, problems := jwt.ParseTemplate(text)
	for _, problem := range problems {
		r.wrong(name, "%s", problem)
	}
	c.Claims = t
	if info, err := f.Stat(); err == nil && info.Mode().Perm()&writable != 0 {
		r.warn(name, "has the mode %04o: whoever can write to it says what backends believe of everybody; chmod 0644", info.Mode().Perm())
	}
}
