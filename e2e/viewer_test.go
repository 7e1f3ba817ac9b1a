package e2e_test

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"latchkey/internal/testenv"
)

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
			testenv.Await(t, patience, "the token to run out", func() bool {
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
			a := testenv.Post(t, base, testenv.Request{
				Query: `query ($id: ID!) { me { role } user(id: $id) { email } }`, Variables: map[string]any{"id": bob.ID}, Bearer: ada.Access,
			})
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
