package jwt_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"testing"
	"time"

	"latchkey/internal/jwt"
)

var (
	t0     = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	secret = bytes.Repeat([]byte("k1"), 16)
)

// Ids of a user, a session and a token.
const (
	u1 = "019bd8a1-0000-7000-8000-000000000001"
	s1 = "019bd8a1-0000-7000-8000-000000000002"
	j1 = "019bd8a1-0000-7000-8000-000000000003"
)

func issuer(t *testing.T, secrets ...[]byte) *jwt.Issuer {
	t.Helper()
	i, err := jwt.New("https://auth.example", "https://api.example", secrets)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func claims() jwt.Claims {
	return jwt.Claims{
		Subject: u1, SessionID: s1, ClientID: "latchkey", ID: j1, Role: "USER",
		Email: "ada@example.org", EmailVerified: true, IssuedAt: t0, ExpiresAt: t0.Add(15 * time.Minute),
		AuthTime: t0.Add(-time.Hour), Level: "aal2", Methods: "mfa otp pwd",
	}
}

func TestRoundTrip_F2(t *testing.T) {
	i := issuer(t, secret)
	token, err := i.Sign(claims())
	if err != nil {
		t.Fatal(err)
	}
	got, err := i.Verify(token, t0.Add(time.Minute))
	if err != nil || got != claims() {
		t.Errorf("got %+v, %v; want %+v", got, err, claims())
	}
	var onWire map[string]any
	part, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(part, &onWire); err != nil {
		t.Fatal(err)
	}
	if onWire["aud"] != "https://api.example" {
		t.Errorf("aud is %v, want one string", onWire["aud"])
	}
}

func TestExpiryHasNoLeeway_F2(t *testing.T) {
	i := issuer(t, secret)
	token, _ := i.Sign(claims())
	if _, err := i.Verify(token, t0.Add(15*time.Minute-time.Millisecond)); err != nil {
		t.Errorf("a moment before exp: %v", err)
	}
	if _, err := i.Verify(token, t0.Add(15*time.Minute)); !errors.Is(err, jwt.ErrExpired) {
		t.Errorf("at exp: %v, want ErrExpired", err)
	}
}

// forge signs any header and claims with our own secret: what is refused below
// is refused for what it says, not for its signature.
func forge(header, body map[string]any, key []byte) string {
	h, _ := json.Marshal(header)
	b, _ := json.Marshal(body)
	enc := base64.RawURLEncoding.EncodeToString
	signed := enc(h) + "." + enc(b)
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(signed))
	return signed + "." + enc(mac.Sum(nil))
}

func goodHeader() map[string]any { return map[string]any{"alg": "HS256", "typ": "at+jwt"} }

func goodBody() map[string]any {
	return map[string]any{
		"iss": "https://auth.example", "aud": "https://api.example", "sub": u1, "sid": s1, "client_id": "latchkey",
		"iat": t0.Unix(), "exp": t0.Add(time.Hour).Unix(), "jti": j1, "role": "USER", "email": "a@b.example", "email_verified": true,
	}
}

