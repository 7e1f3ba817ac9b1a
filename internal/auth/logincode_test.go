package auth_test

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/db"
	"latchkey/internal/store"
	"latchkey/internal/testenv"
)

// byMail has people log in by mail.
func byMail(f *fixture) { f.cfg.EmailLogin = true }

// wantsCode begins a login by mail.
func (f *fixture) wantsCode(email string, c auth.Actor) *auth.LoginCode {
	f.t.Helper()
	asked, err := f.RequestLoginCode(f.t.Context(), c, auth.RequestLoginCodeInput{Email: email})
	must(f.t, err)
	return asked
}

var codeLine = regexp.MustCompile(`(?m)^[0-9a-z]{4}-[0-9a-z]{4}$`)

// mailed returns the code of the newest mail to an address, which has to repeat this reference.
func (f *fixture) mailed(to string, asked *auth.LoginCode) string {
	f.t.Helper()
	m := f.newest(to, store.MailLoginCode)
	code := codeLine.FindString(m.Text)
	if code == "" || !strings.Contains(m.Text, asked.Reference) || !strings.Contains(m.HTML, code) {
		f.t.Fatalf("no code for %s in\n%s", asked.Reference, m.Text)
	}
	return code
}

// types goes on with a login by mail.
func (f *fixture) types(challenge, code string, c auth.Actor) (*auth.Login, error) {
	return f.answer(f.Service, challenge, auth.LoginAnswer{EmailCode: &code}, c)
}

// typed returns how that ended.
func (f *fixture) typed(challenge, code string, c auth.Actor) error {
	_, err := f.types(challenge, code, c)
	return err
}

// The code and the challenge that it was asked for with open one session, once; neither is
// worth anything with another.
func TestLoginCode_L2_L3(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		f.user("eve")
		home, thief := client(1), client(66)
		first := f.wantsCode("Ada@Example.org ", home)
		code := f.mailed("ada@example.org", first)
		other, eves := f.wantsCode("ada@example.org", thief), f.wantsCode("eve@example.org", thief)
		expect(t, "the code with another's challenge", f.typed(other.Challenge, code, thief), "CODE_INVALID")
		expect(t, "the code at another address", f.typed(eves.Challenge, code, thief), "CODE_INVALID")
		expect(t, "eve's code with ada's challenge", f.typed(first.Challenge, f.mailed("eve@example.org", eves), thief), "CODE_INVALID")
		expect(t, "no challenge", f.typed("lkc_x", code, home), "CHALLENGE_INVALID")
		_, err := f.answer(f.Service, first.Challenge, auth.LoginAnswer{TotpCode: &code}, home)
		expect(t, "as another answer", err, "CHALLENGE_INVALID")

		l, err := f.types(first.Challenge, " "+strings.ToUpper(strings.ReplaceAll(code, "-", " ")), home)
		must(t, err)
		v := f.viewer(l)
		if kinds := f.Proofs(v.Session); !slices.Equal(kinds, []auth.ProofKind{auth.ProofEmailCode}) || l.DeviceToken == nil {
			t.Errorf("a session of %v", kinds)
		}
		expect(t, "the code again", f.typed(first.Challenge, code, home), "CHALLENGE_INVALID")

		f.pass(time.Minute)
		late := f.wantsCode("ada@example.org", home)
		code = f.mailed("ada@example.org", late)
		f.pass(10*time.Minute - time.Microsecond)
		if !late.ExpiresAt.Equal(f.Now().Add(time.Microsecond)) {
			t.Errorf("it works until %v", late.ExpiresAt)
		}
		expect(t, "wrong, at the last moment", f.typed(late.Challenge, "0000-0000", home), "CODE_INVALID")
		f.pass(time.Microsecond)
		expect(t, "after 10 minutes", f.typed(late.Challenge, code, home), "CHALLENGE_INVALID")
	}, byMail)
}

// Five wrong codes, from wherever, are all that a challenge takes.
func TestFiveTriesAtACode_L3(t *testing.T) {
	eachCounters(t, func(t *testing.T, f *fixture) {
		f.cfg.EmailLogin = true
		f.Service = f.replica(f.cfg)
		f.user("ada")
		asked := f.wantsCode("ada@example.org", client(1))
		code := f.mailed("ada@example.org", asked)
		for i := range 5 {
			expect(t, "a wrong code", f.typed(asked.Challenge, "0000-0000", client(i)), "CODE_INVALID")
		}
		expect(t, "the right one", f.typed(asked.Challenge, code, client(1)), "RATE_LIMITED")
		again := f.wantsCode("ada@example.org", client(1))
		code = f.mailed("ada@example.org", again)
		for range 4 {
			expect(t, "a wrong code of another", f.typed(again.Challenge, "0000-0000", client(1)), "CODE_INVALID")
		}
		expect(t, "its right one", f.typed(again.Challenge, code, client(1)), "ok")
	})
}

