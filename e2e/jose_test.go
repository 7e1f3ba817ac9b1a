package e2e_test

import (
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"latchkey/internal/testenv"
)

// newKey makes a key by the shell and returns its file and kid.
func newKey(t *testing.T, algorithm string) (file, kid string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "key.pem")
	out, errOut, code := testenv.Command(t, t.TempDir(), "", nil, "keys", "new", "--algorithm", algorithm, file)
	if code != 0 {
		t.Fatalf("keys new: exit code %d\n%s", code, errOut)
	}
	return file, strings.TrimSpace(out)
}

// judged is what jose says of a token.
type judged struct {
	Header, Claims map[string]any
	Refused        string
}

// jose verifies tokens against the keys that a server publishes.
func jose(t *testing.T, s *testenv.Stack, tokens ...string) []judged {
	t.Helper()
	args := append([]string{filepath.Join(testenv.Need(t, "TEST_E2E"), "jose.mjs"), s.URL() + "/.well-known/jwks.json", public(s), public(s)}, tokens...)
	out, err := exec.CommandContext(t.Context(), testenv.Need(t, "TEST_NODE"), args...).Output()
	if err != nil {
		t.Fatalf("jose: %v\n%s", err, out)
	}
	var list []judged
	for line := range strings.Lines(string(out)) {
		var j judged
		if err := json.Unmarshal([]byte(line), &j); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		list = append(list, j)
	}
	if len(list) != len(tokens) {
		t.Fatalf("jose judged %d of %d tokens", len(list), len(tokens))
	}
	return list
}

// A backend that knows only where the keys are verifies the tokens of each
// algorithm, and refuses what somebody else signed.
func TestVerifiedByJose_F4(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []string{"ES256", "EdDSA", "RS256"} {
		t.Run(algorithm, func(t *testing.T) {
			t.Parallel()
			file, kid := newKey(t, algorithm)
			testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
				ada := s.Join(t)
				mustBe(t, s.URL(), ada.Access, ada.ID)
				header, claims := parts(t, ada.Access)
				forged := ada.Access[:strings.LastIndex(ada.Access, ".")+1] + "AAAA"
				secret := signed(map[string]any{"alg": "HS256", "typ": "at+jwt", "kid": kid}, claims, knownSecret, sha256.New)
				list := jose(t, s, ada.Access, forged, secret)
				if list[0].Refused != "" || list[0].Header["alg"] != algorithm || list[0].Header["kid"] != kid || list[0].Claims["sub"] != ada.ID {
					t.Errorf("got %+v, want a token of %s by %s", list[0], algorithm, kid)
				}
				if header["typ"] != "at+jwt" || list[1].Refused == "" || list[2].Refused == "" {
					t.Errorf("forgeries: %+v", list[1:])
				}
				mustFail(t, "a forgery", me(t, s.URL(), forged), "UNAUTHENTICATED", "INVALID")
			}, "JWT_PRIVATE_KEYS="+file)
		})
	}
}

// Who signs by HMAC with the public key, in any form that a library may take it
// in, is refused.
func TestKeyConfusion_F1(t *testing.T) {
	t.Parallel()
	file, kid := newKey(t, "RS256")
	s := testenv.Embedded(t, "JWT_PRIVATE_KEYS="+file)
	ada := s.Join(t)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	public := private.(*rsa.PrivateKey).Public()
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	set, err := keysAt(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	_, claims := parts(t, ada.Access)
	for name, key := range map[string]string{
		"DER": string(der), "PEM": string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), "JWKS": set, "kid": kid, "nothing": "",
	} {
		for _, header := range []map[string]any{
			{"alg": "HS256", "typ": "at+jwt"}, {"alg": "HS256", "typ": "at+jwt", "kid": kid}, {"alg": "RS256", "typ": "at+jwt", "kid": kid},
		} {
			mustFail(t, name, me(t, s.URL(), signed(header, claims, key, sha256.New)), "UNAUTHENTICATED", "INVALID")
		}
	}
	mustBe(t, s.URL(), ada.Access, ada.ID)
}

// What is published is what verifies and nothing private; with secrets alone, as in
// production unless it is said otherwise, nothing is.
func TestPublishedKeys_F4(t *testing.T) {
	t.Parallel()
	p := exchange(t, "GET", sharedProduction.use(t).URL()+"/.well-known/jwks.json", "")
	if p.status != 200 || p.body != `{"keys":[]}` || p.header.Get("Content-Type") != "application/json" {
		t.Errorf("HS256 alone publishes %d %s", p.status, p.body)
	}
	var files, kids []string
	for _, algorithm := range []string{"ES256", "EdDSA", "RS256"} {
		file, kid := newKey(t, algorithm)
		files, kids = append(files, file), append(kids, kid)
	}
	s := testenv.Embedded(t, "JWT_PRIVATE_KEYS=hs256,"+strings.Join(files, ","))
	ada := s.Join(t)
	if header, _ := parts(t, ada.Access); header["alg"] != "HS256" || header["kid"] != nil {
		t.Errorf("hs256 in front signs %v", header)
	}
	p = exchange(t, "GET", s.URL()+"/.well-known/jwks.json", "")
	var set struct{ Keys []map[string]any }
	if err := json.Unmarshal([]byte(p.body), &set); err != nil || len(set.Keys) != len(kids) {
		t.Fatalf("%v in %s", err, p.body)
	}
	public := map[string]bool{"kty": true, "crv": true, "x": true, "y": true, "n": true, "e": true, "kid": true, "use": true, "alg": true}
	for i, key := range set.Keys {
		if key["kid"] != kids[i] || key["use"] != "sig" || key["alg"] == nil {
			t.Errorf("key %d: %v", i, key)
		}
		for name := range key {
			if !public[name] {
				t.Errorf("key %d shows %s", i, name)
			}
		}
	}
	if out, errOut, code := shell(t, s, "", "keys", "list", "--json"); code != 0 || !strings.Contains(out, kids[2]) || strings.Contains(errOut, "mistake") {
		t.Errorf("keys list: exit code %d\n%s%s", code, out, errOut)
	}
}
