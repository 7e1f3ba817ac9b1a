package e2e_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"latchkey/internal/testenv"
)

const (
	stepOp          = `mutation ($i: LoginInput!) { login(input: $i) { step { ... on SecondFactorStep { factors mayRememberDevice } } errors { code } } }`
	trustedOp       = `{ me { trustedDevices { id name createdAt lastUsedAt expiresAt } } }`
	trustedOfUserOp = `query ($id: ID!) { user(id: $id) { trustedDevices { id } } }`
	forgetOp        = `mutation ($i: ForgetDeviceInput!) { forgetDevice(input: $i) { user { trustedDevices { id } } errors { code message field } } }`
)

// rememberRequest answers a step with a code of an app, and has the device be trusted.
func rememberRequest(challenge, code, client string) testenv.Request {
	r := answerRequest(challenge, "totpCode", code, client)
	r.Variables["i"].(map[string]any)["rememberDevice"] = true
	return r
}

// trust logs p in with a code, has the device be trusted, and returns the payload.
func trust(t testing.TB, s *testenv.Stack, p *testenv.Person, a *app) testenv.Payload {
	t.Helper()
	answer := testenv.Post(t, s.URL(), rememberRequest(begin(t, s, p, p.Client), a.code(t, 0), p.Client))
	got := answer.Payload(t, "continueLogin")
	if got.Tokens == nil || got.DeviceToken == "" {
		t.Fatalf("a login with a code: %s", answer.Body)
	}
	again(t, s, p)
	return got
}

// trusts lists the ids of the devices that the bearer trusts.
func trusts(t testing.TB, s *testenv.Stack, access string) (ids []string) {
	t.Helper()
	a := testenv.Post(t, s.URL(), testenv.Request{Query: trustedOp, Bearer: access})
	var me struct{ TrustedDevices []struct{ ID string } }
	if a.Into(t, "me", &me); len(a.Errors) > 0 || me.TrustedDevices == nil {
		t.Fatalf("trustedDevices: %s", a.Body)
	}
	for _, d := range me.TrustedDevices {
		ids = append(ids, d.ID)
	}
	return ids
}

// acr is the level that an access token says.
func acr(t testing.TB, access string) string {
	t.Helper()
	var claims struct{ Acr string }
	b, err := base64.RawURLEncoding.DecodeString(strings.Split(access, ".")[1])
	if err == nil {
		err = json.Unmarshal(b, &claims)
	}
	if err != nil {
		t.Fatal(err)
	}
	return claims.Acr
}

