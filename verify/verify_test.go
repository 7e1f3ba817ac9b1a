package verify_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"latchkey/verify"
)

// Tokens of each algorithm are taken, with all that they say.
func TestGoodTokens(t *testing.T) {
	for _, algorithm := range []string{"ES256", "EdDSA", "RS256"} {
		s := newService(t, newSigner(algorithm))
		hasura := json.RawMessage(`{"x-hasura-user-id": "1"}`)
		token := s.token("https://hasura.io/jwt/claims", hasura, "plan", "gold")
		got, err := s.verifier(t).Verify(t.Context(), token)
		if err != nil {
			t.Fatalf("%s: %v", algorithm, err)
		}
		want := &verify.Claims{
			Subject: subject, SessionID: session, ClientID: "latchkey", ID: tokenID, Role: "USER", Email: "ada@example.org", EmailVerified: true,
			IssuedAt: now.Add(-10 * time.Second), ExpiresAt: now.Add(890 * time.Second), AuthTime: now.Add(-time.Minute), Level: verify.AAL1, Methods: []string{"pwd"},
			Own: map[string]json.RawMessage{"https://hasura.io/jwt/claims": json.RawMessage(`{"x-hasura-user-id":"1"}`), "plan": json.RawMessage(`"gold"`)},
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, want %+v", algorithm, got, want)
		}
	}
}

// A token is refused for whatever in it is not as it must be, and says why.
func TestBadTokens_V3(t *testing.T) {
	es, ed, stranger := newSigner("ES256"), newSigner("EdDSA"), newSigner("ES256")
	s := newService(t, es, ed)
	v := s.verifier(t)
	good := s.token()
	dot := strings.LastIndexByte(good, '.')
	hs256 := func(key, header string) string {
		text := b64([]byte(header)) + "." + b64([]byte(s.claims()))
		mac := hmac.New(sha256.New, []byte(key))
		mac.Write([]byte(text))
		return text + "." + b64(mac.Sum(nil))
	}
	public := string(must(json.Marshal(es.jwk)))
	twice := func(name string) string {
		return strings.Replace(s.claims(), "{", fmt.Sprintf(`{"\u%04x%s":"x",`, name[0], name[1:]), 1)
	}
	bad := map[string]string{
		"nothing":                         "",
		"dots":                            "..",
		"no signature":                    good[:dot+1],
		"another signature":               good[:dot+1] + b64(make([]byte, 64)),
		"a signature in ASN.1's length":   good[:dot+1] + b64(make([]byte, 70)),
		"padding":                         good + "=",
		"a line break in the signature":   good[:dot+5] + "\n" + good[dot+5:],
		"a part more":                     good + ".e30",
		"too long":                        es.sign(es.header(), s.claims("x", strings.Repeat("x", 4096))),
		"a refresh token":                 "lkr_AaISzNHsfFuFBq3gzZKuAwAAAAAAAAABgmsBGnNnrsfW4SOFhasVY5m6IoQ41PprUoRa5OcvDSQ",
		"none":                            b64([]byte(es.header("alg", "none"))) + "." + b64([]byte(s.claims())) + ".",
		"none with a signature":           es.sign(es.header("alg", "none"), s.claims()),
		"HS256 by the public key":         hs256(public, es.header("alg", "HS256")),
		"HS256 by the kid":                hs256(es.kid(), es.header("alg", "HS256")),
		"HS256 without a kid":             hs256("secret", `{"alg":"HS256","typ":"at+jwt"}`),
		"HS256 by a published secret":     hs256("secret", `{"alg":"HS256","typ":"at+jwt","kid":"secret"}`),
		"a stranger's key":                stranger.sign(es.header(), s.claims()),
		"a stranger's kid":                stranger.sign(stranger.header(), s.claims()),
		"a key of its own":                stranger.sign(es.header("jwk", stranger.jwk), s.claims()),
		"the alg of another key":          ed.sign(ed.header("kid", es.kid()), s.claims()),
		"another alg than the key's":      es.sign(es.header("alg", "EdDSA"), s.claims()),
		"no kid":                          es.sign(es.header("kid", nil), s.claims()),
		"kid twice":                       es.sign(strings.Replace(es.header(), "{", `{"kid":"x",`, 1), s.claims()),
		"typ JWT":                         es.sign(es.header("typ", "JWT"), s.claims()),
		"typ missing":                     es.sign(es.header("typ", nil), s.claims()),
		"crit":                            es.sign(es.header("crit", []string{"exp"}), s.claims()),
		"another issuer":                  s.token("iss", s.URL+"/"),
		"another audience":                s.token("aud", "https://other.example"),
		"two audiences":                   s.token("aud", []string{s.URL, "https://other.example"}),
		"a subject that is no id":         s.token("sub", "' OR 1=1"),
		"exp in a string":                 s.token("exp", "1764324000"),
		"exp null":                        s.token("exp", json.RawMessage("null")),
		"exp never comes":                 s.token("exp", 1e300),
		"not yet":                         s.token("nbf", now.Unix()+1),
		"email null":                      s.token("email", json.RawMessage("null")),
		"role a number":                   s.token("role", 1),
		"amr a string":                    s.token("amr", "pwd"),
		"half a character":                s.token("x", json.RawMessage(`"\ud800"`)),
		"a name twice, deep down":         s.token("x", json.RawMessage(`[{"a":1,"\u0061":2}]`)),
		"no UTF-8":                        es.sign(es.header(), strings.Replace(s.claims(), "ada@", "ada\xff@", 1)),
		"a payload that is a list":        es.sign(es.header(), "[]"),
		"a payload that is nothing":       es.sign(es.header(), "null"),
		"something behind the payload":    es.sign(es.header(), s.claims()+"{}"),
		"a payload in upper case":         es.sign(es.header(), strings.Replace(s.claims(), `"exp"`, `"EXP"`, 1)),
		"a header that is nothing":        es.sign("null", s.claims()),
		"a header in upper case":          es.sign(strings.Replace(es.header(), `"typ"`, `"TYP"`, 1), s.claims()),
		"a space before the whole":        " " + good,
		"a bit that says nothing changed": good[:len(good)-1] + string(next(good[len(good)-1])),
	}
	for _, name := range []string{"iss", "aud", "sub", "sid", "client_id", "jti", "iat", "exp"} {
		bad[name+" missing"] = s.token(name, nil)
		bad[name+" empty"] = s.token(name, "")
		bad[name+" twice"] = es.sign(es.header(), twice(name))
	}
	for what, token := range bad {
		if c, err := v.Verify(t.Context(), token); c != nil || !errors.Is(err, verify.ErrInvalid) || err.Error() == verify.ErrInvalid.Error() {
			t.Errorf("%s: got %v, %v", what, c, err)
		}
	}
	if _, err := v.Verify(t.Context(), good); err != nil { // else all of this proves nothing
		t.Fatal(err)
	}
}