// Of many who answer at once, one logs in.
func TestLoginCodeRace_L3_J4(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		u := f.user("ada")
		asked := f.wantsCode("ada@example.org", client(1))
		code := f.mailed("ada@example.org", asked)
		errs := make([]error, 5) // as many as there are tries
		var all sync.WaitGroup
		for i := range errs {
			all.Go(func() { errs[i] = f.typed(asked.Challenge, code, client(1)) })
		}
		all.Wait()
		expectAll(t, "at once", errs, 1, "CHALLENGE_INVALID")
		if n := f.count(`sessions WHERE user_id = $1`, u.ID); n != 1 {
			t.Errorf("%d sessions", n)
		}
	}, byMail)
}

// A mailed code is one factor: where the account has a second, it is asked for, and the login
// makes one session, whichever of its challenges is answered again (J11: a mailbox alone is
// not enough).
func TestLoginCodeAndSecondFactor_L3_J4_J11(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		u := f.user("ada")
		a := f.enrol(f.login("ada", client(1)), client(1))
		before := f.count(`sessions WHERE user_id = $1`, u.ID)
		asked := f.wantsCode("ada@example.org", client(1))
		code := f.mailed("ada@example.org", asked)
		one, two := f.challenge(f.typed(asked.Challenge, code, client(1))), f.challenge(f.typed(asked.Challenge, code, client(1)))
		if n := f.count(`sessions WHERE user_id = $1`, u.ID); n != before {
			t.Error("a session before the second factor")
		}
		l, err := f.answer(f.Service, one, auth.LoginAnswer{TotpCode: new(a.code())}, client(1))
		must(t, err)
		if kinds := f.Proofs(f.viewer(l).Session); !slices.Equal(kinds, []auth.ProofKind{auth.ProofEmailCode, auth.ProofTOTP}) {
			t.Errorf("a session of %v", kinds)
		}
		f.pass(30 * time.Second)
		expect(t, "the other challenge", f.shows(two, a.code(), client(1)), "CHALLENGE_INVALID")
		third := f.challenge(f.typed(asked.Challenge, code, client(1)))
		f.pass(30 * time.Second)
		expect(t, "a further one", f.shows(third, a.code(), client(1)), "CHALLENGE_INVALID")
		if n := f.count(`sessions WHERE user_id = $1`, u.ID); n != before+1 {
			t.Errorf("%d sessions more", n-before)
		}
	}, byMail)
}

// What makes links dead makes codes dead that were asked for before.
func TestLoginCodeEnds_L3_D3(t *testing.T) {
	for what, end := range map[string]func(f *fixture, u *store.User){
		"a new password": func(f *fixture, u *store.User) {
			must(f.t, f.changePassword(f.viewer(f.login("ada", client(1))), goodPassword, newPassword, client(1)))
		},
		"a new address": func(f *fixture, u *store.User) {
			must(f.t, f.changeEmail(f.viewer(f.login("ada", client(1))), "new@example.org", goodPassword, client(1)))
			must(f.t, f.confirm(f.token("new@example.org", store.MailConfirmNewEmail), ""))
		},
		"disabling": func(f *fixture, u *store.User) {
			_, err := f.DisableUser(f.t.Context(), shell, auth.DisableUserInput{UserID: u.ID})
			must(f.t, err)
		},
		"disabling and enabling": func(f *fixture, u *store.User) {
			_, err := f.DisableUser(f.t.Context(), shell, auth.DisableUserInput{UserID: u.ID})
			must(f.t, err)
			_, err = f.EnableUser(f.t.Context(), shell, auth.EnableUserInput{UserID: u.ID})
			must(f.t, err)
		},
		"not me": func(f *fixture, u *store.User) { must(f.t, f.notMe(f.token("ada@example.org", store.MailNewDevice))) },
		"deletion": func(f *fixture, u *store.User) {
			must(f.t, f.DeleteUser(f.t.Context(), shell, auth.DeleteUserInput{UserID: u.ID}))
		},
		"switching it off": func(f *fixture, u *store.User) {
			f.cfg.EmailLogin = false
			f.Service = f.replica(f.cfg)
		},
	} {
		t.Run(what, func(t *testing.T) {
			each(t, func(t *testing.T, f *fixture) {
				u := f.user("ada")
				f.login("ada", client(1))
				asked := f.wantsCode("ada@example.org", client(1))
				code := f.mailed("ada@example.org", asked)
				f.pass(time.Second)
				end(f, u)
				expect(t, "the code", f.typed(asked.Challenge, code, client(1)), "CHALLENGE_INVALID")
			}, byMail)
		})
	}
}