func TestForgeries_F1(t *testing.T) {
	i := issuer(t, secret)
	if _, err := i.Verify(forge(goodHeader(), goodBody(), secret), t0); err != nil {
		t.Fatalf("the unchanged token: %v", err)
	}
	tests := map[string]func(h map[string]any){
		"alg none":     func(h map[string]any) { h["alg"] = "none" },
		"alg None":     func(h map[string]any) { h["alg"] = "None" },
		"alg HS384":    func(h map[string]any) { h["alg"] = "HS384" },
		"alg RS256":    func(h map[string]any) { h["alg"] = "RS256" },
		"alg missing":  func(h map[string]any) { delete(h, "alg") },
		"typ JWT":      func(h map[string]any) { h["typ"] = "JWT" },
		"typ missing":  func(h map[string]any) { delete(h, "typ") },
		"unknown crit": func(h map[string]any) { h["crit"] = []string{"exp"} },
		"empty crit":   func(h map[string]any) { h["crit"] = []string{} },
		"a kid":        func(h map[string]any) { h["kid"] = "../../x" },
		"an empty kid": func(h map[string]any) { h["kid"] = "" },
		"kid null":     func(h map[string]any) { h["kid"] = nil },
	}
	for name, change := range tests {
		header := maps.Clone(goodHeader())
		change(header)
		if _, err := i.Verify(forge(header, goodBody(), secret), t0); !errors.Is(err, jwt.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
	}
	ignored := goodHeader()
	ignored["jku"], ignored["jwk"] = "https://evil.example/jwks", map[string]any{"kty": "oct", "k": "AA"}
	if _, err := i.Verify(forge(ignored, goodBody(), secret), t0); err != nil {
		t.Errorf("headers that are ignored: %v", err)
	}
	if _, err := i.Verify(forge(ignored, goodBody(), []byte{0}), t0); !errors.Is(err, jwt.ErrInvalid) {
		t.Errorf("signed with the key that the header brings: %v, want ErrInvalid", err)
	}
	unsigned := forge(map[string]any{"alg": "none", "typ": "at+jwt"}, goodBody(), secret)
	unsigned = unsigned[:strings.LastIndex(unsigned, ".")+1]
	for name, token := range map[string]string{
		"alg none without a signature": unsigned, "empty": "", "dots": "..", "one part": "abc",
		"four parts": forge(goodHeader(), goodBody(), secret) + ".x", "long": strings.Repeat("a", 1<<20),
		"refresh token": "lkr_AAAA", "one-time token": "lko_AAAA",
	} {
		if _, err := i.Verify(token, t0); !errors.Is(err, jwt.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
	}
}

func TestClaims_F2(t *testing.T) {
	i := issuer(t, secret)
	for _, name := range []string{"iss", "aud", "sub", "sid", "client_id", "iat", "exp", "jti"} {
		body := goodBody()
		delete(body, name)
		if _, err := i.Verify(forge(goodHeader(), body, secret), t0); !errors.Is(err, jwt.ErrInvalid) {
			t.Errorf("without %s: %v, want ErrInvalid", name, err)
		}
	}
	tests := []struct {
		name, claim string
		value       any
		want        error
	}{
		{"another issuer", "iss", "https://evil.example", jwt.ErrInvalid},
		{"another audience", "aud", "https://other.example", jwt.ErrInvalid},
		{"two audiences", "aud", []string{"https://api.example", "x"}, jwt.ErrInvalid},
		{"one audience in a list", "aud", []string{"https://api.example"}, nil},
		{"not yet", "nbf", t0.Add(time.Second).Unix(), jwt.ErrInvalid},
		{"already", "nbf", t0.Unix(), nil},
		{"exp a string", "exp", "never", jwt.ErrInvalid},
		{"exp negative", "exp", -1, jwt.ErrInvalid},
		{"exp huge", "exp", 1e300, jwt.ErrInvalid},
		{"exp passed", "exp", t0.Unix(), jwt.ErrExpired},
		{"sub a number", "sub", 5, jwt.ErrInvalid},
		{"client_id a number", "client_id", 5, jwt.ErrInvalid},
		{"email_verified a string", "email_verified", "true", jwt.ErrInvalid},
		{"role null", "role", nil, jwt.ErrInvalid},
		{"email null", "email", nil, jwt.ErrInvalid},
		{"email_verified null", "email_verified", nil, jwt.ErrInvalid},
		{"a claim of others null", "nickname", nil, nil},
	}
	for _, name := range []string{"exp", "nbf", "iat"} { // a NumericDate is a number, RFC 7519 section 2
		for what, value := range map[string]any{
			"a number in a string": strconv.FormatInt(t0.Add(time.Minute).Unix(), 10), "null": nil, "true": true, "a list": []int64{t0.Unix()}, "nothing": "",
		} {
			tests = append(tests, struct {
				name, claim string
				value       any
				want        error
			}{name + " is " + what, name, value, jwt.ErrInvalid})
		}
	}
	for _, name := range []string{"sub", "sid", "jti"} {
		for _, value := range []string{"a\x00", u1 + "\x00", "\x00", "x", " " + u1, strings.ToUpper(u1), "{" + u1 + "}", "urn:uuid:" + u1, strings.ReplaceAll(u1, "-", ""), "' OR 1=1 --"} {
			tests = append(tests, struct {
				name, claim string
				value       any
				want        error
			}{fmt.Sprintf("%s is %q", name, value), name, value, jwt.ErrInvalid})
		}
	}
	for _, tt := range tests {
		body := goodBody()
		body[tt.claim] = tt.value
		if _, err := i.Verify(forge(goodHeader(), body, secret), t0); !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, err, tt.want)
		}
	}
}

