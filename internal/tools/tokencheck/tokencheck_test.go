package tokencheck_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"latchkey/internal/jwt"
	"latchkey/verify"
)

const (
	issuer   = "https://auth.example.org"
	audience = "https://api.example.org"

	header  = `{"alg":"ALG","kid":"KID","typ":"at+jwt"}`
	payload = `{"iss":"https://auth.example.org","aud":"https://api.example.org","sub":"01a211bb-7070-725d-92c0-3c3a38247b72",` +
		`"sid":"01a211bb-7071-7b0a-8d7e-5a0c8e0b1f10","client_id":"latchkey","iat":1764072000,"exp":1764072900,` +
		`"jti":"01a211bb-7072-7c43-9a51-8e3f6a2f9b21","role":"USER","email":"ada@example.org","email_verified":true,` +
		`"auth_time":1764071000,"acr":"aal2","amr":["mfa","otp","pwd"]}`
)

// now is within the life of the token above.
var now = time.Unix(1764072100, 0)

// both are the two that verify, by the same keys.
type both struct {
	keys     []jwt.Key
	private  []crypto.Signer
	service  *jwt.Issuer
	verifier *verify.Verifier
}

func newBoth(t testing.TB) *both {
	t.Helper()
	b := &both{}
	for _, algorithm := range []string{jwt.ES256, jwt.EdDSA, jwt.RS256} {
		k, err := jwt.NewKey(algorithm)
		if err != nil {
			t.Fatal(err)
		}
		text, err := k.PEM()
		if err != nil {
			t.Fatal(err)
		}
		block, _ := pem.Decode(text)
		private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		b.keys, b.private = append(b.keys, k), append(b.private, private.(crypto.Signer))
	}
	var err error
	if b.service, err = jwt.New(issuer, audience, [][]byte{bytes.Repeat([]byte("k"), 32)}, b.keys...); err != nil {
		t.Fatal(err)
	}
	set, err := b.service.JWKS()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(set) }))
	t.Cleanup(server.Close)
	b.verifier, err = verify.New(verify.Config{Issuer: issuer, Audience: audience, JWKSURL: server.URL, Clock: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// sign signs header and payload as they are, by one of the keys, whose names they may use.
func (b *both) sign(t testing.TB, which uint8, header, payload string) (token, head string) {
	t.Helper()
	i := int(which) % len(b.keys)
	head = strings.NewReplacer("KID", b.keys[i].ID, "ALG", b.keys[i].Algorithm).Replace(header)
	b64 := base64.RawURLEncoding.EncodeToString
	text := b64([]byte(head)) + "." + b64([]byte(payload))
	hash := sha256.Sum256([]byte(text))
	var signature []byte
	var err error
	switch k := b.private[i].(type) {
	case *ecdsa.PrivateKey:
		r, s, signErr := ecdsa.Sign(rand.Reader, k, hash[:])
		signature, err = append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...), signErr
	case ed25519.PrivateKey:
		signature = ed25519.Sign(k, []byte(text))
	default:
		signature, err = k.Sign(rand.Reader, hash[:], crypto.SHA256)
	}
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + b64(signature), head
}

// agree fails the test unless both say the same of a token. One thing they may not: a name
// that comes twice in a header, of which RFC 7515 section 4 lets one take the last.
func (b *both) agree(t *testing.T, token, head string) {
	t.Helper()
	want, wantErr := b.service.Verify(token, now)
	got, err := b.verifier.Verify(t.Context(), token)
	if kind(err) != kind(wantErr) {
		if _, err := strictly(head); err != nil && got == nil {
			return
		}
		t.Fatalf("internal/jwt says %v, verify says %v, of %s", wantErr, err, token)
	}
	if err != nil {
		return
	}
	same := want.Subject == got.Subject && want.SessionID == got.SessionID && want.ClientID == got.ClientID && want.ID == got.ID &&
		want.Role == got.Role && want.Email == got.Email && want.EmailVerified == got.EmailVerified &&
		want.IssuedAt.Equal(got.IssuedAt) && want.ExpiresAt.Equal(got.ExpiresAt) && want.AuthTime.Equal(got.AuthTime) &&
		want.Level == got.Level && want.Methods == strings.Join(got.Methods, " ")
	if !same {
		t.Fatalf("internal/jwt reads %+v, verify reads %+v", want, got)
	}
}

// kind is what a caller does about an error.
func kind(err error) string {
	switch {
	case err == nil:
		return "good"
	case errors.Is(err, jwt.ErrExpired), errors.Is(err, verify.ErrExpired):
		return "expired"
	case errors.Is(err, jwt.ErrInvalid), errors.Is(err, verify.ErrInvalid):
		return "invalid"
	}
	return err.Error()
}

// strictly reads a header with an error for each name that comes twice.
func strictly(head string) (m map[string]any, err error) { return m, json.Unmarshal([]byte(head), &m) }

// strange are payloads and headers that differ from good ones in one thing.
func strange() (headers, payloads []string) {
	change := func(text, old, replacement string) string { return strings.Replace(text, old, replacement, 1) }
	headers = []string{header}
	for _, c := range [][2]string{
		{"ALG", "HS256"}, {"ALG", "none"}, {"ALG", "ES384"}, {`"ALG"`, "null"}, {`"ALG"`, `["ALG"]`}, {"alg", "ALG"}, {"KID", "kid"}, {`"KID"`, "null"},
		{`"kid":"KID",`, ""}, {"at+jwt", "JWT"}, {"at+jwt", "AT+JWT"}, {"at+jwt", "application/at+jwt"}, {`"at+jwt"`, "null"}, {`,"typ":"at+jwt"`, ""},
		{"{", `{"crit":[],`}, {"{", `{"crit":null,`}, {"{", `{"jku":"https://evil.example",`}, {"{", `{"x":[1,{"a":1,"a":2}],`}, {"{", `{"typ":"JWT",`},
		{"{", ` {`}, {"}", `}}`}, {"}", `} `}, {"typ", `t\u0079p`}, {"KID", "KI\u0000D"}, {"{", `{"x":"\ud800",`}, {"{", "{\"x\":\"\xff\","}, {"{", `{"zip":"DEF",`},
	} {
		headers = append(headers, change(header, c[0], c[1]))
	}
	payloads = []string{payload, "", "{}", "null", "[]", "1", payload + payload}
	for _, c := range [][2]string{
		{"https://auth", "https://Auth"}, {"org\",\"sub", "org/\",\"sub"}, {`"https://api.example.org"`, `["https://api.example.org"]`},
		{`"https://api.example.org"`, `["https://api.example.org","x"]`}, {`"https://api.example.org"`, `[["https://api.example.org"]]`}, {`"https://api.example.org"`, `null`},
		{"72b2", "72B2"}, {"01a211bb", "{01a211bb"}, {"latchkey", ""}, {`"latchkey"`, "1"}, {"1764072900", "1764072100"}, {"1764072900", "1764072100.5"}, {"1764072900", "1.7640729e9"},
		{"1764072900", `"1764072900"`}, {"1764072900", "-1"}, {"1764072900", "1e400"}, {"1764072900", "1099511627776"}, {"1764072900", "1099511627777"}, {"1764072900", "null"},
		{"1764072900", "-0"}, {"1764072000", "99999999999"}, {"1764072000", "[]"}, {"{", `{"nbf":1764072100,`}, {"{", `{"nbf":1764072101,`}, {"{", `{"nbf":1764072100.1,`}, {"{", `{"nbf":null,`},
		{"{", `{"exp":1764072900,`}, {"{", `{"EXP":1764072900,`}, {"{", `{"\u0065xp":1764072900,`}, {"exp", `\u0065xp`}, {"USER", ""}, {`"USER"`, "null"}, {`"USER"`, "[]"}, {`"role":"USER",`, ""},
		{"ada@", "\\ud83d\\ude00@"}, {"ada@", "\\ud83d@"}, {"ada@", "\\ude00\\ud83d@"}, {"ada@", "\\\\ud83d@"}, {"ada@", "\xff@"}, {"ada@", "\u0000@"}, {"ada@", "\\u0000@"}, {"ada@", "\ufffd@"},
		{"true", "1"}, {"true", `"true"`}, {"true", "null"}, {"true", "false"}, {"1764071000", "null"}, {"1764071000", "\"x\""}, {`"auth_time":1764071000,`, ""}, {"aal2", ""},
		{`"aal2"`, "2"}, {`["mfa","otp","pwd"]`, "[]"}, {`["mfa","otp","pwd"]`, "null"}, {`["mfa","otp","pwd"]`, `"mfa"`}, {`"mfa"`, "null"}, {`"mfa"`, "1"}, {`"mfa"`, `"a b"`},
		{"{", `{"own":{"a":[{"b":null}]},`}, {"{", `{"own":{"a":1,"\u0061":2},`}, {"{", `{"own":null,`}, {"{", `{"own":1e999,`}, {"{", `{"":1,"":2,`}, {"{", `{"own":"\ud800",`},
		{"{", `{"own":` + strings.Repeat("[", 500) + strings.Repeat("]", 500) + `,`}, {"{", `{"own":"` + strings.Repeat("x", 4096) + `",`}, {"}", ",}"}, {":", " :\n"}, {"}", "}\x00"},
	} {
		payloads = append(payloads, change(payload, c[0], c[1]))
	}
	return headers, payloads
}

// Both say the same of strange tokens with right signatures.
func TestStrangeTokens_V3(t *testing.T) {
	b := newBoth(t)
	headers, payloads := strange()
	for which := range uint8(3) {
		for _, h := range headers {
			token, head := b.sign(t, which, h, payload)
			b.agree(t, token, head)
		}
		for _, p := range payloads {
			token, head := b.sign(t, which, header, p)
			b.agree(t, token, head)
		}
	}
	token, _ := b.sign(t, 0, header, payload)
	if c, err := b.verifier.Verify(t.Context(), token); err != nil || c.Level != verify.AAL2 { // else all of this proves nothing
		t.Fatal(c, err)
	}
}

// And of whatever somebody could have a key of the service sign.
func FuzzSigned(f *testing.F) {
	b := newBoth(f)
	headers, payloads := strange()
	for i, h := range headers {
		f.Add(uint8(i), h, payload)
	}
	for i, p := range payloads {
		f.Add(uint8(i), header, p)
	}
	f.Fuzz(func(t *testing.T, which uint8, header, payload string) {
		token, head := b.sign(t, which, header, payload)
		b.agree(t, token, head)
	})
}

// And of whatever bytes come in place of a token.
func FuzzToken(f *testing.F) {
	b := newBoth(f)
	token, _ := b.sign(f, 0, header, payload)
	f.Add(token)
	f.Add(token[:len(token)-2])
	f.Add(token + ".")
	f.Add(strings.Replace(token, ".", "..", 1))
	f.Add("..")
	f.Fuzz(func(t *testing.T, token string) {
		_, wantErr := b.service.Verify(token, now)
		_, err := b.verifier.Verify(t.Context(), token)
		if kind(err) != kind(wantErr) && !strings.ContainsAny(token, "\r\n") { // which base64 passes over there
			t.Fatalf("internal/jwt says %v, verify says %v", wantErr, err)
		}
	})
}

// verify has the claims of the operator's own as the service wrote them, beside all others.
func TestOwnClaims(t *testing.T) {
	b := newBoth(t)
	own, mistakes := jwt.ParseTemplate([]byte(`{"https://hasura.io/jwt/claims": {"x-hasura-user-id": "$id", "x-hasura-default-role": "$role"}, "plan": "gold"}`))
	if mistakes != nil {
		t.Fatal(mistakes)
	}
	b.service.UseTemplate(own)
	token, err := b.service.Sign(jwt.Claims{
		Subject: "01a211bb-7070-725d-92c0-3c3a38247b72", SessionID: "01a211bb-7071-7b0a-8d7e-5a0c8e0b1f10", ID: "01a211bb-7072-7c43-9a51-8e3f6a2f9b21",
		ClientID: jwt.OwnClient, Role: "USER", Email: "ada@example.org", IssuedAt: now, ExpiresAt: now.Add(time.Minute),
	})
	if err != nil {
		t.Fatal(err)
	}
	b.agree(t, token, "{}")
	got, err := b.verifier.Verify(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	want := jwt.Others(token)
	if len(got.Own) != 2 || len(want) != 2 {
		t.Errorf("verify has %v, the service %v", got.Own, want)
	}
	for name, value := range want {
		if string(got.Own[name]) != string(value) {
			t.Errorf("%s: verify has %s, the service %s", name, got.Own[name], value)
		}
	}
}
