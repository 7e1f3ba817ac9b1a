package e2e_test

import (
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"latchkey/internal/testenv"
)

// Whatever the way in, the account is asked for what it needs, and for nothing before the
// password was right: a matrix of ways and kinds of account.
func TestEveryWayAsks_J1(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		everyWay(t, s, map[string]string{"none": "tokens", "app": "SecondFactorStep", "passkey": "tokens", "passkey wanted": "SecondFactorStep",
			"new password": "NewPasswordStep", "enrol": "EnrolmentStep", "disabled": "ACCOUNT_DISABLED"})
	}, "EMAIL_LOGIN=on")
}

// The same where the service asks everybody for a second factor.
func TestEveryWayAsksEverybody_J1(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		everyWay(t, s, map[string]string{"none": "EnrolmentStep", "app": "SecondFactorStep", "passkey": "SecondFactorStep", "passkey wanted": "SecondFactorStep",
			"new password": "NewPasswordStep", "enrol": "EnrolmentStep", "disabled": "ACCOUNT_DISABLED"})
		p := testenv.Newcomer()
		a := testenv.Post(t, s.URL(), testenv.Request{Query: testenv.ConfirmOp, Variables: testenv.Input("token", s.Register(t, p)), Client: p.Client})
		if got := came(t, a, "confirmEmail"); got != "EnrolmentStep" {
			t.Errorf("confirmEmail: %s", got)
		}
		if n := count(t, s, `SELECT count(*) FROM users WHERE email_key = $1`, p.Email); n != 1 {
			t.Errorf("%d accounts after it was confirmed", n)
		}
	}, "REQUIRE_SECOND_FACTOR=all", "EMAIL_LOGIN=on")
}

// came says what a login came to: tokens, a kind of step, or codes.
func came(t *testing.T, a *testenv.Answer, field string) string {
	t.Helper()
	got := a.Payload(t, field)
	switch {
	case got.Tokens != nil:
		return "tokens"
	case got.Step != nil:
		return got.Step.Typename
	}
	return strings.Join(codes(got), " ")
}

