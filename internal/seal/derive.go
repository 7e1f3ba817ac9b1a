package seal

import (
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
)

// Derive returns a key of 256 bits for one use from each of the server's secrets, by
// HKDF-SHA-256 (RFC 5869). No key serves two uses, and none is a secret itself. Of what
// the keys are for, the first makes new ones and all verify.
func Derive(secrets [][]byte, use string) ([][]byte, error) {
	if len(secrets) == 0 {
		return nil, errors.New("no secret")
	}
	keys := make([][]byte, len(secrets))
	for i, secret := range secrets {
		key, err := hkdf.Key(sha256.New, secret, nil, use, sha256.Size)
		if err != nil {
			return nil, fmt.Errorf("a key for %s: %w", use, err)
		}
		keys[i] = key
	}
	return keys, nil
}