// next is another last character of base64url for the same bytes: two of its bits say
// nothing where there are 64 bytes.
func next(c byte) byte {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return digits[strings.IndexByte(digits, c)^1]
}

// exp and nbf count to the second, and with the leeway that was asked for.
func TestTimes(t *testing.T) {
	s := newService(t, newSigner("ES256"))
	strict, lenient := s.verifier(t), s.verifier(t, func(c *verify.Config) { c.Leeway = 5 * time.Second })
	for _, c := range []struct {
		claim           string
		seconds         int64 // from now
		strict, lenient error
	}{
		{"exp", 1, nil, nil},
		{"exp", 0, verify.ErrExpired, nil},
		{"exp", -4, verify.ErrExpired, nil},
		{"exp", -5, verify.ErrExpired, verify.ErrExpired},
		{"nbf", 0, nil, nil},
		{"nbf", 5, verify.ErrInvalid, nil},
		{"nbf", 6, verify.ErrInvalid, verify.ErrInvalid},
	} {
		token := s.token(c.claim, now.Unix()+c.seconds)
		for v, want := range map[*verify.Verifier]error{strict: c.strict, lenient: c.lenient} {
			if _, err := v.Verify(t.Context(), token); !errors.Is(err, want) || (err == nil) != (want == nil) {
				t.Errorf("%s in %d s: got %v, want %v", c.claim, c.seconds, err, want)
			}
		}
	}
}

// What was not allowed is not taken, and audiences of one are one however they are written.
func TestConfigIsKept(t *testing.T) {
	es, ed := newSigner("ES256"), newSigner("EdDSA")
	s := newService(t, es, ed)
	v := s.verifier(t, func(c *verify.Config) { c.Algorithms, c.Audience = []string{"EdDSA"}, "https://api.example.org" })
	for token, ok := range map[string]bool{
		s.token("aud", "https://api.example.org"):                                       false,
		ed.sign(ed.header(), s.claims("aud", "https://api.example.org")):                true,
		ed.sign(ed.header(), s.claims("aud", []string{"https://api.example.org"})):      true,
		ed.sign(ed.header(), s.claims()):                                                false,
		ed.sign(ed.header("typ", "AT+JWT"), s.claims("aud", "https://api.example.org")): false,
	} {
		if _, err := v.Verify(t.Context(), token); (err == nil) != ok {
			t.Errorf("got %v, want it taken: %t", err, ok)
		}
	}
	for what, cfg := range map[string]verify.Config{
		"no issuer":           {},
		"a name":              {Issuer: "auth.example.org"},
		"a file of keys":      {Issuer: "https://auth.example.org", JWKSURL: "file:///etc/keys"},
		"HS256":               {Issuer: "https://auth.example.org", Algorithms: []string{"ES256", "HS256"}},
		"none":                {Issuer: "https://auth.example.org", Algorithms: []string{"none"}},
		"too much leeway":     {Issuer: "https://auth.example.org", Leeway: time.Hour},
		"a leeway below 0":    {Issuer: "https://auth.example.org", Leeway: -1},
		"stale for below 0 s": {Issuer: "https://auth.example.org", StaleFor: -1},
	} {
		if _, err := verify.New(cfg); err == nil {
			t.Errorf("%s was taken", what)
		}
	}
}

