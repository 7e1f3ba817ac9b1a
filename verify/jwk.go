package verify

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"math/big"
)

// Sizes of an RSA key in bits: the least that is taken, RFC 7518 section 3.3, and what
// verifies within a millisecond.
const (
	minRSA = 2048
	maxRSA = 8192
)

// jwk is a public key as RFC 7517 writes it.
type jwk struct {
	ID        string `json:"kid"`
	Type      string `json:"kty"`
	Use       string `json:"use"`
	Algorithm string `json:"alg"`
	Curve     string `json:"crv"`
	X         string `json:"x"`
	Y         string `json:"y"`
	N         string `json:"n"`
	E         string `json:"e"`
}

// key returns the key, or false for one that verifies nothing here: of another kind, for
// another use, damaged, or too weak. A secret (oct) is of another kind.
func (j jwk) key() (key, bool) {
	if j.ID == "" || j.Use != "" && j.Use != "sig" {
		return key{}, false
	}
	var k key
	switch j.Type + " " + j.Curve {
	case "EC P-256":
		x, y := number(j.X, 32), number(j.Y, 32)
		public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, x...), y...))
		if err != nil {
			return key{}, false
		}
		k = key{es256, public}
	case "OKP Ed25519":
		x := number(j.X, ed25519.PublicKeySize)
		if x == nil {
			return key{}, false
		}
		k = key{edDSA, ed25519.PublicKey(x)}
	case "RSA ":
		n, e := new(big.Int).SetBytes(number(j.N, 0)), new(big.Int).SetBytes(number(j.E, 0))
		if bits := n.BitLen(); bits < minRSA || bits > maxRSA || e.BitLen() > 31 || e.Int64() < 3 || e.Bit(0) == 0 {
			return key{}, false
		}
		k = key{rs256, &rsa.PublicKey{N: n, E: int(e.Int64())}}
	default:
		return key{}, false
	}
	return k, j.Algorithm == "" || j.Algorithm == k.algorithm
}

// number reads base64url of so many bytes, of any for 0; nil is none.
func number(text string, size int) []byte {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || size > 0 && len(b) != size {
		return nil
	}
	return b
}
