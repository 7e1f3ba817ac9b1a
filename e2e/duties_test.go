package e2e_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/testenv"
)

// Operations of administrators on what opens an account.
const (
	requireOp      = `mutation ($i: RequireAtNextLoginInput!) { requireAtNextLogin(input: $i) { user { id username mustChangePassword mustEnrol } errors { code field } } }`
	resetFactorsOp = `mutation ($i: ResetUserFactorsInput!) { resetUserFactors(input: $i) { user { id username email secondFactorRequired factors { id } sessions { id } } errors { code field } } }`
	dutiesOp       = `query ($id: ID!) { user(id: $id) { mustChangePassword mustEnrol } }`
)

// owes are the duties of a user as the bearer sees them: "null null" if they may not.
func owes(t *testing.T, s *testenv.Stack, access, id string) string {
	t.Helper()
	a := testenv.Post(t, s.URL(), testenv.Request{Query: dutiesOp, Variables: map[string]any{"id": id}, Bearer: access})
	var got struct{ MustChangePassword, MustEnrol *bool }
	a.Into(t, "user", &got)
	say := func(b *bool) string {
		if b == nil {
			return "null"
		}
		return fmt.Sprint(*b)
	}
	return say(got.MustChangePassword) + " " + say(got.MustEnrol)
}

// A duty is done on the way of the next login, the password first, by whichever way it was
// set; and a new password by a mailed link does the one of the password.
func TestDuties_M4(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		p, eve := s.Join(t), s.Join(t)
		_, root := makeAdmin(t, s)
		require := func(access string, newPassword, secondFactor bool) *testenv.Answer {
			return testenv.Post(t, s.URL(), testenv.Request{Query: requireOp, Bearer: access,
				Variables: testenv.Input("userId", p.ID, "newPassword", newPassword, "secondFactor", secondFactor)})
		}
		mustFail(t, "requireAtNextLogin of a user", require(eve.Access, true, true), "FORBIDDEN", "ROLE")
		mustSay(t, testenv.Post(t, s.URL(), testenv.Request{Query: requireOp, Bearer: root, Variables: testenv.Input("userId", nobodysID)}), "requireAtNextLogin", "NOT_FOUND")
		mustSay(t, require(root, true, true), "requireAtNextLogin")
		mustSay(t, require(root, true, true), "requireAtNextLogin") // once more is nothing more
		for access, want := range map[string]string{root: "true true", p.Access: "true true", eve.Access: "null null"} {
			if got := owes(t, s, access, p.ID); got != want {
				t.Errorf("duties are %s, want %s", got, want)
			}
		}
		mustBeFree(t, s, p, p.Access) // sessions go on
		mustDeny(t, "the password grant", speak(t, s, tokenPath, passwordForm(p), p.Client), 400, "invalid_grant")

		step := testenv.Post(t, s.URL(), loginRequest(p.Username, p.Password, p.Client)).Payload(t, "login").Step
		if step == nil || step.Typename != "NewPasswordStep" {
			t.Fatalf("the first step: %+v", step)
		}
		mustSay(t, answerStep(t, s, step.Challenge, "newPassword", "short", p.Client), "continueLogin", "PASSWORD_TOO_SHORT")
		p.Password += " of late"
		a := answerStep(t, s, step.Challenge, "newPassword", p.Password, p.Client)
		next := a.Payload(t, "continueLogin").Step
		if next == nil || next.Typename != "EnrolmentStep" {
			t.Fatalf("the second step: %s", a.Body)
		}
		mustBeRevoked(t, s.URL(), p.Access) // as by every new password
		mustSay(t, answerStep(t, s, step.Challenge, "newPassword", p.Password, p.Client), "continueLogin", "CHALLENGE_INVALID")
		made := &app{secret: next.Totp.Secret}
		got := answerStep(t, s, next.Challenge, "totpCode", made.code(t, 0), p.Client).Payload(t, "continueLogin")
		if got.Tokens == nil || len(got.RecoveryCodes) != 8 {
			t.Fatalf("a login that did both: %+v", got)
		}
		again(t, s, p)
		if now := owes(t, s, got.Tokens.AccessToken, p.ID); now != "false false" {
			t.Errorf("once done: %s", now)
		}
		p.Access = loginByCode(t, s, p, made).Tokens.AccessToken
		awaitMail(t, s, p.Email, "Your password was changed", 0)
		awaitMail(t, s, p.Email, "An authenticator app was added", 0)

		// From the shell, and done by a link.
		mustPrint(t, s, "", 2, []string{"say what"}, "user", "require", p.Username)
		mustPrint(t, s, "", 0, []string{"a new password"}, "user", "require", p.Username, "--new-password")
		if now := owes(t, s, root, p.ID); now != "true false" {
			t.Errorf("by the shell: %s", now)
		}
		mustPrint(t, s, "", 0, []string{"duties", "a new password", "TOTP", "8 left"}, "user", "show", p.Username)
		token := testenv.LinkToken(t, strings.TrimSpace(userCommand(t, s, "reset-password", p.Username, "--print-link")))
		p.Password += " again"
		mustSay(t, testenv.Post(t, s.URL(), asking("resetPassword", "", p.Client, "token", token, "newPassword", p.Password)), "resetPassword")
		if now := owes(t, s, root, p.ID); now != "false false" {
			t.Errorf("after a reset: %s", now)
		}
		loginByCode(t, s, p, made)
		mustPrint(t, s, "", 0, []string{"a second factor"}, "user", "require", p.Username, "--second-factor")
		loginByCode(t, s, p, made) // there is one
		mustPrint(t, s, "", 0, []string{"none"}, "user", "require", p.Username, "--new-password=false")

		// An account that is made with duties, and who has no second factor yet.
		n := newcomerAt(domain())
		mustPrint(t, s, n.Password+"\n", 0, nil, "user", "create", "--email", n.Email, "--username", n.Username, "--require-password-change", "--require-enrolment")
		if step := s.Login(t, n).Step; step == nil || step.Typename != "NewPasswordStep" {
			t.Errorf("the first login of an account that was made so: %+v", step)
		}
		_, at, _ := strings.Cut(n.Email, "@")
		if got := listed(t, s, "--search", "@"+at, "--contains", "--second-factor=false"); !slices.Equal(got, []string{n.Username}) {
			t.Errorf("users without a second factor: %v", got)
		}
		if got := listed(t, s, "--second-factor"); !slices.Equal(got, []string{p.Username}) {
			t.Errorf("users with a second factor: %v", got)
		}
	})
}

