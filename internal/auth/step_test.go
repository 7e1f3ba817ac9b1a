package auth_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/store"
)

// A login with an app comes in two steps. Before the second there is nothing, a wrong code
// leaves it as it was, and after it no challenge of the login is worth anything.
func TestLoginInSteps_J2_J3_J4(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		u := f.user("ada")
		a := f.enrol(f.login("ada", client(1)), client(1))
		f.exec(`DELETE FROM familiar`)
		f.exec(`DELETE FROM sessions`)
		before, err := f.store.UserByID(t.Context(), u.ID)
		must(t, err)
		events := f.count(`security_events`)

		f.pass(time.Minute)
		challenge := f.begin("ada", client(2))
		expect(t, "a wrong code", f.shows(challenge, a.wrong(), client(2)), "CODE_INVALID")
		expect(t, "no code", f.shows(challenge, "", client(2)), "CODE_INVALID")
		expect(t, "as a token", f.identifies(challenge), "UNAUTHENTICATED INVALID")
		_, err = f.Refresh(t.Context(), client(2), challenge)
		expect(t, "as a refresh token", err, "TOKEN_INVALID")
		after, err := f.store.UserByID(t.Context(), u.ID)
		must(t, err)
		if n := f.count(`sessions`) + f.count(`familiar`) + f.count(`security_events`) - events + f.count(`used WHERE owner <> ''`) - 1; n != 0 || !after.LastLoginAt.Equal(*before.LastLoginAt) {
			t.Errorf("a login that is not complete left %d rows, and a last login at %v", n, after.LastLoginAt)
		}

		l, err := f.answer(f.Service, challenge, auth.LoginAnswer{TotpCode: new(a.code())}, client(2))
		must(t, err)
		if got := fmt.Sprint(f.Proofs(f.of(l).Session)); got != "[PASSWORD TOTP]" {
			t.Errorf("the session says %s", got)
		}
		f.pass(30 * time.Second)
		expect(t, "again", f.shows(challenge, a.code(), client(2)), "CHALLENGE_INVALID")
		expect(t, "no challenge", f.shows("lkc_x", a.code(), client(2)), "CHALLENGE_INVALID")
	})
}

func (f *fixture) identifies(token string) error {
	_, err := f.Identify(f.t.Context(), token)
	return err
}

// A code counts for 90 s, and once: at this login and at every other.
func TestCodeOnce_J5(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		a := f.enrol(f.login("ada", client(1)), client(1))
		code := a.code()
		first, second := f.begin("ada", client(1)), f.begin("ada", client(1))
		expect(t, "the first", f.shows(first, code, client(1)), "ok")
		expect(t, "the second", f.shows(second, code, client(1)), "CODE_INVALID")
		f.pass(30 * time.Second)
		fresh := a.code()
		for _, skew := range []time.Duration{31 * time.Second, -62 * time.Second} { // the server's clock is ahead, or behind
			f.pass(skew)
			expect(t, "half a minute away", f.shows(f.begin("ada", client(1)), fresh, client(1)), map[bool]string{true: "ok", false: "CODE_INVALID"}[skew > 0])
		}
		f.pass(3 * time.Minute)
		old := a.code()
		f.pass(61 * time.Second)
		expect(t, "a minute old", f.shows(f.begin("ada", client(1)), old, client(1)), "CODE_INVALID")
	})
}

// Of fifty who answer at once, on two replicas, one is let in: with one challenge, and with
// one code at many challenges.
func TestStepRace_J4_J5(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		u := f.user("ada")
		a := f.enrol(f.login("ada", client(1)), client(1))
		f.exec(`DELETE FROM sessions`)
		replicas := []*auth.Service{f.Service, f.replica(f.cfg)}
		for round, challenge := range []func() string{
			func() func() string { c := f.begin("ada", client(1)); return func() string { return c } }(),
			func() string { return f.begin("ada", client(1)) },
		} {
			code := a.code()
			challenges := make([]string, 50)
			for i := range challenges {
				challenges[i] = challenge()
			}
			f.exec(`DELETE FROM factor_tries`)
			let := 0
			var mu sync.Mutex
			errs := parallel(len(challenges), func(i int) error {
				return patient(func() error {
					_, err := f.answer(replicas[i%2], challenges[i], auth.LoginAnswer{TotpCode: &code}, client(1))
					mu.Lock()
					defer mu.Unlock()
					if err == nil {
						let++
					}
					return err
				})
			})
			for _, err := range errs {
				if got := outcome(err); got != "ok" && got != "CODE_INVALID" && got != "CHALLENGE_INVALID" && got != "RATE_LIMITED" {
					t.Errorf("round %d: %s", round, got)
				}
			}
			if n := f.count(`sessions WHERE user_id = $1`, u.ID); let != 1 || n != round+1 {
				t.Errorf("round %d: %d were let in, and there are %d sessions", round, let, n)
			}
			f.pass(30 * time.Second)
		}
	})
}

