package e2e_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"hash"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/testenv"
)

// part is a part of a JWT.
func part(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // of maps
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// signed makes a JWT. A nil hash leaves the signature empty.
func signed(header, claims any, key string, h func() hash.Hash) string {
	text := part(header) + "." + part(claims)
	if h == nil {
		return text + "."
	}
	mac := hmac.New(h, []byte(key))
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// parts reads header and claims of a JWT.
func parts(t *testing.T, token string) (header, claims map[string]any) {
	t.Helper()
	list := strings.Split(token, ".")
	if len(list) != 3 {
		t.Fatalf("a token of %d parts", len(list))
	}
	for i, into := range []*map[string]any{&header, &claims} {
		b, err := base64.RawURLEncoding.DecodeString(list[i])
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, into); err != nil {
			t.Fatal(err)
		}
	}
	return header, claims
}

// with copies m and sets names, or removes those whose value is absent.
func with(m map[string]any, pairs ...any) map[string]any {
	c := maps.Clone(m)
	for i := 0; i+1 < len(pairs); i += 2 {
		if c[pairs[i].(string)] = pairs[i+1]; pairs[i+1] == absent {
			delete(c, pairs[i].(string))
		}
	}
	return c
}

const absent = "\x00absent"

// An access token is what RFC 9068 says, and nothing more.
func TestAccessToken_F2(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		ada := s.Join(t)
		header, claims := parts(t, ada.Access)
		if want := map[string]any{"alg": "HS256", "typ": "at+jwt"}; !maps.Equal(header, want) {
			t.Errorf("the header: got %v, want %v", header, want)
		}
		names := slices.Sorted(maps.Keys(claims))
		if want := []string{"acr", "amr", "aud", "auth_time", "client_id", "email", "email_verified", "exp", "iat", "iss", "jti", "role", "sid", "sub"}; !slices.Equal(names, want) {
			t.Errorf("the claims: got %v, want %v", names, want)
		}
		for name, want := range map[string]any{
			"iss": public(s), "aud": public(s), "sub": ada.ID, "client_id": "latchkey", "role": "USER", "email": ada.Email, "email_verified": true,
			"sid": devices(t, s.URL(), ada.Access)[0].ID, "acr": "aal1",
		} {
			if claims[name] != want {
				t.Errorf("%s: got %v, want %v", name, claims[name], want)
			}
		}
		iat, exp := claims["iat"].(float64), claims["exp"].(float64)
		if life := exp - iat; life < 900 || life > 901 || iat > float64(time.Now().Unix()) {
			t.Errorf("a token from %v to %v", iat, exp)
		}
		other := s.Login(t, ada)
		if _, more := parts(t, other.Tokens.AccessToken); more["jti"] == claims["jti"] || more["sid"] == claims["sid"] {
			t.Error("two logins share jti or sid")
		}
	})
}

// Whatever is not signed by the server's key in the server's way is INVALID,
// whatever it says of itself.
func TestForgedTokens_F1(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		ada := s.Join(t)
		header, claims := parts(t, ada.Access)
		text, mac, _ := cutLast(ada.Access, ".")
		key := map[string]any{"kty": "oct", "alg": "HS256", "k": base64.RawURLEncoding.EncodeToString([]byte(typed))}
		forged := map[string]string{
			"another key":                   signed(header, claims, strings.Repeat("k", 40), sha256.New),
			"an empty key":                  signed(header, claims, "", sha256.New),
			"its own issuer as the key":     signed(header, claims, public(s), sha256.New),
			"an empty key and a kid":        signed(with(header, "kid", "/dev/null"), claims, "", sha256.New),
			"a kid that is SQL":             signed(with(header, "kid", "x' UNION SELECT '"+typed), claims, typed, sha256.New),
			"a key of its own":              signed(with(header, "jwk", key), claims, typed, sha256.New),
			"a key elsewhere":               signed(with(header, "jku", "https://evil.example/jwks.json"), claims, typed, sha256.New),
			"a certificate of its own":      signed(with(header, "x5c", []string{"MIIB"}), claims, typed, sha256.New),
			"a certificate elsewhere":       signed(with(header, "x5u", "https://evil.example/x5u"), claims, typed, sha256.New),
			"HS384 with the right key":      signed(with(header, "alg", "HS384"), claims, knownSecret, sha512.New384),
			"HS512 with the right key":      signed(with(header, "alg", "HS512"), claims, knownSecret, sha512.New),
			"RS256 with the right key":      signed(with(header, "alg", "RS256"), claims, knownSecret, sha256.New),
			"ES256 with the right key":      signed(with(header, "alg", "ES256"), claims, knownSecret, sha256.New),
			"hs256":                         signed(with(header, "alg", "hs256"), claims, knownSecret, sha256.New),
			"no alg":                        signed(with(header, "alg", absent), claims, knownSecret, sha256.New),
			"alg is a list":                 signed(with(header, "alg", []string{"HS256"}), claims, knownSecret, sha256.New),
			"typ JWT":                       signed(with(header, "typ", "JWT"), claims, knownSecret, sha256.New),
			"typ of a refresh token":        signed(with(header, "typ", "rt+jwt"), claims, knownSecret, sha256.New),
			"no typ":                        signed(with(header, "typ", absent), claims, knownSecret, sha256.New),
			"typ null":                      signed(with(header, "typ", nil), claims, knownSecret, sha256.New),
			"crit of what is known":         signed(with(header, "crit", []string{"exp"}), claims, knownSecret, sha256.New),
			"crit of what is unknown":       signed(with(header, "crit", []string{"x"}, "x", true), claims, knownSecret, sha256.New),
			"crit empty":                    signed(with(header, "crit", []string{}), claims, knownSecret, sha256.New),
			"b64":                           signed(with(header, "b64", false, "crit", []string{"b64"}), claims, knownSecret, sha256.New),
			"too long":                      signed(header, with(claims, "x", strings.Repeat("x", 8<<10)), knownSecret, sha256.New),
			"without its signature":         text + ".",
			"without a dot":                 text,
			"a part more":                   ada.Access + ".e30",
			"five parts":                    "e30.e30.e30.e30.e30",
			"a bit changed":                 text + "." + flipped(mac),
			"a bit changed that is padding": text + "." + mac[:len(mac)-1] + nextInGroup(mac[len(mac)-1]),
			"padding":                       ada.Access + "=",
			"a space in it":                 text + ". " + mac,
			"another payload":               part(header) + "." + part(with(claims, "role", "ADMIN")) + "." + mac,
			"a payload that is a list":      part(header) + "." + part([]string{"x"}) + "." + mac,
			"nothing but dots":              "..",
		}
		for _, alg := range []string{"none", "None", "NONE", "nOnE", ""} {
			forged["alg "+alg] = signed(with(header, "alg", alg), claims, "", nil)
			forged["alg "+alg+" with a signature"] = part(with(header, "alg", alg)) + "." + part(claims) + "." + mac
		}
		for name, token := range forged {
			mustFail(t, name, me(t, s.URL(), token), "UNAUTHENTICATED", "INVALID")
		}
		// With the right key they change nothing.
		for _, name := range []string{"kid", "jku", "jwk", "x5u", "x5c"} {
			a := me(t, s.URL(), signed(with(header, name, "https://evil.example/"), claims, knownSecret, sha256.New))
			if a.Code() != "" && a.Code() != "UNAUTHENTICATED" {
				t.Errorf("%s beside the right key: %s", name, a.Body)
			}
		}
		mustBe(t, s.URL(), ada.Access, ada.ID)
		mustBe(t, s.URL(), signed(header, claims, knownSecret, sha256.New), ada.ID) // else all of this proves nothing
	})
}