// passkeyOf gives p a passkey behind the service's back.
func passkeyOf(t *testing.T, s *testenv.Stack, p *testenv.Person) {
	t.Helper()
	change(t, s, `INSERT INTO passkeys (id, user_id, credential_id, public_key, rp_id, aaguid, transports, counter, backup_eligible, backed_up, name, created_at, added_seq)
		SELECT $1, id, $2, $3, 'localhost', $4, 'internal', 0, TRUE, TRUE, 'Phone', created_at, 1 FROM users WHERE id = $1`, p.ID, sum(p.ID), []byte{1}, make([]byte, 16))
}

// waysIn counts what opens p's account but the password.
func waysIn(t *testing.T, s *testenv.Stack, p *testenv.Person) int {
	t.Helper()
	n := 0
	for _, table := range []string{"totps", "passkeys", "recovery_codes", "trusted_devices", "factor_tries"} {
		n += count(t, s, `SELECT count(*) FROM `+table+` WHERE user_id = $1`, p.ID)
	}
	return n
}

// Administrators and the shell take all factors off an account for good, end its sessions and
// the logins that have begun, and its user is told. What was a factor of it stays none,
// whatever is taken back later; and an account without a password gets a way in by mail.
func TestResetFactors_J13(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		p, eve, boss := s.Join(t), s.Join(t), s.Join(t)
		rootID, root := makeAdmin(t, s)
		reset := func(access string) *testenv.Answer {
			return testenv.Post(t, s.URL(), testenv.Request{Query: resetFactorsOp, Variables: testenv.Input("userId", p.ID), Bearer: access})
		}
		made := enrol(t, s, p)
		passkeyOf(t, s, p)
		mustSay(t, testenv.Post(t, s.URL(), asking("changeUsername", p.Access, p.Client, "username", testenv.Username())), "changeUsername")
		undo := awaitMail(t, s, p.Email, "Your username was changed", 0)
		challenge := challengeOf(t, testenv.Post(t, s.URL(), loginRequest(p.Email, p.Password, p.Client)), "login")

		mustFail(t, "resetUserFactors of a user", reset(eve.Access), "FORBIDDEN", "ROLE")
		// An administrator with a second factor has to have shown it lately.
		userCommand(t, s, "set-role", boss.ID, "ADMIN")
		own := enrol(t, s, boss)
		change(t, s, `UPDATE sessions SET authenticated_at = $2 WHERE user_id = $1`, boss.ID, time.Now().UTC().Add(-11*time.Minute).Truncate(time.Microsecond))
		if a := reset(boss.Access); !stepsUp(a) || waysIn(t, s, p) == 0 {
			t.Errorf("by an administrator whose proof is old: %s", a.Body)
		}
		mustSay(t, stepUp(t, s, boss.Access, "totpCode", own.code(t, 0), boss.Client), "stepUp")

		a := reset(boss.Access)
		mustSay(t, a, "resetUserFactors")
		if !strings.Contains(string(a.Body), `"secondFactorRequired":false,"factors":[],"sessions":[]`) || waysIn(t, s, p) != 0 {
			t.Errorf("%s; %d ways in are left", a.Body, waysIn(t, s, p))
		}
		mustBeRevoked(t, s.URL(), p.Access)
		mustSay(t, answerStep(t, s, challenge, "totpCode", made.code(t, 0), p.Client), "continueLogin", "CHALLENGE_INVALID")
		told := awaitMail(t, s, p.Email, "Your passkeys and authenticator apps were removed", 0)
		if !strings.Contains(told.Text, "An administrator did this") {
			t.Errorf("the mail does not say who:\n%s", told.Text)
		}
		p.Username = p.Email
		if p.Access = s.Login(t, p).Tokens.AccessToken; p.Access == "" {
			t.Fatal("no login by the password alone")
		}
		last := history(t, s, root, p.ID)
		if i := slices.IndexFunc(last, func(e happened) bool { return e.Kind == "FACTORS_RESET" }); i < 0 || *last[i].ActorID != boss.ID || last[i].Actor != "ADMIN" {
			t.Errorf("the history: %+v", last)
		}
		// An event of before is taken back, and none of the factors comes with it.
		story := &story{p, t, s}
		story.open(undo).press(t, s.URL(), p.Client, "undo", "").mustShow(t, http.StatusOK, "yours again")
		if n := waysIn(t, s, p); n != 0 {
			t.Errorf("%d ways in are back", n)
		}

		// By the shell; without a password, which "this was not me" has taken, there is a mail.
		passkeyOf(t, s, p)
		mails := len(s.Mails(t, p.Email))
		mustPrint(t, s, "", 0, []string{"no factors"}, "user", "reset-factors", p.Email)
		if n := waysIn(t, s, p); n != 0 {
			t.Errorf("%d ways in are left by the shell", n)
		}
		token := testenv.LinkToken(t, awaitMail(t, s, p.Email, "Set a new password", mails).Links[0])
		mustSay(t, testenv.Post(t, s.URL(), asking("resetPassword", "", p.Client, "token", token, "newPassword", p.Password+"!")), "resetPassword")
		p.Password += "!"
		if got := s.Login(t, p); got.Tokens == nil {
			t.Errorf("a login after the link: %+v", got)
		}
		// A disabled account too: so it can be put right before it is enabled.
		passkeyOf(t, s, p)
		userCommand(t, s, "disable", p.Email)
		mustSay(t, reset(root), "resetUserFactors")
		mustSay(t, testenv.Post(t, s.URL(), testenv.Request{Query: requireOp, Bearer: root, Variables: testenv.Input("userId", p.ID, "newPassword", true)}), "requireAtNextLogin")
		if n := waysIn(t, s, p); n != 0 || rootID == "" {
			t.Errorf("%d ways in are left of a disabled account", n)
		}
	})
}

