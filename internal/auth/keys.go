package auth

import (
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
)

// deriveKeys derives one key for a use from each secret of the server (RFC 5869), so
// that no key serves two uses. The first makes what it is for, all of them verify.
func deriveKeys(secrets [][]byte, use string) ([][]byte, error) {
	if len(secrets) == 0 {
		return nil, errors.New("auth: no secret")
	}
	keys := make([][]byte, len(secrets))
	for i, secret := range secrets {
		key, err := hkdf.Key(sha256.New, secret, nil, use, sha256.Size)
		if err != nil {
			return nil, fmt.Errorf("auth: %w", err)
		}
		keys[i] = key
	}
	return keys, nil
}