// What the service answers instead of keys has tokens be unverifiable, never valid.
func TestStrangeSets_V3(t *testing.T) {
	k := newSigner("ES256")
	s := newService(t, k)
	token := s.token()
	for what, c := range map[string]struct {
		answer string
		status int
		err    error
	}{
		"the set":               {string(must(json.Marshal(map[string]any{"keys": []any{k.jwk}}))), 200, nil},
		"nothing":               {"", 200, verify.ErrUnavailable},
		"a page":                {"<html>", 200, verify.ErrUnavailable},
		"no keys":               {"{}", 200, verify.ErrUnavailable},
		"an empty set":          {`{"keys":[]}`, 200, verify.ErrInvalid},
		"a failure":             {`{"keys":[]}`, 503, verify.ErrUnavailable},
		"a redirect":            {"", 302, verify.ErrUnavailable},
		"too much":              {strings.Repeat(" ", 300<<10) + `{"keys":[]}`, 200, verify.ErrUnavailable},
		"too many":              {`{"keys":[` + strings.Repeat(`{},`, 64) + `{}]}`, 200, verify.ErrUnavailable},
		"a kid twice":           {string(must(json.Marshal(map[string]any{"keys": []any{k.jwk, k.jwk}}))), 200, verify.ErrUnavailable},
		"for encryption":        {changed(k, "use", "enc"), 200, verify.ErrInvalid},
		"another alg":           {changed(k, "alg", "RS256"), 200, verify.ErrInvalid},
		"another curve":         {changed(k, "crv", "P-384"), 200, verify.ErrInvalid},
		"a point off the curve": {changed(k, "y", k.jwk["x"]), 200, verify.ErrInvalid},
		"a short number":        {changed(k, "x", "AQAB"), 200, verify.ErrInvalid},
		"a secret":              {changed(k, "kty", "oct"), 200, verify.ErrInvalid},
	} {
		keys := newAnswer(t, c.status, c.answer)
		v := s.verifier(t, func(cfg *verify.Config) { cfg.JWKSURL = keys })
		if _, err := v.Verify(t.Context(), token); !errors.Is(err, c.err) || (err == nil) != (c.err == nil) {
			t.Errorf("%s: got %v, want %v", what, err, c.err)
		}
	}
	// Metadata that are not the issuer's.
	for what, metadata := range map[string]string{
		"another issuer's": `{"issuer":"https://evil.example","jwks_uri":"` + s.URL + `"}`,
		"no keys":          `{"issuer":"ISSUER"}`,
		"a file":           `{"issuer":"ISSUER","jwks_uri":"file:///etc/passwd"}`,
	} {
		var issuer string
		front := newAnswerFunc(t, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(strings.Replace(metadata, "ISSUER", issuer, 1)))
		})
		issuer = front
		v := s.verifier(t, func(cfg *verify.Config) { cfg.Issuer = front })
		if _, err := v.Verify(t.Context(), token); !errors.Is(err, verify.ErrUnavailable) {
			t.Errorf("metadata of %s: %v", what, err)
		}
	}
}

// RSA keys that are too weak, or that take too long, are none.
func TestWeakRSA(t *testing.T) {
	k := newSigner("RS256")
	s := newService(t, k)
	token := s.token()
	for what, answer := range map[string]string{
		"1024 bits":  changed(k, "n", b64(append([]byte{0x80}, make([]byte, 127)...))),
		"16384 bits": changed(k, "n", b64(append([]byte{0x80}, make([]byte, 2047)...))),
		"e of 1":     changed(k, "e", "AQ"),
		"an even e":  changed(k, "e", "AQAC"),
		"a large e":  changed(k, "e", "AQAAAAE"),
	} {
		keys := newAnswer(t, 200, answer)
		v := s.verifier(t, func(cfg *verify.Config) { cfg.JWKSURL = keys })
		if _, err := v.Verify(t.Context(), token); !errors.Is(err, verify.ErrInvalid) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// changed is the set of one key with a member changed.
func changed(k signer, name string, value any) string {
	jwk := map[string]any{}
	for n, v := range k.jwk {
		jwk[n] = v
	}
	jwk[name] = value
	return string(must(json.Marshal(map[string]any{"keys": []any{jwk}})))
}

func BenchmarkVerify(b *testing.B) {
	for _, algorithm := range []string{"ES256", "EdDSA", "RS256"} {
		b.Run(algorithm, func(b *testing.B) {
			s := newService(b, newSigner(algorithm))
			v, token := s.verifier(b), s.token()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.Verify(b.Context(), token); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
