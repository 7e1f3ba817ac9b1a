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
func signed(header, claims map[string]any, key string, h func() hash.Hash) string {
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
		if want := []string{"aud", "client_id", "email", "email_verified", "exp", "iat", "iss", "jti", "role", "sid", "sub"}; !slices.Equal(names, want) {
			t.Errorf("the claims: got %v, want %v", names, want)
		}
		for name, want := range map[string]any{
			"iss": public(s), "aud": public(s), "sub": ada.ID, "client_id": "latchkey", "role": "USER", "email": ada.Email, "email_verified": true,
			"sid": devices(t, s.URL(), ada.Access)[0].ID,
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
			"a session that is no id":      {"sid", "REVOKED", "' OR 1=1 --"},
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

// A token of one kind is nothing where another belongs.
func TestTokenConfusion_F2(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		ada, bob := s.Join(t), testenv.Newcomer()
		link := s.Register(t, bob)
		_, cookie := loginByCookie(t, s, ada)
		_, cookie, _ = strings.Cut(cookie, "=")
		session := devices(t, s.URL(), ada.Access)[0].ID
		for name, token := range map[string]string{
			"a refresh token": ada.Refresh, "a cookie": cookie, "a one-time token": link, "a user's id": ada.ID, "a session's id": session,
			"a refresh token without its prefix": strings.TrimPrefix(ada.Refresh, "lkr_"), "a password": ada.Password,
		} {
			mustFail(t, name+" as an access token", me(t, s.URL(), token), "UNAUTHENTICATED", "INVALID")
		}
		for name, token := range map[string]string{
			"an access token": ada.Access, "a one-time token": link, "a one-time token by another name": "lkr_" + strings.TrimPrefix(link, "lko_"),
			"a session's id": session, "a refresh token in capitals": strings.ToUpper(ada.Refresh), "two of them": ada.Refresh + ada.Refresh,
		} {
			mustSay(t, testenv.Post(t, s.URL(), refreshRequest(token)), "refresh", "TOKEN_INVALID")
			if mustBe(t, s.URL(), ada.Access, ada.ID); t.Failed() {
				t.Fatalf("%s as a refresh token", name)
			}
		}
		for name, token := range map[string]string{
			"an access token": ada.Access, "a refresh token": ada.Refresh, "a refresh token by another name": "lko_" + strings.TrimPrefix(ada.Refresh, "lkr_")[:43],
			"a hash of it": base64.RawURLEncoding.EncodeToString(sum(link)), "its hash by its name": "lko_" + base64.RawURLEncoding.EncodeToString(sum(link)),
		} {
			mustSay(t, testenv.Post(t, s.URL(), confirmRequest(token, bob.Password, bob.Client)), "confirmEmail", "TOKEN_INVALID")
			p := postForm(t, s, []string{"token", token, "email", bob.Email, "do", "confirm"}, "X-Forwarded-For", bob.Client)
			if p.mustShow(t, 410, "This link no longer works"); t.Failed() {
				t.Fatalf("%s as a one-time token", name)
			}
		}
		mustSay(t, testenv.Post(t, s.URL(), testenv.Request{Query: testenv.LogoutOp, Variables: testenv.Input("refreshToken", ada.Access)}), "logout")
		mustBe(t, s.URL(), ada.Access, ada.ID)
	})
}

func sum(s string) []byte {
	b := sha256.Sum256([]byte(s))
	return b[:]
}