// cutLast cuts around the last sep.
func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// flipped changes the first character of base64.
func flipped(s string) string {
	if s[0] == 'A' {
		return "B" + s[1:]
	}
	return "A" + s[1:]
}

// nextInGroup is another last character of base64url that stands for the same
// bits where two are padding, as in 32 bytes.
func nextInGroup(c byte) string {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return string(digits[strings.IndexByte(digits, c)^1])
}

// Each claim is required and checked, also in a token with the right signature;
// there is no leeway.
func TestClaims_F2(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		ada, bob := s.Join(t), s.Join(t)
		header, claims := parts(t, ada.Access)
		now := time.Now().Unix()
		say := func(pairs ...any) *testenv.Answer {
			return me(t, s.URL(), signed(header, with(claims, pairs...), knownSecret, sha256.New))
		}
		for _, name := range []string{"iss", "aud", "sub", "sid", "client_id", "iat", "exp", "jti"} {
			for _, value := range []any{absent, nil, "", []string{}, map[string]any{}, true} {
				mustFail(t, name+" changed", say(name, value), "UNAUTHENTICATED", "INVALID")
			}
		}
		for name, c := range map[string]struct {
			claim, reason string
			value         any
		}{
			"another issuer":               {"iss", "INVALID", foreignOrigin},
			"the issuer and a slash":       {"iss", "INVALID", public(s) + "/"},
			"another audience":             {"aud", "INVALID", "https://api.example.org"},
			"two audiences":                {"aud", "INVALID", []string{public(s), "https://api.example.org"}},
			"exp is now":                   {"exp", "EXPIRED", now},
			"exp was a second ago":         {"exp", "EXPIRED", now - 1},
			"exp is 0":                     {"exp", "EXPIRED", 0},
			"exp is text":                  {"exp", "INVALID", "never"},
			"exp is negative":              {"exp", "INVALID", -1},
			"exp never comes":              {"exp", "INVALID", 1e300},
			"nbf is in a minute":           {"nbf", "INVALID", now + 60},
			"nbf is text":                  {"nbf", "INVALID", "now"},
			"a session that there is not":  {"sid", "REVOKED", "01a211bb-7070-725d-92c0-3c3a38247b72"},
			"a session that is no id":      {"sid", "INVALID", "' OR 1=1 --"},
			"somebody else":                {"sub", "REVOKED", bob.ID},
			"a subject that there is not":  {"sub", "REVOKED", "01a211bb-7070-725d-92c0-3c3a38247b72"},
			"the user's id as the session": {"sid", "REVOKED", ada.ID},
		} {
			mustFail(t, name, say(c.claim, c.value), "UNAUTHENTICATED", c.reason)
		}
		// What it says of role and address is for others: here the database counts (E5).
		a := testenv.Post(t, s.URL(), testenv.Request{
			Query: devicesOp, Bearer: signed(header, with(claims, "role", "ADMIN", "email", bob.Email, "nbf", now-60), knownSecret, sha256.New),
		})
		var p *person
		if a.Into(t, "me", &p); p == nil || *p.Role != "USER" || *p.Email != ada.Email {
			t.Errorf("a forged role: %s", a.Body)
		}
	})
}