// Whoever reads the mailbox of an account with a second factor sets a password, and is asked
// for the factor all the same.
func TestMailboxTakesNothingOff_J11(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		p := s.Join(t)
		made := enrol(t, s, p)
		for i, ask := range []func(){
			func() {
				mustSay(t, testenv.Post(t, s.URL(), asking("requestPasswordReset", "", p.Client, "email", p.Email)), "requestPasswordReset")
			},
			func() { userCommand(t, s, "reset-password", p.Username) },
		} {
			mails := len(s.Mails(t, p.Email))
			ask()
			mail := awaitMail(t, s, p.Email, "Set a new password", mails)
			p.Password += "!"
			if story := (&story{p, t, s}); i == 0 {
				story.open(mail).press(t, s.URL(), p.Client, "set", p.Password).mustShow(t, http.StatusOK, "Your password is set")
			} else {
				mustSay(t, testenv.Post(t, s.URL(), asking("resetPassword", "", p.Client, "token", testenv.LinkToken(t, mail.Links[0]), "newPassword", p.Password)), "resetPassword")
			}
			a := testenv.Post(t, s.URL(), loginRequest(p.Username, p.Password, p.Client))
			mustSay(t, a, "login", "SECOND_FACTOR_NEEDED")
			if got := came(t, a, "login"); got != "SecondFactorStep" {
				t.Errorf("after a new password by mail: %s", a.Body)
			}
			p.Access = loginByCode(t, s, p, made).Tokens.AccessToken
		}
		// Nor by a new address that was confirmed.
		to := testenv.Newcomer()
		mustSay(t, testenv.Post(t, s.URL(), asking("changeEmail", p.Access, p.Client, "email", to.Email, "password", p.Password)), "changeEmail")
		mail := awaitMail(t, s, to.Email, "Confirm your new email", 0)
		mustSay(t, testenv.Post(t, s.URL(), confirmRequest(testenv.LinkToken(t, mail.Links[0]), "", to.Client)), "confirmEmail")
		mustSay(t, testenv.Post(t, s.URL(), loginRequest(to.Email, p.Password, to.Client)), "login", "SECOND_FACTOR_NEEDED")
	})
}