func everyWay(t *testing.T, s *testenv.Stack, kinds map[string]string) {
	login := func(name, password string, in ...any) func(*testing.T, *testenv.Person) string {
		return func(t *testing.T, p *testenv.Person) string {
			r := testenv.Request{Query: testenv.LoginOp, Client: p.Client, Variables: testenv.Input(append([]any{
				"login", strings.NewReplacer("name", p.Username, "address", p.Email).Replace(name), "password", p.Password + password}, in...)...),
				Header: map[string]string{"Origin": public(s)}}
			return came(t, testenv.Post(t, s.URL(), r), "login")
		}
	}
	grant := func(password string) func(*testing.T, *testenv.Person) string {
		return func(t *testing.T, p *testenv.Person) string {
			as := *p
			as.Password += password
			a := speak(t, s, tokenPath, passwordForm(&as), p.Client)
			if a.status == http.StatusOK {
				return "tokens"
			}
			return a.text("error") + ": " + a.text("error_description")
		}
	}
	ways := []struct {
		name string
		try  func(t *testing.T, p *testenv.Person) string
		want func(kind, usual string) string
	}{
		{"by username", login("name", ""), nil},
		{"by address", login("address", ""), nil},
		{"by cookie", login("name", "", "transport", "COOKIE"), nil},
		{"with a device token", func(t *testing.T, p *testenv.Person) string { return login("name", "", "deviceToken", p.Device)(t, p) }, nil},
		{"wrong password", login("name", "!"), func(string, string) string { return "INVALID_CREDENTIALS" }},
		{"password grant", grant(""), func(kind, usual string) string {
			switch {
			case usual == "tokens":
				return usual
			case kind == "disabled":
				return "invalid_grant: This account is disabled. Ask an administrator."
			}
			return "invalid_grant: This account needs a second step, which this grant does not have."
		}},
		{"password grant, wrong", grant("!"), func(string, string) string { return "invalid_grant: No account has this login and password." }},
	}
	for kind, usual := range kinds {
		p := joinBefore(t, s)
		var key *authenticator
		switch kind {
		case "app":
			enrol(t, s, p)
		case "passkey", "passkey wanted":
			key = hasPasskey(t, s, p.Access)
			change(t, s, `UPDATE users SET wants_second_factor = $2 WHERE id = $1`, p.ID, kind == "passkey wanted")
		case "new password":
			change(t, s, `UPDATE users SET must_change_password = TRUE WHERE id = $1`, p.ID)
		case "enrol":
			change(t, s, `UPDATE users SET must_enrol = TRUE WHERE id = $1`, p.ID)
		case "disabled":
			if out, errOut, code := shell(t, s, "", "user", "disable", p.Username); code != 0 {
				t.Fatal(out, errOut)
			}
		}
		for _, way := range ways {
			want := usual
			if way.want != nil {
				want = way.want(kind, usual)
			}
			if got := way.try(t, p); got != want {
				t.Errorf("%s, %s: %s, want %s", kind, way.name, got, want)
			}
		}
		if kind == "disabled" {
			continue // to whom nobody mails
		}
		code := asksCode(t, s, p.Email, p.Client)
		typed, _ := code.mailed(t, s, p.Email)
		if got := came(t, answerStep(t, s, code.Challenge, "emailCode", typed, p.Client), "continueLogin"); got != usual {
			t.Errorf("%s, by a mailed code: %s, want %s", kind, got, usual)
		}
		if key != nil {
			if got := came(t, enter(t, s, key, p.Client), "continueLogin"); got != "tokens" { // it is as good as two
				t.Errorf("%s, by passkey: %s, want tokens", kind, got)
			}
		}
		// A new password by mail lets nobody past what is asked for; only the duty to have one
		// is done.
		if usual == "NewPasswordStep" {
			usual = map[bool]string{true: "tokens", false: kinds["none"]}[kinds["none"] == "tokens"]
		}
		mustSay(t, testenv.Post(t, s.URL(), asking("requestPasswordReset", "", p.Client, "email", p.Email)), "requestPasswordReset")
		token := testenv.LinkToken(t, awaitMail(t, s, p.Email, "Set a new password", 0).Links[0])
		p.Password += "!"
		mustSay(t, testenv.Post(t, s.URL(), asking("resetPassword", "", p.Client, "token", token, "newPassword", p.Password)), "resetPassword")
		if got := login("name", "")(t, p); got != usual {
			t.Errorf("%s, after a reset: %s, want %s", kind, got, usual)
		}
	}
}

// joinBefore makes an account that is logged in and has no second factor, whatever the
// service asks for.
func joinBefore(t *testing.T, s *testenv.Stack) *testenv.Person {
	t.Helper()
	p := testenv.Newcomer()
	a := testenv.Post(t, s.URL(), testenv.Request{Query: testenv.ConfirmOp, Variables: testenv.Input("token", s.Register(t, p)), Client: p.Client})
	got := a.Payload(t, "confirmEmail")
	p.ID = got.User.ID
	if got.Step != nil {
		made := &app{secret: got.Step.Totp.Secret}
		a = answerStep(t, s, got.Step.Challenge, "totpCode", made.code(t, 0), p.Client)
		if got = a.Payload(t, "continueLogin"); got.Tokens == nil || len(got.RecoveryCodes) != 8 {
			t.Fatalf("an enrolment at the first login: %s", a.Body)
		}
		change(t, s, `DELETE FROM totps WHERE user_id = $1`, p.ID)
		change(t, s, `DELETE FROM recovery_codes WHERE user_id = $1`, p.ID)
	}
	p.Access, p.Refresh, p.Device = got.Tokens.AccessToken, got.Tokens.RefreshToken, got.DeviceToken
	return p
}