// Fields that need a token say what is wrong with it; others never fail for it.
func TestReasons_F2(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		ada, bob := s.Join(t), s.Join(t)
		header, claims := parts(t, ada.Access)
		expired := signed(header, with(claims, "exp", 1), knownSecret, sha256.New)
		mustSay(t, testenv.Post(t, s.URL(), testenv.Request{Query: testenv.LogoutOp, Variables: testenv.Input(), Bearer: bob.Access}), "logout")
		for authorization, reason := range map[string]string{
			"": "MISSING", "Bearer": "MISSING", "Bearer ": "MISSING", "Basic YWRhOmFkYQ==": "MISSING", ada.Access: "MISSING", "Token " + ada.Access: "MISSING",
			"Bearer x": "INVALID", "Bearer " + ada.Access + " x": "INVALID", "Bearer " + expired: "EXPIRED", "Bearer " + bob.Access: "REVOKED",
		} {
			for what, body := range map[string]string{
				"user":                variablesBody(testenv.Request{Query: userOp, Variables: map[string]any{"id": ada.ID}}),
				"node":                variablesBody(testenv.Request{Query: nodeOp, Variables: map[string]any{"id": ada.ID}}),
				"revokeSession":       variablesBody(testenv.Request{Query: revokeOp, Variables: testenv.Input("sessionId", claims["sid"])}),
				"revokeOtherSessions": document(revokeOthersOp),
				"me":                  document(testenv.MeOp),
			} {
				a := postJSON(t, s.URL(), body, "Authorization", authorization)
				if what == "me" && reason == "MISSING" {
					if len(a.Errors) > 0 || string(a.Data["me"]) != "null" {
						t.Errorf("me of nobody: %s", a.Body)
					}
					continue
				}
				mustFail(t, what+" with "+cut(authorization), a, "UNAUTHENTICATED", reason)
			}
			for what, body := range map[string]string{
				"__typename": typenameBody, "refresh": variablesBody(refreshRequest("lkr_x")), "logout": document(`mutation { logout { errors { code } } }`),
				"resendConfirmation": variablesBody(resendRequest(testenv.Address(), "")),
			} {
				if authorization == "Bearer "+expired && what == "logout" {
					continue // it would end the session
				}
				if a := postJSON(t, s.URL(), body, "Authorization", authorization, "X-Forwarded-For", testenv.ClientAddress()); a.Status != 200 || len(a.Errors) > 0 {
					t.Errorf("%s with %s: %s", what, cut(authorization), a.Body)
				}
			}
		}
		for _, scheme := range []string{"Bearer ", "bearer ", "BEARER  "} {
			if a := postQuery(t, s.URL(), testenv.MeOp, "Authorization", scheme+ada.Access); len(a.Errors) > 0 || string(a.Data["me"]) == "null" {
				t.Errorf("%q: %s", scheme, a.Body)
			}
		}
	})
}

// A token that ran out is EXPIRED, and refresh, login and logout work beside it.
func TestExpiry_F2(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		ada := s.Join(t)
		expired := func(access string) {
			t.Helper()
			testenv.Await(t, 20*time.Second, "the token to run out", func() bool {
				a := me(t, s.URL(), access)
				return a.Code() == "UNAUTHENTICATED" && a.Errors[0].Extensions.Reason == "EXPIRED"
			})
		}
		_, claims := parts(t, ada.Access)
		expired(ada.Access)
		if exp := int64(claims["exp"].(float64)); time.Now().Unix() < exp {
			t.Errorf("it ran out before %d", exp)
		}
		r := refreshRequest(ada.Refresh)
		r.Bearer = ada.Access
		got := testenv.Post(t, s.URL(), r).Payload(t, "refresh")
		if got.Tokens == nil || got.User == nil || got.User.Email == nil {
			t.Fatalf("refresh beside an expired token: %+v", got)
		}
		l := loginRequest(ada.Username, ada.Password, ada.Client)
		l.Bearer = ada.Access
		if got := testenv.Post(t, s.URL(), l).Payload(t, "login"); got.Tokens == nil || got.User.Email == nil {
			t.Errorf("login beside an expired token: %+v", got)
		}
		expired(got.Tokens.AccessToken)
		mustSay(t, testenv.Post(t, s.URL(), testenv.Request{Query: testenv.LogoutOp, Variables: testenv.Input(), Bearer: got.Tokens.AccessToken}), "logout")
		mustSay(t, testenv.Post(t, s.URL(), refreshRequest(got.Tokens.RefreshToken)), "refresh", "TOKEN_INVALID")
	}, "ACCESS_TOKEN_TTL=1s")
}

