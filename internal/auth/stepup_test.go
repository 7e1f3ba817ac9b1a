package auth_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"latchkey/internal/auth"
)

// fresh says how a session stands with what asks for a fresh proof.
func (f *fixture) fresh(l *auth.Login) string {
	f.t.Helper()
	err := f.Fresh(f.t.Context(), f.of(l))
	if err == nil {
		return "fresh"
	}
	e := auth.AsError(err)
	return strings.TrimSpace(e.Error() + " " + e.Level)
}

// A session is fresh for ten minutes after something was shown, at the level that the
// account has, and a refresh shows nothing.
func TestFresh_M1(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		l := f.login("ada", client(1))
		other := f.login("ada", client(2))
		expectFresh := func(what string, l *auth.Login, want string) {
			t.Helper()
			if got := f.fresh(l); got != want {
				t.Errorf("%s: %s, want %s", what, got, want)
			}
		}
		expectFresh("after a login", l, "fresh")
		f.pass(10 * time.Minute)
		expectFresh("after ten minutes", l, "fresh")
		f.pass(time.Second)
		expectFresh("a second later", l, "FORBIDDEN STEP_UP aal1")
		l, err := f.Refresh(t.Context(), client(1), *l.Tokens.RefreshToken)
		must(t, err)
		expectFresh("after a refresh", l, "FORBIDDEN STEP_UP aal1")

		_, err = f.stepsUp(l, auth.StepUpAnswer{Password: new(wrongPassword)}, client(1))
		expect(t, "a wrong password", err, "WRONG_PASSWORD")
		_, err = f.stepsUp(l, auth.StepUpAnswer{TotpCode: new("123456")}, client(1))
		expect(t, "a code of nothing", err, "CODE_INVALID")
		_, err = f.stepsUp(l, auth.StepUpAnswer{Password: new(goodPassword)}, client(1))
		must(t, err)
		expectFresh("after a step-up", l, "fresh")
		a := f.enrol(l, client(1))
		expectFresh("after an app was added in it", l, "fresh")
		f.pass(10 * time.Minute)
		expectFresh("ten minutes after that", l, "FORBIDDEN STEP_UP aal2")
		_, err = f.stepsUp(l, auth.StepUpAnswer{Password: new(goodPassword)}, client(1))
		expect(t, "the password is not enough", err, "SECOND_FACTOR_NEEDED")
		code := a.code()
		_, err = f.stepsUp(l, auth.StepUpAnswer{TotpCode: &code}, client(1))
		must(t, err)
		expectFresh("after a code", l, "fresh")
		_, err = f.stepsUp(other, auth.StepUpAnswer{TotpCode: &code}, client(2))
		expect(t, "the code again", err, "CODE_INVALID")
		expectFresh("another session", other, "FORBIDDEN STEP_UP aal2")
		_, err = f.stepsUp(other, auth.StepUpAnswer{RecoveryCode: &a.recovery[0]}, client(2))
		must(t, err)
		expectFresh("after a recovery code", other, "fresh")
	})
}

// Where the account has a second factor, the password alone changes nothing.
func TestChangesAskForTheFactor_M1(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		l := f.login("ada", client(1))
		a := f.enrol(l, client(1))
		f.pass(11 * time.Minute)
		v := f.of(l)
		expect(t, "changePassword", f.changePassword(v, goodPassword, newPassword, client(1)), "FORBIDDEN STEP_UP")
		expect(t, "changeEmail", f.changeEmail(v, "new@example.org", goodPassword, client(1)), "FORBIDDEN STEP_UP")
		expect(t, "deleteAccount", f.deleteAccount(v, goodPassword), "FORBIDDEN STEP_UP")
		must(t, f.stepUpWith(l, a))
		v = f.of(l)
		expect(t, "changeEmail, wrong password", f.changeEmail(v, "new@example.org", wrongPassword, client(1)), "WRONG_PASSWORD")
		expect(t, "changeEmail", f.changeEmail(v, "new@example.org", goodPassword, client(1)), "ok")
		expect(t, "changePassword", f.changePassword(f.reload(v), goodPassword, newPassword, client(1)), "ok")
		expect(t, "deleteAccount", f.deleteAccount(f.reload(v), newPassword), "ok")
	})
}

// Access tokens say what was shown in their session and when, and a refresh changes
// nothing of that.
func TestTokensSayWhatWasShown_M2(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		start := f.Now()
		says := func(what string, l *auth.Login, level, methods string, ago time.Duration) {
			t.Helper()
			c, err := f.keys.Verify(l.Tokens.AccessToken, f.Now())
			must(t, err)
			if c.Level != level || c.Methods != methods || !c.AuthTime.Equal(f.Now().Add(-ago)) {
				t.Errorf("%s: acr %s, amr %s, auth_time %v after the beginning; want %s, %s, %v", what, c.Level, c.Methods, c.AuthTime.Sub(start), level, methods, f.Now().Add(-ago).Sub(start))
			}
		}
		refresh := func(l *auth.Login) *auth.Login {
			t.Helper()
			next, err := f.Refresh(t.Context(), client(1), *l.Tokens.RefreshToken)
			must(t, err)
			return next
		}
		l := f.login("ada", client(1))
		says("a login", l, "aal1", "pwd", 0)
		f.pass(time.Minute)
		l = refresh(l)
		says("a refresh", l, "aal1", "pwd", time.Minute)
		a := f.enrol(l, client(1)) // half a minute
		l = refresh(l)
		says("with an app", l, "aal2", "mfa otp pwd", 30*time.Second)
		f.pass(time.Minute)
		two := f.loginWith(a, "ada", client(1))
		says("a login in two steps", two, "aal2", "mfa otp pwd", 0)
		f.pass(time.Minute)
		up, err := f.stepsUp(l, auth.StepUpAnswer{TotpCode: new(a.code())}, client(1))
		must(t, err)
		says("a step-up", up, "aal2", "mfa otp pwd", 0)
		if up.Tokens.RefreshToken != nil {
			t.Error("a step-up gave a refresh token")
		}
		f.pass(time.Minute)
		says("the refresh after", refresh(l), "aal2", "mfa otp pwd", time.Minute)
		// A session that an older version opened was proven when it was made.
		f.exec(`UPDATE sessions SET authenticated_at = NULL, proofs = 'PASSWORD'`)
		says("an older session", refresh(refresh(l)), "aal1", "pwd", f.Now().Sub(start))
	})
}

// What administrators do to others asks those who have a second factor to show it.
func TestAdministratorsStepUp_M1(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		u := f.user("rooty")
		f.exec(`UPDATE users SET role = 'ADMIN' WHERE id = $1`, u.ID)
		l := f.login("rooty", client(1))
		f.pass(time.Hour)
		ask := func(s *auth.Service) string { return outcome(s.FreshAdministrator(t.Context(), f.of(l))) }
		cfg := f.cfg
		cfg.SecondFactor = auth.SecondFactorAdministrators
		got := []string{ask(f.Service), ask(f.replica(cfg))}
		_, err := f.stepsUp(l, auth.StepUpAnswer{Password: new(goodPassword)}, client(1))
		must(t, err)
		f.enrol(l, client(1))
		got = append(got, ask(f.Service))
		f.pass(time.Hour)
		got = append(got, ask(f.Service))
		if want := "[ok FORBIDDEN STEP_UP ok FORBIDDEN STEP_UP]"; fmt.Sprint(got) != want {
			t.Errorf("got %v, want %s", got, want)
		}
	})
}