// Before the last step there is nothing of a login, and its challenge is no token anywhere.
func TestBeforeTheLastStep_J2_J3(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		p := s.Join(t)
		enrol(t, s, p)
		before := devices(t, s.URL(), p.Access)
		state := func() string {
			return strings.Join(column(t, s, `SELECT concat_ws(' ', u.last_login_at, (SELECT count(*) FROM sessions), (SELECT count(*) FROM familiar),
				(SELECT count(*) FROM security_events)) FROM users u WHERE u.id = '`+p.ID+`'`), "\n")
		}
		was := state()
		r := loginRequest(p.Username, p.Password, testenv.ClientAddress())
		r.Header = map[string]string{"User-Agent": "another device/1.0"}
		a := testenv.Post(t, s.URL(), r)
		challenge := challengeOf(t, a, "login")
		cookie := testenv.Post(t, s.URL(), testenv.Request{
			Query: testenv.LoginOp, Variables: testenv.Input("login", p.Username, "password", p.Password, "transport", "COOKIE"),
			Header: map[string]string{"Origin": public(s)},
		})
		challengeOf(t, cookie, "login")
		if set := append(a.Header.Values("Set-Cookie"), cookie.Header.Values("Set-Cookie")...); len(set) > 0 {
			t.Errorf("a first step set %q", set)
		}
		if got := state(); got != was {
			t.Errorf("a first step left %s, before it was %s", got, was)
		}
		if now := devices(t, s.URL(), p.Access); len(now) != len(before) {
			t.Errorf("%d devices, before the first step %d", len(now), len(before))
		}
		if a := me(t, s.URL(), challenge); a.Code() != "UNAUTHENTICATED" {
			t.Errorf("a challenge as access token: %s", a.Body)
		}
		mustSay(t, testenv.Post(t, s.URL(), refreshRequest(challenge)), "refresh", "TOKEN_INVALID")
		name := "latchkey="
		if secure(s) {
			name = "__Host-latchkey="
		}
		byCookie := testenv.Post(t, s.URL(), testenv.Request{Query: testenv.RefreshOp, Variables: testenv.Input(), Header: map[string]string{"Origin": public(s), "Cookie": name + challenge}})
		mustSay(t, byCookie, "refresh", "TOKEN_INVALID")
		mustDeny(t, "a challenge in the refresh grant", speak(t, s, tokenPath, "grant_type=refresh_token&client_id=latchkey&refresh_token="+challenge, p.Client), 400, "invalid_grant")
		mustSay(t, testenv.Post(t, s.URL(), testenv.Request{Query: testenv.LogoutOp, Variables: testenv.Input("refreshToken", challenge)}), "logout")
	})
}

// Of fifty who answer one challenge at once, over two replicas, one has a session; so has
// one of fifty who show one code at challenges of their own; and a challenge of a login
// that is over is worth nothing.
func TestStepRaces_J4_J5(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		p := s.Join(t)
		a := enrol(t, s, p)
		for _, one := range []bool{true, false} {
			challenges := make([]string, 50)
			for i := range challenges {
				if challenges[i] = challenges[0]; i == 0 || !one {
					challenges[i] = begin(t, s, p, p.Client)
				}
			}
			change(t, s, `DELETE FROM factor_tries`)
			change(t, s, `UPDATE totps SET last_step = 0`)
			before, code := sessions(t, s, p), a.code(t, 0)
			won := 0
			for _, a := range together(t, 50, alternating(s), func(i int) testenv.Request { return answerRequest(challenges[i], "totpCode", code, p.Client) }) {
				switch {
				case a.Code() == "RATE_LIMITED":
				case a.Payload(t, "continueLogin").Tokens != nil:
					won++
				default:
					if got := came(t, a, "continueLogin"); got != "CODE_INVALID" && got != "CHALLENGE_INVALID" {
						t.Errorf("the others: %s", a.Body)
					}
				}
			}
			if n := sessions(t, s, p) - before; won != 1 || n != 1 {
				t.Errorf("%d of 50 were let in, with %d sessions, want 1 (one challenge: %v)", won, n, one)
			}
			again(t, s, p)
			change(t, s, `DELETE FROM factor_tries`)
			if one {
				change(t, s, `UPDATE totps SET last_step = 0`)
			}
		}
		challenge := begin(t, s, p, p.Client)
		mustSay(t, answerStep(t, s, challenge, "totpCode", a.code(t, 0), p.Client), "continueLogin")
		change(t, s, `UPDATE totps SET last_step = 0`)
		mustSay(t, answerStep(t, s, challenge, "totpCode", a.code(t, 30*time.Second), p.Client), "continueLogin", "CHALLENGE_INVALID")
	})
}

