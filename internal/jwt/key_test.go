package jwt_test

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"latchkey/internal/jwt"
)

// keys is one key of each asymmetric algorithm.
var keys = sync.OnceValue(func() map[string]jwt.Key {
	all := map[string]jwt.Key{}
	for _, alg := range []string{jwt.ES256, jwt.EdDSA, jwt.RS256} {
		k, err := jwt.NewKey(alg)
		if err != nil {
			panic(err)
		}
		all[alg] = k
	}
	return all
})

func issuerOf(t *testing.T, list ...jwt.Key) *jwt.Issuer {
	t.Helper()
	i, err := jwt.New("https://auth.example", "https://api.example", [][]byte{secret}, list...)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func sign(t *testing.T, i *jwt.Issuer) string {
	t.Helper()
	token, err := i.Sign(claims())
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// header reads the header of a token.
func header(t *testing.T, token string) (h map[string]any) {
	t.Helper()
	text, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &h); err != nil {
		t.Fatal(err)
	}
	return h
}

// published returns the JWK Set of i.
func published(t *testing.T, i *jwt.Issuer) []map[string]string {
	t.Helper()
	text, err := i.JWKS()
	if err != nil {
		t.Fatal(err)
	}
	var set struct{ Keys []map[string]string }
	if err := json.Unmarshal(text, &set); err != nil {
		t.Fatal(err)
	}
	return set.Keys
}

func TestEachAlgorithm_F1(t *testing.T) {
	for alg, key := range keys() {
		i := issuerOf(t, key)
		token := sign(t, i)
		if got, err := i.Verify(token, t0); err != nil || got != claims() {
			t.Errorf("%s: got %+v, %v", alg, got, err)
		}
		if h := header(t, token); h["alg"] != alg || h["kid"] != key.ID || h["typ"] != "at+jwt" || len(h) != 3 {
			t.Errorf("%s: the header is %v", alg, h)
		}
		cut := strings.LastIndex(token, ".") + 1
		other := "A"
		if token[cut] == 'A' {
			other = "B"
		}
		if _, err := i.Verify(token[:cut]+other+token[cut+1:], t0); !errors.Is(err, jwt.ErrInvalid) {
			t.Errorf("%s: another signature: %v, want ErrInvalid", alg, err)
		}
	}
	if h := header(t, sign(t, issuerOf(t))); len(h) != 2 {
		t.Errorf("HS256: the header is %v, want no kid", h)
	}
}

// A token that names a key is checked with that key and its algorithm, whatever
// alg says.
func TestAlgorithmIsTheKeys_F1(t *testing.T) {
	all := keys()
	i := issuerOf(t, all[jwt.ES256], all[jwt.EdDSA], all[jwt.RS256])
	for made, key := range all {
		token := sign(t, issuerOf(t, key))
		_, rest, _ := strings.Cut(token, ".")
		for named, other := range all {
			for _, alg := range []string{jwt.HS256, jwt.ES256, jwt.EdDSA, jwt.RS256, "none", "PS256", "ES384"} {
				changed := map[string]any{"typ": "at+jwt", "alg": alg, "kid": other.ID}
				text, _ := json.Marshal(changed)
				_, err := i.Verify(base64.RawURLEncoding.EncodeToString(text)+"."+rest, t0)
				if unchanged := named == made && alg == made; unchanged && err != nil || !unchanged && !errors.Is(err, jwt.ErrInvalid) {
					t.Errorf("a token of %s that names %s and %s: %v", made, named, alg, err)
				}
			}
		}
		if _, err := issuerOf(t).Verify(token, t0); !errors.Is(err, jwt.ErrInvalid) {
			t.Errorf("%s without its key: %v, want ErrInvalid", made, err)
		}
	}
}

// What everybody knows of a key is no HMAC secret, in whatever form.
func TestPublicKeyIsNoSecret_F1(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	key := parse(t, "PRIVATE KEY", pkcs8(t, private))
	i := issuerOf(t, key)
	spki, _ := x509.MarshalPKIXPublicKey(&private.PublicKey)
	pkcs1 := x509.MarshalPKCS1PublicKey(&private.PublicKey)
	set, _ := i.JWKS()
	for name, known := range map[string][]byte{
		"DER": spki, "PEM": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki}),
		"PEM without its line end": bytes.TrimSpace(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki})),
		"PKCS#1":                   pkcs1, "PKCS#1 PEM": pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: pkcs1}),
		"JWKS": set, "modulus": private.N.Bytes(), "kid": []byte(key.ID), "nothing": {},
	} {
		for _, h := range []map[string]any{goodHeader(), {"alg": "HS256", "typ": "at+jwt", "kid": key.ID}, {"alg": "RS256", "typ": "at+jwt", "kid": key.ID}} {
			if _, err := i.Verify(forge(h, goodBody(), known), t0); !errors.Is(err, jwt.ErrInvalid) {
				t.Errorf("%s as the secret, %v: %v, want ErrInvalid", name, h, err)
			}
		}
	}
	// Nor does the right secret stand in for a named key.
	if _, err := i.Verify(forge(map[string]any{"alg": "HS256", "typ": "at+jwt", "kid": key.ID}, goodBody(), secret), t0); !errors.Is(err, jwt.ErrInvalid) {
		t.Errorf("HS256 with the kid of an RSA key: %v, want ErrInvalid", err)
	}
}