// Every request reads role, state and session anew, at every replica.
func TestStateIsReadAnew_E5(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		ada, bob := s.Join(t), s.Join(t)
		set := func(sql string, args ...any) {
			t.Helper()
			if n, err := s.DB(t).Exec(t.Context(), sql, append([]any{ada.ID}, args...)...); err != nil || n != 1 {
				t.Fatalf("%s: %d rows, %v", sql, n, err)
			}
		}
		each := func(check func(base string)) {
			for _, p := range s.Replicas {
				check(p.URL)
			}
		}
		sees := func(base string) (role string, email *string) {
			t.Helper()
			a := testenv.Post(t, base, testenv.Request{Query: `query ($id: ID!) { me { role } user(id: $id) { email } }`, Variables: map[string]any{"id": bob.ID}, Bearer: ada.Access})
			var mine, theirs person
			a.Into(t, "me", &mine)
			a.Into(t, "user", &theirs)
			return *mine.Role, theirs.Email
		}
		for _, role := range []string{"ADMIN", "USER", "ADMIN", "USER"} {
			set(`UPDATE users SET role = $2 WHERE id = $1`, role)
			each(func(base string) {
				if got, email := sees(base); got != role || (email != nil) != (role == "ADMIN") {
					t.Errorf("as %s: the role is %s, another's address is shown: %v", role, got, email != nil)
				}
			})
		}
		set(`UPDATE users SET disabled_at = $2 WHERE id = $1`, time.Now().UTC().Truncate(time.Microsecond))
		each(func(base string) {
			mustBeRevoked(t, base, ada.Access)
			mustSay(t, testenv.Post(t, base, refreshRequest(ada.Refresh)), "refresh", "TOKEN_INVALID")
			mustSay(t, testenv.Post(t, base, loginRequest(ada.Username, ada.Password, ada.Client)), "login", "ACCOUNT_DISABLED")
			mustSay(t, testenv.Post(t, base, loginRequest(ada.Username, typed, ada.Client)), "login", "INVALID_CREDENTIALS")
		})
		set(`UPDATE users SET disabled_at = NULL WHERE id = $1`)
		each(func(base string) { mustBe(t, base, ada.Access, ada.ID) })
		_, ada.Refresh = refresh(t, s.URL(), ada.Refresh)
		set(`DELETE FROM users WHERE id = $1`)
		each(func(base string) {
			mustBeRevoked(t, base, ada.Access)
			mustSay(t, testenv.Post(t, base, refreshRequest(ada.Refresh)), "refresh", "TOKEN_INVALID")
			mustSay(t, testenv.Post(t, base, loginRequest(ada.Username, ada.Password, ada.Client)), "login", "INVALID_CREDENTIALS")
		})
	})
}

// Of several secrets the first makes tokens and all verify; one that was taken
// away verifies nothing any more.
func TestSecretRotation_F1(t *testing.T) {
	t.Parallel()
	const second = "p4Xs9Rv2Ny6Jc1Wq8Tz5Kd7Gm3Hb0Lf_aQeUiOxY"
	s := testenv.NewProduction(t, "SECRET_KEY="+knownSecret)
	s.Add(t)
	s.AwaitReady(t)
	ada := s.Join(t)
	other := s.Login(t, ada).Tokens
	s.Env = append(s.Env, "SECRET_KEY="+second+","+knownSecret)
	s.Restart(t, 0)
	mustBe(t, s.URL(), ada.Access, ada.ID)
	access, next := refresh(t, s.URL(), ada.Refresh)
	s.Env = append(s.Env, "SECRET_KEY="+second)
	s.Restart(t, 0)
	mustBe(t, s.URL(), access, ada.ID)
	refresh(t, s.URL(), next)
	mustFail(t, "a token of the old secret", me(t, s.URL(), ada.Access), "UNAUTHENTICATED", "INVALID")
	mustSay(t, testenv.Post(t, s.URL(), refreshRequest(other.RefreshToken)), "refresh", "TOKEN_INVALID")
}