// Tries at codes are counted where neither a kill nor an empty Redis forgets them; the owner
// is told at the third, and gets in where they are known.
func TestTriesAreNotForgotten_J6_J7(t *testing.T) {
	t.Parallel()
	run := func(t *testing.T, s *testenv.Stack, empty func()) {
		p := s.Join(t)
		a := enrol(t, s, p)
		wrong, thief := a.wrong(t), testenv.ClientAddress()
		challenge := begin(t, s, p, thief)
		for i := range 10 {
			if i == 2 { // before the try of which a mail tells
				s.Replicas[0].Kill()
				s.Restart(t, 0)
				s.AwaitReady(t)
			}
			if i == 1 {
				empty()
			}
			mustSay(t, answerStep(t, s, challenge, "totpCode", wrong, thief), "continueLogin", "CODE_INVALID")
		}
		for _, code := range []string{wrong, a.code(t, 0)} {
			if got := answerStep(t, s, challenge, "totpCode", code, testenv.ClientAddress()); got.Code() != "RATE_LIMITED" || got.Errors[0].Extensions.RetryAfter < 3000 {
				t.Errorf("the eleventh: %s", got.Body)
			}
		}
		if got := loginByCode(t, s, p, a); got.Tokens == nil {
			t.Error("the owner, where they are known, is kept out")
		}
		told := awaitMail(t, s, p.Email, "Somebody who knows your password tried codes", 0)
		n := 0
		for _, m := range s.Mails(t, p.Email) {
			if m.Subject == told.Subject {
				n++
			}
		}
		if n != 1 {
			t.Errorf("the owner was told %d times, want once", n)
		}
		(&story{p, t, s}).open(told).press(t, s.URL(), p.Client, "undo", "").mustShow(t, http.StatusOK, "")
		mustSay(t, testenv.Post(t, s.URL(), loginRequest(p.Username, p.Password, thief)), "login", "INVALID_CREDENTIALS")
	}
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		run(t, testenv.Embedded(t), func() {})
	})
	t.Run("production", func(t *testing.T) {
		t.Parallel()
		redis := testenv.StartRedis(t) // nobody else's
		run(t, testenv.Production(t, "REDIS_URL="+redis.URL), func() { redis.Do(t, "FLUSHALL") })
	})
}

// A kill between the steps of a login, and a database that is away meanwhile, cost nothing:
// the same answer works when it is back.
func TestKillBetweenSteps_R4(t *testing.T) {
	t.Parallel()
	s := testenv.NewProduction(t)
	database := s.Through(t, "DATABASE_URL")
	s.Add(t)
	s.AwaitReady(t)
	p := s.Join(t)
	a := enrol(t, s, p)
	challenge := begin(t, s, p, p.Client)
	s.Replicas[0].Signal(t, syscall.SIGKILL)
	s.Restart(t, 0)
	s.AwaitReady(t)
	code := a.code(t, 0)
	database.Refuse()
	away, err := testenv.TryPost(s.URL(), answerRequest(challenge, "totpCode", code, p.Client))
	if err != nil || away.Code() != "UNAVAILABLE" {
		t.Errorf("while the database is away: %v, %v", away, err)
	}
	database.Pass(t)
	got := answerStep(t, s, challenge, "totpCode", code, p.Client).Payload(t, "continueLogin")
	if got.Tokens == nil {
		t.Fatalf("when it is back: %+v", got)
	}
	mustBe(t, s.URL(), got.Tokens.AccessToken, p.ID)
	if n := sessions(t, s, p); n != 2 {
		t.Errorf("%d sessions, want 2", n)
	}
}