// Each step of each change verifies what the steps before and after it sign.
func TestKeyRotation_F4(t *testing.T) {
	all := keys()
	for name, steps := range map[string][][]jwt.Key{
		"ES256 to EdDSA":  {{all[jwt.ES256]}, {all[jwt.ES256], all[jwt.EdDSA]}, {all[jwt.EdDSA], all[jwt.ES256]}, {all[jwt.EdDSA]}},
		"HS256 to ES256":  {{}, {jwt.Secrets(), all[jwt.ES256]}, {all[jwt.ES256]}},
		"ES256 to HS256":  {{all[jwt.ES256]}, {jwt.Secrets(), all[jwt.ES256]}, {}},
		"HS256 and RS256": {{jwt.Secrets()}, {jwt.Secrets(), all[jwt.RS256]}, {all[jwt.RS256], jwt.Secrets()}},
	} {
		for n := range len(steps) - 1 {
			before, after := issuerOf(t, steps[n]...), issuerOf(t, steps[n+1]...)
			if _, err := before.Verify(sign(t, after), t0); err != nil {
				t.Errorf("%s: step %d refuses a token of the next: %v", name, n, err)
			}
			if n < len(steps)-2 { // by the last one the old tokens have expired
				if _, err := after.Verify(sign(t, before), t0); err != nil {
					t.Errorf("%s: step %d refuses a token of the one before: %v", name, n+1, err)
				}
			}
		}
	}
	if _, err := issuerOf(t, all[jwt.ES256]).Verify(sign(t, issuerOf(t)), t0); err != nil {
		t.Errorf("an HS256 token where ES256 signs: %v", err)
	}
	first := published(t, issuerOf(t, jwt.Secrets(), all[jwt.ES256]))
	if len(first) != 1 || first[0]["kid"] != all[jwt.ES256].ID {
		t.Errorf("a key behind hs256 is not published: %v", first)
	}
}

// The set holds what RFC 7517 and 7518 name, and nothing private.
func TestJWKS_F4(t *testing.T) {
	all := keys()
	set := published(t, issuerOf(t, all[jwt.ES256], all[jwt.EdDSA], jwt.Secrets(), all[jwt.RS256]))
	want := map[string][]string{
		jwt.ES256: {"alg", "crv", "kid", "kty", "use", "x", "y"}, jwt.EdDSA: {"alg", "crv", "kid", "kty", "use", "x"},
		jwt.RS256: {"alg", "e", "kid", "kty", "n", "use"},
	}
	if len(set) != 3 {
		t.Fatalf("%d keys, want 3", len(set))
	}
	for i, alg := range []string{jwt.ES256, jwt.EdDSA, jwt.RS256} {
		var names []string
		for name := range set[i] {
			names = append(names, name)
		}
		slices.Sort(names)
		if !slices.Equal(names, want[alg]) || set[i]["alg"] != alg || set[i]["use"] != "sig" || set[i]["kid"] != all[alg].ID {
			t.Errorf("%s: %v", alg, set[i])
		}
	}
	if text, err := issuerOf(t).JWKS(); err != nil || string(text) != `{"keys":[]}` {
		t.Errorf("HS256 alone: %s, %v", text, err)
	}
}