// A claim counts by its exact name, and once: what two readers could read differently
// is no token.
func TestClaimNames_F2(t *testing.T) {
	i := issuer(t, secret)
	text, _ := json.Marshal(goodBody())
	whole := string(text)
	sign := func(body string) string {
		enc := base64.RawURLEncoding.EncodeToString
		header, _ := json.Marshal(goodHeader())
		signed := enc(header) + "." + enc([]byte(body))
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(signed))
		return signed + "." + enc(mac.Sum(nil))
	}
	if _, err := i.Verify(sign(whole), t0); err != nil {
		t.Fatalf("the unchanged token: %v", err)
	}
	for _, name := range []string{"iss", "aud", "sub", "sid", "client_id", "iat", "exp", "jti"} {
		other := strings.ToUpper(name)
		for what, body := range map[string]string{
			"in capitals": strings.Replace(whole, `"`+name+`":`, `"`+other+`":`, 1),
			"twice":       strings.Replace(whole, `"`+name+`":`, `"`+name+`":`+"1"+`,"`+name+`":`, 1),
		} {
			if _, err := i.Verify(sign(body), t0); !errors.Is(err, jwt.ErrInvalid) {
				t.Errorf("%s %s: %v, want ErrInvalid", name, what, err)
			}
		}
	}
	for what, body := range map[string]string{
		"EXP beside exp": strings.Replace(whole, `{`, `{"EXP":1,"Sub":"x",`, 1), "more claims": strings.Replace(whole, `{`, `{"x":{"y":[1]},`, 1),
	} {
		if c, err := i.Verify(sign(body), t0); err != nil || c.Subject != u1 {
			t.Errorf("%s: %v, %v", what, c, err)
		}
	}
	for what, body := range map[string]string{"no UTF-8": strings.Replace(whole, `"USER"`, "\"\xff\"", 1), "half a pair": strings.Replace(whole, `"USER"`, `"\ud800"`, 1)} {
		if _, err := i.Verify(sign(body), t0); !errors.Is(err, jwt.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", what, err)
		}
	}
}

// A rotation: the new secret comes in behind, then in front, then the old goes.
func TestSecretRotation_F1(t *testing.T) {
	older, newer := secret, bytes.Repeat([]byte("k2"), 16)
	before, _ := issuer(t, older).Sign(claims())
	after, _ := issuer(t, newer, older).Sign(claims())
	both := issuer(t, older, newer)
	for name, token := range map[string]string{"old": before, "new": after} {
		if _, err := both.Verify(token, t0); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := issuer(t, newer).Verify(before, t0); !errors.Is(err, jwt.ErrInvalid) {
		t.Errorf("dropped secret: %v, want ErrInvalid", err)
	}
}

func TestShortSecret_F3(t *testing.T) {
	if _, err := jwt.New("i", "a", [][]byte{make([]byte, 31)}); err == nil {
		t.Error("a secret of 31 bytes was taken")
	}
}
