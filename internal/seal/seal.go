// Package seal encrypts what is kept in the database and has to be read again, so
// that a copy of the database without SECRET_KEY shows none of it.
//
// [Keys] seal with the first of the server's secrets and open with all of them. What
// they seal is bound to its [Place]: copied to another row, it does not open. [Derive]
// makes keys for other uses of the secrets as well, wherever those are.
package seal

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
)

// The errors of Open.
var (
	ErrOtherSecret = errors.New("sealed with another SECRET_KEY")
	ErrBroken      = errors.New("sealed for another place, or altered since")
)

// A sealed value is: version · key id · nonce and ciphertext, as
// cipher.NewGCMWithRandomNonce has them. Version 1 is AES-256-GCM with a key by
// HKDF-SHA-256 (RFC 5869) from a secret. The key id tells which secret that was.
const (
	version = 1
	idLen   = 4 // bytes of the SHA-256 of the derived key

	// PrefixLen is how many bytes Prefix has.
	PrefixLen = 1 + idLen
)

// Place is where a sealed value is kept.
type Place struct {
	Table, Column string
	Row           string // what names the row for good
}

// additional is what a value is bound to: the beginning that it has, and its place.
// Lengths stand before the parts, so that no two places are written alike.
func (p Place) additional(prefix []byte) []byte {
	data := bytes.Clone(prefix)
	for _, part := range []string{p.Table, p.Column, p.Row} {
		data = binary.AppendUvarint(data, uint64(len(part)))
		data = append(data, part...)
	}
	return data
}

// Keys seal and open. They are safe for concurrent use.
type Keys struct{ list []key }

// key is derived from one secret.
type key struct {
	prefix []byte // of all that it seals
	aead   cipher.AEAD
}

// New derives a key from each secret: the first seals, all open.
func New(secrets [][]byte) (*Keys, error) {
	all, err := Derive(secrets, "seal")
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	k := &Keys{}
	for _, derived := range all {
		block, err := aes.NewCipher(derived)
		if err != nil {
			return nil, fmt.Errorf("seal: %w", err)
		}
		aead, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return nil, fmt.Errorf("seal: %w", err)
		}
		id := sha256.Sum256(derived)
		k.list = append(k.list, key{prefix: append([]byte{version}, id[:idLen]...), aead: aead})
	}
	return k, nil
}

// Seal returns text sealed for a place, PrefixLen and 28 bytes longer than text.
func (k *Keys) Seal(text []byte, at Place) []byte {
	first := k.list[0]
	//lint:ignore G407 the nonce is random: cipher.NewGCMWithRandomNonce makes it
	return first.aead.Seal(bytes.Clone(first.prefix), nil, text, at.additional(first.prefix))
}

// Open returns what was sealed for this place. ErrOtherSecret if none of the secrets
// sealed it, ErrBroken if it was sealed for another place, or is not as it was sealed.
func (k *Keys) Open(sealed []byte, at Place) ([]byte, error) {
	if len(sealed) < PrefixLen || sealed[0] != version {
		return nil, ErrBroken
	}
	err := ErrOtherSecret
	for _, key := range k.list {
		prefix, rest := sealed[:PrefixLen], sealed[PrefixLen:]
		if !bytes.Equal(prefix, key.prefix) {
			continue
		}
		text, failed := key.aead.Open(nil, nil, rest, at.additional(prefix))
		if failed == nil {
			return text, nil
		}
		err = ErrBroken
	}
	return nil, err
}

// Prefix returns what everything begins with that the first secret seals. What begins
// otherwise was sealed by an older secret and is to be sealed anew before that one is
// dropped.
func (k *Keys) Prefix() []byte { return bytes.Clone(k.list[0].prefix) }