// No account loses its last way in, nor the factor that it has to have, however many take it
// off at once, over two replicas; and the one that may be taken off is taken off once.
func TestLastWayInRaces_M5(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		for name, c := range map[string]struct {
			sql  string
			left int
			code string
		}{
			"may go":      {`UPDATE users SET must_enrol = FALSE WHERE id = $1`, 0, "NOT_FOUND"},
			"has to stay": {`UPDATE users SET must_enrol = TRUE WHERE id = $1`, 1, "LAST_FACTOR"},
			"no password": {`UPDATE users SET password_hash = '' WHERE id = $1`, 1, "LAST_WAY_IN"},
		} {
			p := s.Join(t)
			enrol(t, s, p)
			change(t, s, c.sql, p.ID)
			id := column(t, s, `SELECT id FROM totps WHERE user_id = '`+p.ID+`'`)[0]
			won := 0
			for _, a := range together(t, 12, alternating(s), func(int) testenv.Request {
				return testenv.Request{Query: `mutation ($i: RemoveFactorInput!) { removeFactor(input: $i) { removedFactorId errors { code } } }`,
					Variables: testenv.Input("factorId", id), Bearer: p.Access, Client: p.Client}
			}) {
				got := codes(a.Payload(t, "removeFactor"))
				switch {
				case a.Code() == "UNAVAILABLE":
				case len(a.Errors) == 0 && len(got) == 0:
					won++
				case !slices.Equal(got, []string{c.code}):
					t.Errorf("%s: %s", name, a.Body)
				}
			}
			left := count(t, s, `SELECT count(*) FROM totps WHERE user_id = $1 AND removed_seq IS NULL`, p.ID)
			if left != c.left || won != 1-c.left {
				t.Errorf("%s: %d are left and %d were told that it is off", name, left, won)
			}
		}
		// An administrator asks for a factor while its user takes it off: whichever was first, it
		// is there, or asked for at the next login.
		_, root := makeAdmin(t, s)
		for range 4 {
			p := s.Join(t)
			enrol(t, s, p)
			id := column(t, s, `SELECT id FROM totps WHERE user_id = '`+p.ID+`'`)[0]
			answers := together(t, 2, alternating(s), func(i int) testenv.Request {
				if i == 0 {
					return testenv.Request{Query: requireOp, Bearer: root, Variables: testenv.Input("userId", p.ID, "secondFactor", true)}
				}
				return testenv.Request{Query: `mutation ($i: RemoveFactorInput!) { removeFactor(input: $i) { removedFactorId errors { code } } }`,
					Variables: testenv.Input("factorId", id), Bearer: p.Access, Client: p.Client}
			})
			mustSay(t, answers[0], "requireAtNextLogin")
			want := "SecondFactorStep"
			if len(codes(answers[1].Payload(t, "removeFactor"))) == 0 {
				want = "EnrolmentStep"
			}
			if got := came(t, testenv.Post(t, s.URL(), loginRequest(p.Username, p.Password, p.Client)), "login"); got != want {
				t.Errorf("the next login: %s, want %s after %s", got, want, answers[1].Body)
			}
		}
	})
}
