package verify_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"latchkey/verify"
)

// service stands in for a Latchkey: it publishes keys and signs whatever a test says.
type service struct {
	*httptest.Server
	mu      sync.Mutex
	keys    []signer
	status  int // of its answers, if it is not 200
	asked   int // for keys
	control string
}

// signer is a private key with its public half as it is published.
type signer struct {
	algorithm string
	private   crypto.Signer
	jwk       map[string]any
}

func (s signer) kid() string { return s.jwk["kid"].(string) }

var b64 = base64.RawURLEncoding.EncodeToString

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// newSigner makes a key. Its kid looks like a thumbprint.
func newSigner(algorithm string) signer {
	s := signer{algorithm: algorithm, jwk: map[string]any{"kid": b64(must(random(32))), "use": "sig", "alg": algorithm}}
	switch algorithm {
	case "ES256":
		k := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
		point := must(k.PublicKey.Bytes())
		s.private, s.jwk["kty"], s.jwk["crv"], s.jwk["x"], s.jwk["y"] = k, "EC", "P-256", b64(point[1:33]), b64(point[33:])
	case "EdDSA":
		public, k, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			panic(err)
		}
		s.private, s.jwk["kty"], s.jwk["crv"], s.jwk["x"] = k, "OKP", "Ed25519", b64(public)
	case "RS256":
		k := must(rsa.GenerateKey(rand.Reader, 2048))
		s.private, s.jwk["kty"], s.jwk["n"], s.jwk["e"] = k, "RSA", b64(k.N.Bytes()), "AQAB"
	}
	return s
}

func random(n int) ([]byte, error) {
	b := make([]byte, n)
	_, err := rand.Read(b)
	return b, err
}

// sign signs two texts, whatever they are, as the key does.
func (s signer) sign(header, payload string) string {
	text := b64([]byte(header)) + "." + b64([]byte(payload))
	hash := sha256.Sum256([]byte(text))
	switch k := s.private.(type) {
	case *ecdsa.PrivateKey:
		r, t, err := ecdsa.Sign(rand.Reader, k, hash[:])
		if err != nil {
			panic(err)
		}
		return text + "." + b64(append(pad(r), pad(t)...))
	case ed25519.PrivateKey:
		return text + "." + b64(ed25519.Sign(k, []byte(text)))
	}
	return text + "." + b64(must(s.private.Sign(rand.Reader, hash[:], crypto.SHA256)))
}

func pad(n *big.Int) []byte { return n.FillBytes(make([]byte, 32)) }

// header is the header of the key's tokens, changed in pairs; nil takes one out.
func (s signer) header(pairs ...any) string {
	return text(map[string]any{"alg": s.algorithm, "typ": "at+jwt", "kid": s.kid()}, pairs...)
}

func text(m map[string]any, pairs ...any) string {
	for i := 0; i+1 < len(pairs); i += 2 {
		if m[pairs[i].(string)] = pairs[i+1]; pairs[i+1] == nil {
			delete(m, pairs[i].(string))
		}
	}
	return string(must(json.Marshal(m)))
}

// Ids in the claims.
const (
	subject = "01a211bb-7070-725d-92c0-3c3a38247b72"
	session = "01a211bb-7071-7b0a-8d7e-5a0c8e0b1f10"
	tokenID = "01a211bb-7072-7c43-9a51-8e3f6a2f9b21"
)

// now is when the tests run.
var now = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// claims are those of a good token of the service, changed in pairs; nil takes one out.
func (s *service) claims(pairs ...any) string {
	return text(map[string]any{
		"iss": s.URL, "aud": s.URL, "sub": subject, "sid": session, "client_id": "latchkey", "jti": tokenID,
		"iat": now.Unix() - 10, "exp": now.Unix() + 890, "role": "USER", "email": "ada@example.org", "email_verified": true,
		"auth_time": now.Unix() - 60, "acr": "aal1", "amr": []string{"pwd"},
	}, pairs...)
}

// token is a good one by the first key, with claims changed in pairs.
func (s *service) token(pairs ...any) string {
	k := s.keys[0]
	return k.sign(k.header(), s.claims(pairs...))
}

func newService(t testing.TB, keys ...signer) *service {
	t.Helper()
	s := &service{keys: keys, control: "public, max-age=300"}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/oauth-authorization-server", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": s.URL, "jwks_uri": s.URL + "/.well-known/jwks.json"})
	})
	mux.HandleFunc("/.well-known/jwks.json", func(w http.ResponseWriter, _ *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.asked++
		w.Header().Set("Cache-Control", s.control)
		if s.status != 0 {
			w.WriteHeader(s.status)
			return
		}
		list := []any{map[string]string{"kty": "oct", "kid": "secret", "k": "c2VjcmV0", "alg": "HS256"}}
		for _, k := range s.keys {
			list = append(list, k.jwk)
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": list})
	})
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

// verifier returns one of the service, which knows the time of the tests.
func (s *service) verifier(t testing.TB, change ...func(*verify.Config)) *verify.Verifier {
	t.Helper()
	cfg := verify.Config{Issuer: s.URL, Clock: func() time.Time { return now }}
	for _, c := range change {
		c(&cfg)
	}
	v, err := verify.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// newAnswer returns the address of a server that gives this answer to everything.
func newAnswer(t testing.TB, status int, body string) string {
	t.Helper()
	return newAnswerFunc(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	})
}

func newAnswerFunc(t testing.TB, answer http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(answer)
	t.Cleanup(s.Close)
	return s.URL
}