// What ends a login that has begun.
func TestChallengeEnds_J4(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		l := f.login("ada", client(1))
		a := f.enrol(l, client(1))
		v := f.of(l)

		late := f.begin("ada", client(2))
		f.pass(10*time.Minute + time.Second)
		expect(t, "after ten minutes", f.shows(late, a.code(), client(2)), "CHALLENGE_INVALID")

		must(t, f.stepUpWith(l, a))
		f.pass(30 * time.Second)
		challenge := f.begin("ada", client(2))
		must(t, f.changePassword(f.reload(v), goodPassword, newPassword, client(1)))
		expect(t, "after a new password", f.shows(challenge, a.code(), client(2)), "CHALLENGE_INVALID")

		f.pass(30 * time.Second)
		challenge = f.challenge(f.try("ada", newPassword, client(2)))
		_, err := f.DisableUser(t.Context(), shell, auth.DisableUserInput{UserID: v.User.ID})
		must(t, err)
		expect(t, "while disabled", f.shows(challenge, a.code(), client(2)), "CHALLENGE_INVALID")
		_, err = f.EnableUser(t.Context(), shell, auth.EnableUserInput{UserID: v.User.ID})
		must(t, err)
		expect(t, "disabled meanwhile", f.shows(challenge, a.code(), client(2)), "CHALLENGE_INVALID")

		challenge = f.challenge(f.try("ada", newPassword, client(2)))
		must(t, f.DeleteUser(t.Context(), shell, auth.DeleteUserInput{UserID: v.User.ID}))
		expect(t, "after a deletion", f.shows(challenge, a.code(), client(2)), "CHALLENGE_INVALID")
	})
}

func (f *fixture) stepUpWith(l *auth.Login, a *app) error {
	_, err := f.stepsUp(l, auth.StepUpAnswer{TotpCode: new(a.code())}, client(1))
	return err
}

// Codes are counted before they are compared, for all replicas, apart for clients that the
// user is known at, and however often Redis or the process forgets. At the third wrong one
// the user is told.
func TestCodesAreCounted_J6_J7(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		u := f.user("ada")
		a := f.enrol(f.login("ada", client(1)), client(1))
		services := []*auth.Service{f.Service, f.replica(f.cfg)}
		tries := 0
		// guess tries until no more may be tried, and returns how often that was.
		guess := func(c auth.Actor) int {
			for n := 0; ; n++ {
				tries++
				challenge := f.begin("ada", c)
				_, err := f.answer(services[tries%2], challenge, auth.LoginAnswer{TotpCode: new(a.wrong())}, c)
				switch outcome(err) {
				case "CODE_INVALID":
				case "RATE_LIMITED":
					_, err := f.answer(f.Service, challenge, auth.LoginAnswer{TotpCode: new(a.code())}, c)
					expect(t, "the right one", err, "RATE_LIMITED")
					return n
				default:
					t.Fatal(outcome(err))
				}
			}
		}
		got := []int{guess(client(66)), guess(client(67))}
		if mails := len(f.kinds("ada@example.org", store.MailCodesTried)); mails != 1 {
			t.Errorf("the user was told %d times, want once", mails)
		}
		expect(t, "the owner, where they are known", f.shows(f.begin("ada", client(1)), a.code(), client(1)), "ok")
		for range 3 {
			f.pass(time.Hour + time.Second)
			got = append(got, guess(client(68)))
		}
		f.pass(21 * time.Hour)
		got = append(got, guess(client(69)))
		if want := "[10 0 10 10 0 10]"; fmt.Sprint(got) != want {
			t.Errorf("a stranger with the password has %v tries, want %s", got, want)
		}
		if mails := len(f.kinds("ada@example.org", store.MailCodesTried)); mails != 2 {
			t.Errorf("on the second day the user was told %d times, want twice in all", mails)
		}
		f.pass(time.Minute)
		known := []int{guess(client(1))}
		for range 7 {
			f.pass(time.Hour + time.Second)
			known = append(known, guess(client(1)))
		}
		if want := "[10 10 10 10 10 10 0 0]"; fmt.Sprint(known) != want {
			t.Errorf("from the owner's client there are %v tries, want %s", known, want)
		}
		if n := len(f.kinds("ada@example.org", store.MailCodesTried)); n != 2 {
			t.Errorf("of wrong codes at a known client the user was told: %d mails", n)
		}
		if got := strings.Count(strings.Join(f.history(shell, u.ID), "\n"), "CODES_LIMITED"); got != 10 {
			t.Errorf("history has %d times that no more may be tried, want 10", got)
		}
		must(t, f.notMe(f.token("ada@example.org", store.MailCodesTried)))
		expect(t, "with the password that was known", f.try("ada", goodPassword, client(66)), "INVALID_CREDENTIALS")
	})
}

// kinds returns the mails of a kind to an address.
func (f *fixture) kinds(to string, kind store.MailKind) []string {
	f.t.Helper()
	var ids []string
	for _, m := range f.mails(to) {
		if m.Kind == kind {
			ids = append(ids, m.ID)
		}
	}
	return ids
}

// Who has to set a new password sets another.
func TestAnotherPassword_J1(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		f.exec(`UPDATE users SET must_change_password = TRUE`)
		challenge := f.begin("ada", client(1))
		sets := func(typed string) error {
			_, err := f.answer(f.Service, challenge, auth.LoginAnswer{NewPassword: &typed}, client(1))
			return err
		}
		expect(t, "the same", sets(goodPassword), "PASSWORD_TOO_COMMON")
		expect(t, "a weak one", sets("password1"), "PASSWORD_TOO_COMMON")
		expect(t, "another", sets(newPassword), "ok")
		expect(t, "again", sets(newPassword+"!"), "CHALLENGE_INVALID")
		expect(t, "a login with it", f.try("ada", newPassword, client(1)), "ok")
	})
}
