package password

import (
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/scrypt"
)

// The bounds of the scrypt hashes that are verified. A compare holds 128·N·r
// bytes and mixes them p times: so the bound on N·r·p is one on memory, 128 MiB at
// worst, and on time. It is what the OWASP Password Storage Cheat Sheet has at
// most, in any of its choices from N=2^17,r=8,p=1 to N=2^13,r=8,p=10.
const (
	scryptMinLn, scryptMaxLn = 10, 17  // logarithm to base 2 of N
	scryptR, scryptWideR     = 8, 16   // the usual one, and better-auth's
	scryptMaxWork            = 1 << 20 // N·r·p
)

// Lengths in bytes of what is imported, scrypt and PBKDF2.
const (
	importMinSalt, importMaxSalt = 8, 64 // the lower one from RFC 8018 section 4.1
	importMinKey, importMaxKey   = 16, 64
)

// scryptHash is $scrypt$ln=LN,r=R,p=P$SALT$KEY with the last two in base64
// without padding. Hashes of this kind are imported, never made.
type scryptHash struct {
	ln, r, p  int
	salt, key []byte
}

func checkScrypt(ln, r, p uint64) error {
	switch {
	case ln < scryptMinLn || ln > scryptMaxLn:
		return malformed("scrypt with ln=%d, not %d to %d", ln, scryptMinLn, scryptMaxLn)
	case r != scryptR && r != scryptWideR:
		return malformed("scrypt with r=%d, not %d or %d", r, scryptR, scryptWideR)
	case scryptMaxWork>>ln < r:
		return malformed("scrypt with r=%d at ln=%d, which takes more than 128 MiB", r, ln)
	case p < 1 || p > scryptMaxWork>>ln/r:
		return malformed("scrypt with p=%d, not 1 to %d at ln=%d and r=%d", p, scryptMaxWork>>ln/r, ln, r)
	}
	return nil
}

// parseScrypt reads what follows $scrypt$.
func parseScrypt(rest string) (hash, error) {
	f := strings.Split(rest, "$")
	if len(f) != 3 {
		return nil, malformed("scrypt without three fields")
	}
	costs := strings.Split(f[0], ",")
	names := [...]string{"ln=", "r=", "p="}
	if len(costs) != len(names) {
		return nil, malformed("scrypt with %d parameters, not ln, r and p", len(costs))
	}
	var n [len(names)]uint64
	for i, name := range names {
		digits, ok := strings.CutPrefix(costs[i], name)
		var err error
		if n[i], err = strconv.ParseUint(digits, 10, 32); !ok || err != nil {
			return nil, malformed("scrypt with a bad parameter %d", i+1)
		}
	}
	if err := checkScrypt(n[0], n[1], n[2]); err != nil {
		return nil, err
	}
	salt, key, err := saltAndKey("scrypt", f[1], f[2], base64.RawStdEncoding)
	if err != nil {
		return nil, err
	}
	//lint:ignore G115 checkScrypt bounds all three
	h := scryptHash{ln: int(n[0]), r: int(n[1]), p: int(n[2]), salt: salt, key: key}
	if h.String() != "$scrypt$"+rest { // as in parseArgon2id
		return nil, malformed("scrypt not in its canonical spelling")
	}
	return h, nil
}

// saltAndKey decodes the last two fields of an imported hash.
func saltAndKey(kind, salt64, key64 string, b64 *base64.Encoding) (salt, key []byte, err error) {
	salt, err1 := b64.DecodeString(salt64)
	key, err2 := b64.DecodeString(key64)
	if err1 != nil || err2 != nil {
		return nil, nil, malformed("%s with bad base64", kind)
	}
	if len(salt) < importMinSalt || len(salt) > importMaxSalt || len(key) < importMinKey || len(key) > importMaxKey {
		return nil, nil, malformed("%s with a salt of %d and a result of %d bytes", kind, len(salt), len(key))
	}
	return salt, key, nil
}

func (h scryptHash) String() string {
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$scrypt$ln=%d,r=%d,p=%d$%s$%s", h.ln, h.r, h.p, b64(h.salt), b64(h.key))
}

func (h scryptHash) matches(password string) bool {
	key, err := scrypt.Key([]byte(password), h.salt, 1<<h.ln, h.r, h.p, len(h.key))
	return err == nil && subtle.ConstantTimeCompare(key, h.key) == 1 && !endsInNUL(password) // parameters within the bounds are no error
}

// below is always true: a login replaces what was imported.
func (h scryptHash) below(Params) bool { return true }
