package codes

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
)

// RecoveryCodes is how many recovery codes somebody has at a time.
const RecoveryCodes = 8

const (
	recoveryBytes = 15 // 120 bits, so many that a plain hash keeps them
	recoveryLen   = recoveryBytes * 8 / 5
)

// recoveryLetters is base32 (RFC 4648) in lower case.
var recoveryLetters = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// NewRecovery returns a new recovery code, as it is shown once, and the hash that is kept
// of it.
func NewRecovery() (shown string, hash []byte) {
	b := make([]byte, recoveryBytes)
	rand.Read(b) // never fails since Go 1.24
	code := recoveryLetters.EncodeToString(b)
	return grouped(code, 6), hashed(code)
}

// RecoveryHash returns the hash of the recovery code that was typed. It reports whether
// that can be one at all.
func RecoveryHash(typed string) (hash []byte, ok bool) {
	code := plain(typed)
	if _, err := recoveryLetters.DecodeString(code); err != nil || len(code) != recoveryLen {
		return nil, false
	}
	return hashed(code), true
}

// hashed is the SHA-256 of a recovery code, without its dashes.
func hashed(code string) []byte {
	sum := sha256.Sum256([]byte(code))
	return sum[:]
}
