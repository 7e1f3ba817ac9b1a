package jwt

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// The algorithms of RFC 7518 and RFC 8037 that there are keys for.
const (
	HS256 = "HS256" // a secret of 32 bytes or more
	ES256 = "ES256" // ECDSA with P-256
	EdDSA = "EdDSA" // Ed25519
	RS256 = "RS256" // RSA of 2048 bits or more
)

// Sizes of an RSA key, in bits: the least that is taken, RFC 7518 section 3.3; a new one; and what verifies within
// a millisecond.
const (
	minRSA = 2048
	newRSA = 3072 // 128 bits of security, NIST SP 800-57 part 1 table 2
	maxRSA = 8192
)

// Key is a private key that signs access tokens and whose public half verifies
// them, by one algorithm only.
type Key struct {
	ID        string // kid: the RFC 7638 thumbprint; "" for the key that stands for the secrets
	Algorithm string
	private   crypto.Signer
	public    crypto.PublicKey
	jwk       jwk
	last      time.Time // of a retired key: when the last of its tokens expires
}

// Retired returns the key as one whose last token has expired at last. It is not published, and
// verifies none that expires later, which it cannot have signed; so it is good for no more
// than to tell that a token has expired.
func (k Key) Retired(last time.Time) Key {
	k.last = last
	return k
}

// Secrets returns the key that stands for the HS256 secrets in a list of keys.
func Secrets() Key { return Key{Algorithm: HS256} }

// NewKey makes a new key for ES256, EdDSA or RS256.
func NewKey(algorithm string) (Key, error) {
	var private crypto.Signer
	var err error
	switch algorithm {
	case ES256:
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case EdDSA:
		_, private, err = ed25519.GenerateKey(rand.Reader)
	case RS256:
		private, err = rsa.GenerateKey(rand.Reader, newRSA)
	default:
		return Key{}, fmt.Errorf("jwt: no key for the algorithm %q", algorithm)
	}
	if err != nil {
		return Key{}, fmt.Errorf("jwt: %w", err)
	}
	return keyOf(private)
}

// ParseKey reads the one private key of a PEM file: PKCS#8, or PKCS#1 or SEC1
// as older tools write them. Its error is a phrase that says what the file
// holds instead, and nothing of the content.
func ParseKey(file []byte) (Key, error) {
	var found *pem.Block
	for block, rest := pem.Decode(file); block != nil; block, rest = pem.Decode(rest) {
		switch block.Type {
		case "EC PARAMETERS": // OpenSSL writes them before the key
		case "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY":
			if found != nil {
				return Key{}, errors.New("holds several private keys; each needs a file of its own")
			}
			if block.Headers["DEK-Info"] != "" {
				return Key{}, errEncrypted
			}
			found = block
		case "ENCRYPTED PRIVATE KEY":
			return Key{}, errEncrypted
		default:
			if found == nil {
				found = block
			}
		}
	}
	if found == nil {
		return Key{}, errors.New("holds no private key in PEM")
	}
	var private any
	var err error
	switch found.Type {
	case "PRIVATE KEY":
		private, err = x509.ParsePKCS8PrivateKey(found.Bytes)
	case "RSA PRIVATE KEY":
		private, err = x509.ParsePKCS1PrivateKey(found.Bytes)
	case "EC PRIVATE KEY":
		private, err = x509.ParseECPrivateKey(found.Bytes)
	default:
		return Key{}, errors.New("holds no private key: only a public key, a certificate or something else")
	}
	if err != nil {
		return Key{}, errors.New("holds a private key that is damaged or of a kind that is not known; " + wanted)
	}
	return keyOf(private)
}

const wanted = "it must be EC P-256, Ed25519, or RSA of 2048 bits or more"

var errEncrypted = errors.New("holds a private key that is encrypted; decrypt it, and protect the file instead")

// keyOf returns the Key of a private key, or an error that says why it cannot be one.
func keyOf(private any) (Key, error) {
	b64 := base64.RawURLEncoding.EncodeToString
	var k Key
	switch p := private.(type) {
	case *ecdsa.PrivateKey:
		if p.Curve != elliptic.P256() {
			return Key{}, errors.New("holds an EC key on another curve than P-256")
		}
		point, err := p.PublicKey.Bytes() // 4, x, y: 65 bytes
		if err != nil {
			return Key{}, errors.New("holds an EC key that is damaged")
		}
		k = Key{Algorithm: ES256, private: p, jwk: jwk{Type: "EC", Curve: "P-256", X: b64(point[1:33]), Y: b64(point[33:])}}
	case ed25519.PrivateKey:
		public, _ := p.Public().(ed25519.PublicKey)
		k = Key{Algorithm: EdDSA, private: p, jwk: jwk{Type: "OKP", Curve: "Ed25519", X: b64(public)}}
	case *rsa.PrivateKey:
		if bits := p.N.BitLen(); bits < minRSA || bits > maxRSA {
			return Key{}, fmt.Errorf("holds an RSA key of %d bits; it must have %d to %d", bits, minRSA, maxRSA)
		}
		k = Key{Algorithm: RS256, private: p, jwk: jwk{Type: "RSA", N: b64(p.N.Bytes()), E: b64(big.NewInt(int64(p.E)).Bytes())}}
	default:
		return Key{}, errors.New("holds a private key that signs nothing here; " + wanted)
	}
	k.public = k.private.Public()
	k.ID = k.jwk.thumbprint()
	k.jwk.ID, k.jwk.Use, k.jwk.Algorithm = k.ID, "sig", k.Algorithm
	return k, nil
}

// PEM returns the key as a PKCS#8 file. Whoever reads it can sign as the
// service.
func (k Key) PEM() ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(k.private)
	if err != nil {
		return nil, fmt.Errorf("jwt: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// method returns the key's algorithm as the library has it.
func (k Key) method() jwt.SigningMethod {
	switch k.Algorithm {
	case ES256:
		return jwt.SigningMethodES256
	case EdDSA:
		return jwt.SigningMethodEdDSA
	case RS256:
		return jwt.SigningMethodRS256
	}
	return jwt.SigningMethodHS256
}

// String returns algorithm and id, so that a key that is printed by mistake shows nothing
// of itself.
func (k Key) String() string { return k.Algorithm + " " + k.ID }

// GoString returns what String does: %#v would print the private key.
func (k Key) GoString() string { return k.String() }

// jwk is a public key as RFC 7517 writes it. The parameters are in the order of
// RFC 7638 section 3.2, which the thumbprint needs.
type jwk struct {
	Curve     string `json:"crv,omitempty"`
	E         string `json:"e,omitempty"`
	Type      string `json:"kty"`
	N         string `json:"n,omitempty"`
	X         string `json:"x,omitempty"`
	Y         string `json:"y,omitempty"`
	ID        string `json:"kid,omitempty"`
	Use       string `json:"use,omitempty"`
	Algorithm string `json:"alg,omitempty"`
}

// thumbprintLen is how many characters a thumbprint has.
const thumbprintLen = 43

// thumbprint returns the SHA-256 thumbprint (RFC 7638) of a jwk that has nothing but the
// required members.
func (j jwk) thumbprint() string {
	text, err := json.Marshal(j)
	if err != nil {
		panic(err) // strings always encode
	}
	sum := sha256.Sum256(text)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
