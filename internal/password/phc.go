package password

import (
	"errors"
	"fmt"
	"strings"
)

// ErrMalformed says that this package does not understand a hash, or that comparing with
// it would cost more than the bounds allow.
var ErrMalformed = errors.New("password: malformed or unsupported hash")

// maxPHC bounds the length of a hash in bytes. The longest within the bounds of
// all kinds is a PBKDF2 one of 204.
const maxPHC = 256

// hash is a parsed hash. Its cost is within the bounds of its kind.
type hash interface {
	// String returns the string that was parsed.
	String() string
	// matches reports whether the hash was made of a normalized password. It
	// takes the same time for every password.
	matches(password string) bool
	// below reports whether the hash is of a lesser kind or cost than p.
	below(p Params) bool
}

// parse reads a hash: a PHC string, or the older form that bcrypt has. It takes only the
// canonical spelling. Its errors are all ErrMalformed and show nothing of the string.
func parse(phc string) (hash, error) {
	if len(phc) > maxPHC {
		return nil, malformed("longer than %d bytes", maxPHC)
	}
	rest, ok := strings.CutPrefix(phc, "$")
	if !ok {
		return nil, malformed("does not begin with $")
	}
	id, rest, _ := strings.Cut(rest, "$")
	switch id {
	case "argon2id":
		return parseArgon2id(rest)
	case "2a", "2b", "2y": // not 2x, which is of a faulty implementation
		return parseBcrypt(id, rest)
	case "scrypt":
		return parseScrypt(rest)
	case "pbkdf2", "pbkdf2-sha1", "pbkdf2-sha256", "pbkdf2-sha512":
		return parsePBKDF2(id, rest)
	}
	return nil, malformed("unknown kind")
}

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
}
