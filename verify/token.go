package verify

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"slices"
	"strings"
)

// The algorithms that there are public keys for (RFC 7518, RFC 8037).
const (
	es256 = "ES256" // ECDSA with P-256
	edDSA = "EdDSA" // Ed25519
	rs256 = "RS256" // RSA with PKCS #1 v1.5
)

var algorithms = []string{es256, edDSA, rs256}

const (
	maxToken      = 4096     // bytes; a token has about 700
	tokenType     = "at+jwt" // RFC 9068 section 2.1
	thumbprintLen = 43       // characters of a kid, which is an RFC 7638 thumbprint
)

// parts are those of a token: header and payload decoded, and what is signed as it came.
type parts struct {
	header    map[string]json.RawMessage
	payload   []byte
	signed    string
	signature []byte
}

func split(token string) (*parts, error) {
	if len(token) > maxToken {
		return nil, invalid("it is too long")
	}
	signed, signature, _ := cutLast(token)
	header, payload, two := strings.Cut(signed, ".")
	if !two || strings.Contains(payload, ".") {
		return nil, invalid("it has not three parts")
	}
	t := &parts{signed: signed}
	text, err := decode(header)
	if err == nil {
		t.header, err = object(text)
	}
	if err != nil {
		return nil, invalid("its header is not readable")
	}
	if t.payload, err = decode(payload); err != nil {
		return nil, invalid("its payload is not base64url")
	}
	if t.signature, err = decode(signature); err != nil || len(t.signature) == 0 {
		return nil, invalid("its signature is missing or not base64url")
	}
	return t, nil
}

// cutLast cuts around the last dot.
func cutLast(token string) (before, after string, found bool) {
	i := strings.LastIndexByte(token, '.')
	if i < 0 {
		return token, "", false
	}
	return token[:i], token[i+1:], true
}

// decode reads base64url of which there is one form only: without padding, with no bit set
// that says nothing, and without the line breaks that the library passes over.
func decode(text string) ([]byte, error) {
	if strings.ContainsAny(text, "\r\n") {
		return nil, base64.CorruptInputError(0)
	}
	return base64.RawURLEncoding.Strict().DecodeString(text)
}

func (t *parts) algorithm() string {
	alg, _ := str(t.header["alg"])
	return alg
}

// keyID returns the kid of a header that may be one of ours. A key in the header (jwk, jku,
// x5c, x5u) is never looked at.
func (t *parts) keyID() (string, error) {
	if typ, _ := str(t.header["typ"]); typ != tokenType {
		return "", invalid("its typ is not at+jwt")
	}
	if _, critical := t.header["crit"]; critical { // of which none is known here (RFC 7515 section 4.1.11)
		return "", invalid("it has a critical extension")
	}
	if alg := t.algorithm(); alg == "HS256" {
		return "", invalid("it is signed with HS256, which the service alone can verify: set JWT_PRIVATE_KEYS=auto there")
	} else if !slices.Contains(algorithms, alg) {
		return "", invalid("its alg is none that is taken")
	}
	id, _ := str(t.header["kid"])
	if len(id) != thumbprintLen {
		return "", invalid("its kid is none of the service's")
	}
	return id, nil
}

// key is a public key and the one algorithm that it is for.
type key struct {
	algorithm string
	public    crypto.PublicKey
}

// verifies reports whether the key's owner signed a text.
func (k key) verifies(text, signature []byte) bool {
	switch public := k.public.(type) {
	case *ecdsa.PublicKey:
		if len(signature) != 64 { // two numbers of 32 bytes, RFC 7518 section 3.4
			return false
		}
		hash := sha256.Sum256(text)
		r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
		return ecdsa.Verify(public, hash[:], r, s)
	case ed25519.PublicKey:
		return ed25519.Verify(public, text, signature)
	case *rsa.PublicKey:
		hash := sha256.Sum256(text)
		return rsa.VerifyPKCS1v15(public, crypto.SHA256, hash[:], signature) == nil
	}
	return false
}