// A trusted device spares its user the second step, by body, cookie and OAuth, and nobody
// else; its sessions say that one factor was shown; and each thing ends it that has to.
func TestTrustedDevice_M3(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		ada, eve := s.Join(t), s.Join(t)
		adas := enrol(t, s, ada)
		enrol(t, s, eve)
		asks := func(what string, r testenv.Request) {
			t.Helper()
			a := testenv.Post(t, s.URL(), r)
			if got := codes(a.Payload(t, "login")); len(got) != 1 || got[0] != "SECOND_FACTOR_NEEDED" {
				t.Errorf("%s: %s", what, a.Body)
			}
		}
		spared := func(what string, p *testenv.Person, r testenv.Request) testenv.Payload {
			t.Helper()
			a := testenv.Post(t, s.URL(), r)
			got := a.Payload(t, "login")
			if got.Tokens == nil {
				t.Fatalf("%s: %s", what, a.Body)
			}
			mustBe(t, s.URL(), got.Tokens.AccessToken, p.ID)
			if level := acr(t, got.Tokens.AccessToken); level != "aal1" {
				t.Errorf("%s: a session of %s", what, level)
			}
			return got
		}
		offered := loginRequest(ada.Username, ada.Password, ada.Client)
		offered.Query = stepOp
		if a := testenv.Post(t, s.URL(), offered); !strings.Contains(string(a.Body), `"mayRememberDevice":true`) {
			t.Errorf("it is not offered: %s", a.Body)
		}
		asks("a device that is known and not trusted", bringing(loginByCode(t, s, ada, adas).DeviceToken, ada, ada.Password, ada.Client))
		l := trust(t, s, ada, adas)
		if level := acr(t, l.Tokens.AccessToken); level != "aal2" {
			t.Errorf("with both factors: a session of %s", level)
		}
		asks("ada's device at eve's login", bringing(l.DeviceToken, eve, eve.Password, ada.Client))
		asks("no device", loginRequest(ada.Username, ada.Password, ada.Client))
		mustSay(t, testenv.Post(t, s.URL(), bringing(l.DeviceToken, ada, typed, testenv.ClientAddress())), "login", "INVALID_CREDENTIALS")
		next := spared("the device", ada, bringing(l.DeviceToken, ada, ada.Password, ada.Client))
		next = spared("the device elsewhere, with its new token", ada, bringing(next.DeviceToken, ada, ada.Password, testenv.ClientAddress()))
		if next.DeviceToken == l.DeviceToken {
			t.Error("its token is not renewed")
		}
		granted(t, speak(t, s, tokenPath, passwordForm(ada, "device_token", next.DeviceToken), ada.Client))
		a := testenv.Post(t, s.URL(), testenv.Request{Query: startTotpOp, Bearer: next.Tokens.AccessToken})
		if a.Code() != "FORBIDDEN" || a.Errors[0].Extensions.Reason != "STEP_UP" {
			t.Errorf("what asks for a fresh second factor: %s", a.Body)
		}

		byCookie := func(cookie string) *testenv.Answer {
			return postJSON(t, s.URL(), variablesBody(testenv.Request{
				Query: testenv.LoginOp, Variables: testenv.Input("login", ada.Username, "password", ada.Password, "transport", "COOKIE"),
			}), "Origin", public(s), "X-Forwarded-For", ada.Client, "Cookie", cookie)
		}
		answer := postJSON(t, s.URL(), variablesBody(rememberRequest(challengeOf(t, byCookie("x=y"), "login"), adas.code(t, 0), "")),
			"Origin", public(s), "X-Forwarded-For", ada.Client)
		again(t, s, ada)
		cookie := deviceCookie(t, s, answer)
		if a := byCookie(cookie); a.Payload(t, "login").Tokens == nil {
			t.Errorf("by cookie: %s", a.Body)
		}

		if ids := trusts(t, s, next.Tokens.AccessToken); len(ids) != 2 {
			t.Errorf("ada trusts %d devices, want 2", len(ids))
		}
		a = testenv.Post(t, s.URL(), testenv.Request{Query: trustedOfUserOp, Bearer: eve.Access, Variables: map[string]any{"id": ada.ID}})
		if !strings.Contains(string(a.Body), `"trustedDevices":null`) {
			t.Errorf("eve sees ada's: %s", a.Body)
		}

		for what, end := range map[string]func(p *testenv.Person, a *app, l testenv.Payload){
			"forgetDevice": func(p *testenv.Person, _ *app, l testenv.Payload) {
				id := trusts(t, s, l.Tokens.AccessToken)[0]
				mustSay(t, testenv.Post(t, s.URL(), testenv.Request{Query: forgetOp, Bearer: eve.Access, Variables: testenv.Input("deviceId", id)}), "forgetDevice", "NOT_FOUND")
				mustSay(t, testenv.Post(t, s.URL(), testenv.Request{Query: forgetOp, Bearer: l.Tokens.AccessToken, Variables: testenv.Input("deviceId", id)}), "forgetDevice")
			},
			"a new password": func(p *testenv.Person, _ *app, l testenv.Payload) {
				old := p.Password
				p.Password = "a fine new horse"
				mustSay(t, testenv.Post(t, s.URL(), asking("changePassword", l.Tokens.AccessToken, p.Client, "currentPassword", old, "newPassword", p.Password)), "changePassword")
			},
			"another app": func(p *testenv.Person, _ *app, l testenv.Payload) {
				p.Access = l.Tokens.AccessToken
				enrol(t, s, p)
			},
			"not me": func(p *testenv.Person, a *app, l testenv.Payload) {
				far := *p
				far.Client = "8.8.8.8"
				loginByCode(t, s, &far, a)
				notice := awaitMail(t, s, p.Email, "A new login to your account", 0)
				pressed := exchange(t, "POST", s.URL()+"/email/not-me", "do=undo&token="+testenv.LinkToken(t, notice.Links[0]), "Content-Type", "application/x-www-form-urlencoded")
				if pressed.status != 200 {
					t.Fatalf("not me: %d %s", pressed.status, pressed.body)
				}
				reset := awaitMail(t, s, p.Email, "Set a new password", 0)
				p.Password = "a fine new horse"
				mustSay(t, testenv.Post(t, s.URL(), asking("resetPassword", "", p.Client, "token", testenv.LinkToken(t, reset.Links[0]), "newPassword", p.Password)), "resetPassword")
			},
			"disabling": func(p *testenv.Person, _ *app, _ testenv.Payload) {
				mustPrint(t, s, "", 0, nil, "user", "disable", p.Username)
				mustPrint(t, s, "", 0, nil, "user", "enable", p.Username)
			},
			"its time": func(p *testenv.Person, _ *app, _ testenv.Payload) {
				change(t, s, `UPDATE trusted_devices SET expires_at = created_at WHERE user_id = $1`, p.ID)
			},
		} {
			p := s.Join(t)
			app := enrol(t, s, p)
			l := trust(t, s, p, app)
			spared(what+", before", p, bringing(l.DeviceToken, p, p.Password, p.Client))
			end(p, app, l)
			asks("after "+what, bringing(l.DeviceToken, p, p.Password, p.Client))
		}
	}, "TRUSTED_DEVICE_TTL=720h")
}

// Where it is off, which is the default, nobody trusts a device.
func TestTrustedDevicesOff_M3(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		p := s.Join(t)
		a := enrol(t, s, p)
		offered := loginRequest(p.Username, p.Password, p.Client)
		offered.Query = stepOp
		if a := testenv.Post(t, s.URL(), offered); !strings.Contains(string(a.Body), `"mayRememberDevice":false`) {
			t.Errorf("it is offered: %s", a.Body)
		}
		l := trust(t, s, p, a)
		if ids := trusts(t, s, l.Tokens.AccessToken); len(ids) != 0 {
			t.Errorf("%d devices are trusted", len(ids))
		}
		mustSay(t, testenv.Post(t, s.URL(), bringing(l.DeviceToken, p, p.Password, p.Client)), "login", "SECOND_FACTOR_NEEDED")
	})
}
