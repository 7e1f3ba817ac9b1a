package password

import (
	"crypto/pbkdf2"
	//lint:ignore G505 old systems made hashes with it, which are imported; HMAC does not rest on what was broken of it
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	digest "hash"
	"strconv"
	"strings"
)

// The bounds of the PBKDF2 hashes that are verified. A result longer than the
// digest is made of several blocks, each of which takes all the iterations
// (RFC 8018 section 5.2): the upper bound is on iterations times blocks.
const (
	pbkdf2MinIterations = 1000 // RFC 8018 section 4.2
	pbkdf2MaxIterations = 2_000_000
)

// pbkdf2Digests are the digests that old systems use with PBKDF2. A broken one
// is no worse here: HMAC does not rest on what was broken of SHA-1.
var pbkdf2Digests = map[string]func() digest.Hash{
	"pbkdf2":        sha1.New, // as passlib calls it
	"pbkdf2-sha1":   sha1.New,
	"pbkdf2-sha256": sha256.New,
	"pbkdf2-sha512": sha512.New,
}

// passlib64 is the base64 of Python's passlib, which has a dot for the plus.
var passlib64 = base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789./").WithPadding(base64.NoPadding)

// pbkdf2Hash is $ID$COST$SALT$KEY with the last two in base64 without padding.
// COST is i=ITERATIONS, i=ITERATIONS,l=LENGTH with the result's length in bytes,
// or only ITERATIONS, as passlib has it. Hashes of this kind are imported, never
// made.
type pbkdf2Hash struct {
	id         string // a key of pbkdf2Digests
	cost       string // as it was spelled
	iterations int
	salt, key  []byte
}

// parsePBKDF2 reads what follows $ID$.
func parsePBKDF2(id, rest string) (hash, error) {
	f := strings.Split(rest, "$")
	if len(f) != 3 {
		return nil, malformed("%s without three fields", id)
	}
	digits, length, hasLength := strings.Cut(strings.TrimPrefix(f[0], "i="), ",l=")
	n, err := strconv.ParseUint(digits, 10, 32)
	if err != nil {
		return nil, malformed("%s without its iterations", id)
	}
	h := pbkdf2Hash{id: id, cost: f[0], iterations: int(n)}
	if h.salt, h.key, err = saltAndKey(id, f[1], f[2], h.base64()); err != nil {
		return nil, err
	}
	size := pbkdf2Digests[id]().Size()
	most := pbkdf2MaxIterations / ((len(h.key) + size - 1) / size)
	//lint:ignore G115 a quotient of positive numbers
	if n < pbkdf2MinIterations || n > uint64(most) {
		return nil, malformed("%s with %d iterations, not %d to %d for a result of %d bytes", id, n, pbkdf2MinIterations, most, len(h.key))
	}
	// As in parseArgon2id; and passlib's spelling has no length.
	if strconv.Itoa(h.iterations) != digits || h.String() != "$"+id+"$"+rest ||
		hasLength && (h.passlib() || length != strconv.Itoa(len(h.key))) {
		return nil, malformed("%s not in its canonical spelling", id)
	}
	return h, nil
}

func (h pbkdf2Hash) passlib() bool { return !strings.HasPrefix(h.cost, "i=") }

func (h pbkdf2Hash) base64() *base64.Encoding {
	if h.passlib() {
		return passlib64
	}
	return base64.RawStdEncoding
}

func (h pbkdf2Hash) String() string {
	b64 := h.base64().EncodeToString
	return fmt.Sprintf("$%s$%s$%s$%s", h.id, h.cost, b64(h.salt), b64(h.key))
}

func (h pbkdf2Hash) matches(password string) bool {
	key, err := pbkdf2.Key(pbkdf2Digests[h.id], password, h.salt, h.iterations, len(h.key))
	return err == nil && subtle.ConstantTimeCompare(key, h.key) == 1 && !endsInNUL(password) // parameters within the bounds are no error
}

// endsInNUL reports whether a password ends in NUL. HMAC fills a short key up with NUL
// (RFC 2104 section 2), so "a" and "a\x00" have one hash.
func endsInNUL(password string) bool { return strings.HasSuffix(password, "\x00") }

// below is always true: a login replaces what was imported.
func (h pbkdf2Hash) below(Params) bool { return true }