// What is done for an address with an account, and for one without, is the same: answers,
// rows and statements.
func TestLoginCodeOfNobody_L1(t *testing.T) {
	testenv.Each(t, func(t *testing.T, d db.DB) {
		counting := &testenv.Counting{DB: d}
		f := setup(t, counting, byMail)
		f.user("ada")
		f.user("off")
		f.exec(`UPDATE users SET disabled_at = $1 WHERE username = 'off'`, noon)
		cost := func(do func()) int64 {
			counting.Statements.Store(0)
			do()
			return counting.Statements.Load()
		}
		var asked *auth.LoginCode
		ask := map[string]int64{}
		for _, email := range []string{"ada@example.org", "off@example.org", "nob@example.org"} {
			for _, what := range []string{"first", "again"} {
				ask[email+what] = cost(func() { asked = f.wantsCode(email, client(1)) })
				if len(asked.Challenge) != len(f.wantsCode("eve@example.org", client(1)).Challenge) {
					t.Errorf("%s: the challenge has another length", email)
				}
			}
			if n := cost(func() { expect(t, email, f.typed(asked.Challenge, "0000-0000", client(1)), "CODE_INVALID") }); n != 0 {
				t.Errorf("%s: a wrong code takes %d statements, want none", email, n)
			}
		}
		for what, n := range ask {
			if n != 1 {
				t.Errorf("%s takes %d statements, want 1", what, n)
			}
		}
		if n := f.count(`outbox WHERE kind = 'login_code'`); n != 4 {
			t.Errorf("%d rows wait, want one for each address", n)
		}
		_ = f.mails("ada@example.org")
		for email, want := range map[string]int{"ada@example.org": 1, "off@example.org": 0, "nob@example.org": 0} {
			n := 0
			for _, m := range f.sent(email) {
				if m.Kind == store.MailLoginCode {
					n++
				}
			}
			if n != want {
				t.Errorf("%s got %d codes, want %d", email, n, want)
			}
		}
		for range 60 {
			_, _ = f.RequestLoginCode(t.Context(), client(5), auth.RequestLoginCodeInput{Email: "nob@example.org"})
		}
		for _, email := range []string{"ada@example.org", "nob@example.org"} {
			_, err := f.RequestLoginCode(t.Context(), client(5), auth.RequestLoginCodeInput{Email: email})
			expect(t, "beyond the client's limit", err, "RATE_LIMITED")
		}
	})
}

// Where it is off nobody is mailed.
func TestEmailLoginOff(t *testing.T) {
	f := setup(t, testenv.SQLite(t))
	f.user("ada")
	_, err := f.RequestLoginCode(t.Context(), client(1), auth.RequestLoginCodeInput{Email: "ada@example.org"})
	expect(t, "a code", err, "FORBIDDEN EMAIL_LOGIN_OFF")
	if f.LoginMethods().EmailCode || f.count(`outbox WHERE kind = 'login_code'`) != 0 {
		t.Error("a code is on its way")
	}
}

// A code that an older SECRET_KEY made is good while that is there.
func TestLoginCodeAfterRotation_F4(t *testing.T) {
	f := setup(t, testenv.SQLite(t), byMail)
	f.user("ada")
	asked := f.wantsCode("ada@example.org", client(1))
	code := f.mailed("ada@example.org", asked)
	rotated := f.cfg
	rotated.Secrets = [][]byte{newSecret, oldSecret}
	f.deps.Links = f.linksBy(rotated.Secrets)
	_, err := f.answer(f.replica(rotated), asked.Challenge, auth.LoginAnswer{EmailCode: &code}, client(1))
	expect(t, "behind the new secret", err, "ok")
	rotated.Secrets = [][]byte{newSecret}
	f.deps.Links = f.linksBy(rotated.Secrets)
	_, err = f.answer(f.replica(rotated), asked.Challenge, auth.LoginAnswer{EmailCode: &code}, client(1))
	expect(t, "without its secret", err, "CHALLENGE_INVALID")
}

