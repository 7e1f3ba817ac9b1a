package e2e_test

import (
	"encoding/base32"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"latchkey/internal/testenv"
)

// Operations of second factors.
const (
	startTotpOp   = `mutation { startTotp { challenge totp { secret uri qrCode } expiresAt errors { code message field } } }`
	confirmTotpOp = `mutation ($i: ConfirmTotpInput!) { confirmTotp(input: $i) { user { id factors { id name } secondFactorRequired } recoveryCodes errors { code message field } } }`
	stepUpOp      = `mutation ($i: StepUpInput!) { stepUp(input: $i) { tokens { accessToken refreshToken } session { proofs authenticatedAt } errors { code message field } } }`
	factorsOp     = `{ me { secondFactorRequired hasPassword recoveryCodes { left } factors { __typename id name lastUsedAt } } }`
)

// An app is an authenticator app of somebody: oathtool, which is not ours.
type app struct {
	secret   string
	recovery []string
}

// code is what the app shows after a while. The next step's is taken already, so a test need
// not wait for it.
func (a *app) code(t testing.TB, in time.Duration) string {
	t.Helper()
	at := time.Now().Add(in).UTC().Format("2006-01-02 15:04:05 UTC")
	out, err := exec.Command("oathtool", "--totp", "--base32", "--now", at, a.secret).Output()
	if err != nil {
		t.Fatalf("oathtool: %v", err)
	}
	return strings.TrimSpace(string(out))
}

// wrong is a code that the app shows at no time near.
func (a *app) wrong(t testing.TB) string {
	t.Helper()
	near := ""
	for step := -3; step <= 3; step++ {
		near += a.code(t, time.Duration(step)*30*time.Second) + " "
	}
	for i := range 10 {
		if code := strings.Repeat(fmt.Sprint(i), 6); !strings.Contains(near, code) {
			return code
		}
	}
	t.Fatal("an app shows everything")
	return ""
}

// enrol adds an app to the account of p, whose access token is fresh.
func enrol(t testing.TB, s *testenv.Stack, p *testenv.Person) *app {
	t.Helper()
	a := testenv.Post(t, s.URL(), testenv.Request{Query: startTotpOp, Bearer: p.Access, Client: p.Client})
	var offer struct {
		Challenge string
		Totp      struct{ Secret, URI, QrCode string }
	}
	if a.Into(t, "startTotp", &offer); offer.Challenge == "" {
		t.Fatalf("startTotp: %s", a.Body)
	}
	made := &app{secret: offer.Totp.Secret}
	a = testenv.Post(t, s.URL(), testenv.Request{
		Query: confirmTotpOp, Bearer: p.Access, Client: p.Client,
		Variables: testenv.Input("challenge", offer.Challenge, "totpCode", made.code(t, 0), "name", "Phone"),
	})
	mustSay(t, a, "confirmTotp")
	made.recovery = a.Payload(t, "confirmTotp").RecoveryCodes
	again(t, s, p)
	return made
}

// again has the codes that p's app has shown be taken again, so that a test need not wait
// for another.
func again(t testing.TB, s *testenv.Stack, p *testenv.Person) {
	t.Helper()
	change(t, s, `UPDATE totps SET last_step = last_step - 10 WHERE user_id = $1`, p.ID)
	change(t, s, `DELETE FROM used`)
}

// change runs SQL behind the service's back.
func change(t testing.TB, s *testenv.Stack, sql string, args ...any) {
	t.Helper()
	var err error
	for range rounds { // the machine may be busy
		if _, err = s.DB(t).Exec(t.Context(), sql, args...); err == nil {
			return
		}
	}
	t.Fatalf("%s: %v", sql, err)
}

// begin logs p in as far as the password goes, and returns the challenge of the step that
// is left.
func begin(t testing.TB, s *testenv.Stack, p *testenv.Person, client string) string {
	t.Helper()
	return challengeOf(t, testenv.Post(t, s.URL(), loginRequest(p.Username, p.Password, client)), "login")
}

func challengeOf(t testing.TB, a *testenv.Answer, field string) string {
	t.Helper()
	step := a.Payload(t, field).Step
	if step == nil {
		t.Fatalf("no step is asked for: %s", a.Body)
	}
	return step.Challenge
}

// answerRequest goes on with a login: kind is the field of the answer.
func answerRequest(challenge, kind, answer, client string) testenv.Request {
	return testenv.Request{
		Query: testenv.ContinueOp, Client: client,
		Variables: testenv.Input("challenge", challenge, "answer", map[string]any{kind: answer}),
	}
}

func answerStep(t testing.TB, s *testenv.Stack, challenge, kind, answer, client string) *testenv.Answer {
	t.Helper()
	return testenv.Post(t, s.URL(), answerRequest(challenge, kind, answer, client))
}

// loginByCode logs p in by password and a code, and returns the payload.
func loginByCode(t testing.TB, s *testenv.Stack, p *testenv.Person, a *app) testenv.Payload {
	t.Helper()
	answer := answerStep(t, s, begin(t, s, p, p.Client), "totpCode", a.code(t, 0), p.Client)
	got := answer.Payload(t, "continueLogin")
	if got.Tokens == nil {
		t.Fatalf("a login with a code: %s", answer.Body)
	}
	again(t, s, p)
	return got
}

// stepUp shows who is there.
func stepUp(t testing.TB, s *testenv.Stack, access, kind, answer, client string) *testenv.Answer {
	t.Helper()
	return testenv.Post(t, s.URL(), testenv.Request{
		Query: stepUpOp, Bearer: access, Client: client, Variables: testenv.Input("answer", map[string]any{kind: answer}),
	})
}

// sessions is how many there are of p.
func sessions(t testing.TB, s *testenv.Stack, p *testenv.Person) int {
	t.Helper()
	return count(t, s, `SELECT count(*) FROM sessions WHERE user_id = $1`, p.ID)
}

// secretEncoding is how an app's secret is written (RFC 4648, Base32).
var secretEncoding = base32.StdEncoding.WithPadding(base32.NoPadding)