// The vector of RFC 8037 appendix A.3.
func TestThumbprint_F4(t *testing.T) {
	d, _ := base64.RawURLEncoding.DecodeString("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")
	key := parse(t, "PRIVATE KEY", pkcs8(t, ed25519.NewKeyFromSeed(d)))
	if want := "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"; key.ID != want {
		t.Errorf("Ed25519: got %s, want %s", key.ID, want)
	}
	// Leading zeros of coordinates are kept (RFC 7518 section 6.2.1.2).
	for range 600 {
		k, err := jwt.NewKey(jwt.ES256)
		if err != nil {
			t.Fatal(err)
		}
		if set := published(t, issuerOf(t, k)); len(set[0]["x"]) != 43 || len(set[0]["y"]) != 43 {
			t.Fatalf("a coordinate is cut: %v", set)
		}
	}
}

func pkcs8(t *testing.T, private any) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func parse(t *testing.T, kind string, der []byte) jwt.Key {
	t.Helper()
	k, err := jwt.ParseKey(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// Each way in which tools write a key gives the same one.
func TestParseKey_F1(t *testing.T) {
	ec, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	sec1, _ := x509.MarshalECPrivateKey(ec)
	if a, b := parse(t, "PRIVATE KEY", pkcs8(t, ec)), parse(t, "EC PRIVATE KEY", sec1); a.ID != b.ID || a.Algorithm != jwt.ES256 {
		t.Errorf("PKCS#8 is %v, SEC1 %v", a, b)
	}
	r, _ := rsa.GenerateKey(rand.Reader, 2048)
	if a, b := parse(t, "PRIVATE KEY", pkcs8(t, r)), parse(t, "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(r)); a.ID != b.ID || a.Algorithm != jwt.RS256 {
		t.Errorf("PKCS#8 is %v, PKCS#1 %v", a, b)
	}
	// As `openssl ecparam -genkey` writes it, with its parameters in front.
	params := pem.EncodeToMemory(&pem.Block{Type: "EC PARAMETERS", Bytes: []byte{6, 8, 42, 134, 72, 206, 61, 3, 1, 7}})
	if _, err := jwt.ParseKey(append(params, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: sec1})...)); err != nil {
		t.Errorf("with parameters in front: %v", err)
	}
	for alg, key := range keys() {
		text, err := key.PEM()
		if err != nil {
			t.Fatal(err)
		}
		if again, err := jwt.ParseKey(text); err != nil || again.ID != key.ID || again.Algorithm != alg {
			t.Errorf("%s read back: %v, %v", alg, again, err)
		}
	}
}

func TestParseKeyRefuses_F1(t *testing.T) {
	encode := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	p384, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	ec, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	spki, _ := x509.MarshalPKIXPublicKey(&ec.PublicKey)
	x25519, _ := ecdh.X25519().GenerateKey(rand.Reader)
	good := encode("PRIVATE KEY", pkcs8(t, ec))
	for name, c := range map[string]struct{ file, says string }{
		"nothing":       {"", "no private key"},
		"text":          {"hunter2", "no private key"},
		"half a key":    {good[:len(good)/2], "no private key"},
		"a public key":  {encode("PUBLIC KEY", spki), "only a public key"},
		"a certificate": {encode("CERTIFICATE", spki), "only a public key"},
		"encrypted":     {encode("ENCRYPTED PRIVATE KEY", spki), "encrypted"},
		"encrypted as before PKCS#8": {
			"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n", "encrypted"},
		"two keys":    {good + good, "several"},
		"damaged":     {encode("PRIVATE KEY", []byte("hunter2")), "damaged"},
		"P-384":       {encode("PRIVATE KEY", pkcs8(t, p384)), "another curve"},
		"X25519":      {encode("PRIVATE KEY", pkcs8(t, x25519)), "signs nothing"},
		"RSA of 1024": {encode("PRIVATE KEY", pkcs8(t, shortRSA(t))), "1024 bits"},
	} {
		_, err := jwt.ParseKey([]byte(c.file))
		if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
}

// shortRSA is a key of 1024 bits.
func shortRSA(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	k, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestKeyTwice_F1(t *testing.T) {
	k := keys()[jwt.ES256]
	if _, err := jwt.New("i", "a", [][]byte{secret}, k, k); err == nil {
		t.Error("one key twice was taken")
	}
}

// A key that is printed shows nothing private.
func TestKeyPrinted_I7(t *testing.T) {
	k := keys()[jwt.ES256]
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if got := fmt.Sprintf(verb, k); got != "ES256 "+k.ID {
			t.Errorf("%s: %s", verb, got)
		}
	}
}