// A login by cookie needs the origin when it begins and when it ends: the way stays in the
// challenge.
func TestLoginCodeKeepsItsWay_I5(t *testing.T) {
	f := setup(t, testenv.SQLite(t), byMail)
	f.user("ada")
	asked, err := f.RequestLoginCode(t.Context(), client(1), auth.RequestLoginCodeInput{
		Email: "ada@example.org", Transport: auth.TransportCookie, DeviceName: new("Ada's phone\u202e" + strings.Repeat("x", 5000)),
	})
	must(t, err)
	code := f.mailed("ada@example.org", asked)
	expect(t, "from another origin", f.typed(asked.Challenge, code, client(1)), "FORBIDDEN ORIGIN")
	l, err := f.ContinueLogin(t.Context(), client(1), auth.ContinueLoginInput{Challenge: asked.Challenge, Answer: auth.LoginAnswer{EmailCode: &code}, MayUseCookie: true})
	must(t, err)
	if l.Transport != auth.TransportCookie || !strings.HasPrefix(l.Session.DeviceName, "Ada's phonexx") || len(l.Session.DeviceName) != 64 {
		t.Errorf("a session of %q by %s", l.Session.DeviceName, l.Transport)
	}
}

// Who has neither a password nor a factor steps up by a mailed code, and nobody else does.
func TestStepUpByCode_M1(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		u := f.user("ada")
		l := f.login("ada", client(1))
		f.exec(`UPDATE users SET password_hash = '' WHERE id = $1`, u.ID)
		start := func(l *auth.Login) *auth.StepUpOffer {
			t.Helper()
			o, err := f.StartStepUp(t.Context(), as(f.of(l), client(1)))
			must(t, err)
			return o
		}
		steps := func(l *auth.Login, challenge, code string) error {
			_, err := f.StepUp(t.Context(), as(f.of(l), client(1)), auth.StepUpInput{Challenge: &challenge, Answer: auth.StepUpAnswer{EmailCode: &code}})
			return err
		}
		f.pass(11 * time.Minute)
		_, err := f.StartTotp(t.Context(), as(f.of(l), client(1)))
		must(t, err)
		expect(t, "not fresh", f.Fresh(t.Context(), f.of(l)), "FORBIDDEN STEP_UP")
		o := start(l)
		if !slices.Equal(o.Proofs, []auth.ProofKind{auth.ProofEmailCode}) || o.Code == nil {
			t.Fatalf("%+v", o)
		}
		code := f.mailed("ada@example.org", o.Code)
		asked := f.wantsCode("ada@example.org", client(1))
		expect(t, "wrong", steps(l, o.Code.Challenge, "0000-0000"), "CODE_INVALID")
		expect(t, "with the challenge of a login", steps(l, asked.Challenge, f.mailed("ada@example.org", asked)), "CHALLENGE_INVALID")
		expect(t, "a login by it", f.typed(o.Code.Challenge, code, client(1)), "CHALLENGE_INVALID")
		other, err := f.types(asked.Challenge, f.mailed("ada@example.org", asked), client(1))
		must(t, err)
		expect(t, "in another session", steps(other, o.Code.Challenge, code), "CHALLENGE_INVALID")
		expect(t, "right", steps(l, o.Code.Challenge, code), "ok")
		expect(t, "fresh", f.Fresh(t.Context(), f.of(l)), "ok")
		expect(t, "again", steps(l, o.Code.Challenge, code), "CHALLENGE_INVALID")

		f.exec(`UPDATE users SET password_hash = 'x' WHERE id = $1`, u.ID)
		if o := start(l); o.Code != nil || !slices.Equal(o.Proofs, []auth.ProofKind{auth.ProofPassword}) {
			t.Errorf("with a password: %+v", o)
		}
		f.exec(`UPDATE users SET password_hash = '' WHERE id = $1`, u.ID)
		o = start(l)
		f.enrol(l, client(1))
		if now := start(l); now.Code != nil || slices.Contains(now.Proofs, auth.ProofEmailCode) {
			t.Errorf("with an app: %+v", now)
		}
		expect(t, "a code of before the app", steps(l, o.Code.Challenge, f.mailed("ada@example.org", o.Code)), "CHALLENGE_INVALID")
	}, byMail)
}

// A name for the device that is too long is cut, in a login of several steps too.
func TestLongDeviceNameInSteps(t *testing.T) {
	f := setup(t, testenv.SQLite(t))
	f.user("ada")
	a := f.enrol(f.login("ada", client(1)), client(1))
	long := strings.Repeat("🔑", 3000)
	_, err := f.Login(t.Context(), client(1), auth.LoginInput{Login: "ada", Password: goodPassword, DeviceName: &long})
	l, err := f.answer(f.Service, f.challenge(err), auth.LoginAnswer{TotpCode: new(a.code())}, client(1))
	must(t, err)
	if l.Session.DeviceName != strings.Repeat("🔑", 64) {
		t.Errorf("called %q", l.Session.DeviceName)
	}
}
