package e2e_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/testenv"
)

// stale has every session have shown something eleven minutes ago.
func stale(t *testing.T, s *testenv.Stack) {
	t.Helper()
	ago := time.Now().Add(-11 * time.Minute).UTC()
	change(t, s, `UPDATE sessions SET authenticated_at = $1`, ago)
}

// freshFields are the mutations of the schema that are @fresh, each with the input that it
// has.
func freshFields(t *testing.T) map[string]bool {
	t.Helper()
	source, err := os.ReadFile(filepath.Join("..", "schema.graphqls"))
	if err != nil {
		t.Fatal(err)
	}
	fields := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^  (\w+)(\(input: \w+!?\))?: \w+ @fresh$`).FindAllStringSubmatch(string(source), -1) {
		fields[m[1]] = m[2] != ""
	}
	if len(fields) < 4 {
		t.Fatalf("the schema has %v", fields)
	}
	return fields
}

// What can lock an owner out asks for a fresh proof, at the level of the account: each @fresh
// field, the changes that ask for the password, and what administrators do to others.
func TestStaleSessions_M1(t *testing.T) {
	t.Parallel()
	inputs := map[string]string{
		"removeFactor": `{factorId: "x"}`, "requireSecondFactor": `{required: true}`, "removePassword": `{}`,
	}
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		p := s.Join(t)
		asks := func(when, level string) {
			t.Helper()
			ask := map[string]string{}
			for field, hasInput := range freshFields(t) {
				ask[field] = `mutation { ` + field + map[bool]string{true: `(input: ` + inputs[field] + `)`}[hasInput] + ` { errors { code } } }`
			}
			if level == "aal2" {
				password, _ := json.Marshal(p.Password)
				ask["changePassword"] = `mutation { changePassword(input: {currentPassword: ` + string(password) + `, newPassword: "a fine new horse"}) { errors { code } } }`
				ask["changeEmail"] = `mutation { changeEmail(input: {email: "` + testenv.Address() + `", password: ` + string(password) + `}) { errors { code } } }`
				ask["deleteAccount"] = `mutation { deleteAccount(input: {password: ` + string(password) + `}) { errors { code } } }`
			}
			for field, query := range ask {
				a := testenv.Post(t, s.URL(), testenv.Request{Query: query, Bearer: p.Access, Client: p.Client})
				if len(a.Errors) != 1 || a.Code() != "FORBIDDEN" || a.Errors[0].Extensions.Reason != "STEP_UP" || a.Errors[0].Extensions.Level != level {
					t.Errorf("%s, %s: %s, want STEP_UP to %s", when, field, a.Body, level)
				}
			}
			a := testenv.Post(t, s.URL(), testenv.Request{Query: `mutation { revokeOtherSessions { errors { code } } }`, Bearer: p.Access})
			mustSay(t, a, "revokeOtherSessions") // getting out is easy
		}
		stale(t, s)
		asks("eleven minutes after the login", "aal1")
		mustSay(t, stepUp(t, s, p.Access, "password", p.Password, p.Client), "stepUp")
		a := enrol(t, s, p)
		stale(t, s)
		asks("eleven minutes after a code", "aal2")
		change(t, s, `UPDATE sessions SET proofs = 'PASSWORD', authenticated_at = $1`, time.Now().UTC())
		asks("a session that has shown the password alone", "aal2")
		mustSay(t, stepUp(t, s, p.Access, "password", p.Password, p.Client), "stepUp", "SECOND_FACTOR_NEEDED")
		mustSay(t, stepUp(t, s, p.Access, "totpCode", a.code(t, 0), p.Client), "stepUp")
		made := testenv.Post(t, s.URL(), testenv.Request{Query: `mutation { makeRecoveryCodes { recoveryCodes errors { code } } }`, Bearer: p.Access})
		mustSay(t, made, "makeRecoveryCodes")

		// An administrator with a second factor.
		id, access := makeAdmin(t, s)
		admin := &testenv.Person{ID: id, Access: access, Client: p.Client}
		disable := func() *testenv.Answer {
			return testenv.Post(t, s.URL(), asking("enableUser", access, p.Client, "userId", p.ID))
		}
		stale(t, s)
		mustSay(t, disable(), "enableUser") // none yet, and none asked for
		change(t, s, `UPDATE sessions SET authenticated_at = $1`, time.Now().UTC())
		app := enrol(t, s, admin)
		stale(t, s)
		if a := disable(); a.Code() != "FORBIDDEN" || a.Errors[0].Extensions.Reason != "STEP_UP" {
			t.Errorf("an administrator eleven minutes later: %s", a.Body)
		}
		users := testenv.Post(t, s.URL(), testenv.Request{Query: `{ users(first: 1) { nodes { id } } }`, Bearer: access})
		if len(users.Errors) > 0 {
			t.Errorf("their queries: %s", users.Body)
		}
		mustSay(t, stepUp(t, s, access, "totpCode", app.code(t, 0), p.Client), "stepUp")
		mustSay(t, disable(), "enableUser")
	})
}

// claimsOf is what an access token says, read without us.
func claimsOf(t *testing.T, token string) (c struct {
	AuthTime int64 `json:"auth_time"`
	Acr      string
	Amr      []string
	Iat      int64
}) {
	t.Helper()
	part, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err == nil {
		err = json.Unmarshal(part, &c)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// auth_time, amr and acr say what was shown, in tokens and in introspection; a refresh
// changes none of them.
func TestLongStory_M2(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		p := s.Join(t)
		mustSayShown := func(what, access, acr, amr string, since time.Time) {
			t.Helper()
			c := claimsOf(t, access)
			if got := strings.Join(c.Amr, " "); c.Acr != acr || got != amr || c.AuthTime < since.Unix()-1 || c.AuthTime > time.Now().Unix() {
				t.Errorf("%s: acr %s, amr %s, auth_time %d, want %s, %s, since %d", what, c.Acr, got, c.AuthTime, acr, amr, since.Unix())
			}
		}
		start := time.Now()
		mustSayShown("confirmEmail", p.Access, "aal1", "email", start)
		login := s.Login(t, p)
		mustSayShown("login", login.Tokens.AccessToken, "aal1", "pwd", start)
		a := enrol(t, s, p)
		access, next := refresh(t, s.URL(), p.Refresh)
		mustSayShown("the session that added an app", access, "aal2", "email mfa otp", start)
		first := claimsOf(t, access).AuthTime
		two := loginByCode(t, s, p, a)
		mustSayShown("a login in two steps", two.Tokens.AccessToken, "aal2", "mfa otp pwd", start)
		testenv.Await(t, patience, "the next second", func() bool { return time.Now().Unix() > first+1 })
		access, _ = refresh(t, s.URL(), next)
		if got := claimsOf(t, access).AuthTime; got != first {
			t.Errorf("a refresh moved auth_time from %d to %d", first, got)
		}
		before := time.Now()
		up := stepUp(t, s, access, "totpCode", a.code(t, 0), p.Client).Payload(t, "stepUp")
		mustSayShown("a step-up", up.Tokens.AccessToken, "aal2", "email mfa otp", before)
		if up.Tokens.RefreshToken != "" {
			t.Error("a step-up gave a refresh token")
		}
	})
}

// A secret and its codes are shown once and kept by nobody who could read them: not in the
// database, nor in the log, nor in any answer but the one that shows them.
func TestFactorsAreSealed_J8(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		p := s.Join(t)
		a := enrol(t, s, p)
		loginByCode(t, s, p, a)
		testenv.Post(t, s.URL(), testenv.Request{Query: startTotpOp, Bearer: p.Access})
		secret, err := secretEncoding.DecodeString(a.secret)
		if err != nil || len(secret) != 20 {
			t.Fatalf("a secret of %d bytes, %v", len(secret), err)
		}
		all, logs := stored(t, s), s.Log()
		for _, form := range []string{a.secret, strings.ToLower(a.secret), string(secret), hex.EncodeToString(secret), base64.StdEncoding.EncodeToString(secret)} {
			if strings.Contains(all, form) {
				t.Error("the secret is kept in the clear")
			}
			if strings.Contains(logs, form) {
				t.Error("the secret is in the log")
			}
		}
		for _, code := range a.recovery {
			for _, form := range []string{code, strings.ReplaceAll(code, "-", "")} {
				if strings.Contains(all, form) || strings.Contains(logs, form) {
					t.Error("a recovery code is kept in the clear")
				}
			}
		}
		shown := testenv.Post(t, s.URL(), testenv.Request{Query: factorsOp, Bearer: p.Access})
		if !strings.Contains(string(shown.Body), `"name":"Phone"`) || strings.Contains(string(shown.Body), a.secret) {
			t.Errorf("what its user sees: %s", shown.Body)
		}
	})
	source, err := os.ReadFile(filepath.Join("..", "schema.graphqls"))
	if err != nil {
		t.Fatal(err)
	}
	var types []string
	for _, m := range regexp.MustCompile(`(?ms)^type (\w+)[^{\n]*\{\n(.*?)^\}`).FindAllStringSubmatch(string(source), -1) {
		if regexp.MustCompile(`(?m)^  (totp|secret|recoveryCodes): (TotpSecret|String|\[String)`).MatchString(m[2]) {
			types = append(types, m[1])
		}
	}
	slices.Sort(types)
	if want := "ConfirmTotpPayload EnrolmentStep LoginPayload MakeRecoveryCodesPayload StartTotpPayload TotpSecret"; strings.Join(types, " ") != want {
		t.Errorf("secrets and codes are in the types %v, want %s", types, want)
	}
}

// The whole life of an app, as its user and a thief live it: added by the session that
// began it, lost, stood in for by a code that works once, replaced, and put back by "this
// was not me"; a new password by mail takes nothing off.
func TestLifeOfAnApp_J9_J10_J11_J12(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		p := s.Join(t)
		other := s.Login(t, p).Tokens.AccessToken
		var offer struct {
			Challenge string
			Totp      struct{ Secret string }
		}
		testenv.Post(t, s.URL(), testenv.Request{Query: startTotpOp, Bearer: p.Access}).Into(t, "startTotp", &offer)
		foreign := &app{secret: offer.Totp.Secret}
		mustSay(t, testenv.Post(t, s.URL(), testenv.Request{
			Query: confirmTotpOp, Bearer: other, Variables: testenv.Input("challenge", offer.Challenge, "totpCode", foreign.code(t, 0)),
		}), "confirmTotp", "CHALLENGE_INVALID")
		a := enrol(t, s, p)

		// The phone is lost: of fifty who show one recovery code at once, one is let in.
		challenges := make([]string, 10)
		for i := range challenges {
			challenges[i] = begin(t, s, p, p.Client)
		}
		won := 0
		for _, a := range togetherUntilServed(t, len(challenges), alternating(s), func(i int) testenv.Request {
			return answerRequest(challenges[i], "recoveryCode", strings.ToUpper(a.recovery[0]), p.Client)
		}) {
			if a.Code() != "RATE_LIMITED" && a.Payload(t, "continueLogin").Tokens != nil {
				won++
			}
		}
		if won != 1 {
			t.Errorf("%d logins with one recovery code, want 1", won)
		}
		if m := awaitMail(t, s, p.Email, "A recovery code was used", 0); !strings.Contains(m.Text, "7") {
			t.Errorf("the mail does not say how many are left:\n%s", m.Text)
		}
		change(t, s, `DELETE FROM factor_tries`)

		// A thief with the password and a code has the account; the owner has the mail.
		thief := &testenv.Person{ID: p.ID, Username: p.Username, Password: p.Password, Client: testenv.ClientAddress()}
		in := answerStep(t, s, begin(t, s, thief, thief.Client), "totpCode", a.code(t, 0), thief.Client).Payload(t, "continueLogin")
		again(t, s, p)
		told := awaitMail(t, s, p.Email, "A new login to your account", 0)
		thief.Access = in.Tokens.AccessToken
		theirs := enrol(t, s, thief)
		mustSay(t, answerStep(t, s, begin(t, s, p, p.Client), "totpCode", a.code(t, 0), p.Client), "continueLogin", "CODE_INVALID")
		(&story{p, t, s}).open(told).press(t, s.URL(), p.Client, "undo", "").mustShow(t, http.StatusOK, "yours again")
		token := testenv.LinkToken(t, awaitMail(t, s, p.Email, "Set a new password", 0).Links[0])
		p.Password += "!"
		mustSay(t, testenv.Post(t, s.URL(), asking("resetPassword", "", p.Client, "token", token, "newPassword", p.Password)), "resetPassword")
		change(t, s, `DELETE FROM factor_tries`)
		mustSay(t, answerStep(t, s, begin(t, s, p, thief.Client), "totpCode", theirs.code(t, 0), thief.Client), "continueLogin", "CODE_INVALID")
		mustSay(t, answerStep(t, s, begin(t, s, p, p.Client), "totpCode", a.code(t, 0), p.Client), "continueLogin")
		mustSay(t, answerStep(t, s, begin(t, s, p, p.Client), "recoveryCode", a.recovery[1], p.Client), "continueLogin")
		mustSay(t, answerStep(t, s, begin(t, s, p, p.Client), "recoveryCode", a.recovery[1], p.Client), "continueLogin", "CODE_INVALID")
	})
}
