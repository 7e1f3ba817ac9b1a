package auth_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/store"
)

// An app counts once it was confirmed, by the session that began it, within ten minutes and
// once; and the code that confirmed it does not log in.
func TestEnrolment_J9(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		u := f.user("ada")
		l, other := f.login("ada", client(1)), f.login("ada", client(2))
		me := as(f.of(l), client(1))
		offer, err := f.StartTotp(t.Context(), me)
		must(t, err)
		if !strings.HasPrefix(offer.Totp.URI, "otpauth://totp/Latchkey:ada?secret="+offer.Totp.Secret+"&issuer=Latchkey") {
			t.Errorf("the URI is %s", offer.Totp.URI)
		}
		a := f.installed(offer.Totp.Secret)
		confirm := func(as auth.Actor, challenge, code string) error {
			_, err := f.ConfirmTotp(t.Context(), as, auth.ConfirmTotpInput{Challenge: challenge, TotpCode: code, Name: new("Phone")})
			return err
		}
		expect(t, "a wrong code", confirm(me, offer.Challenge, a.wrong()), "CODE_INVALID")
		expect(t, "another session", confirm(as(f.viewer(other), client(2)), offer.Challenge, a.code()), "CHALLENGE_INVALID")
		expect(t, "a login so far", f.try("ada", goodPassword, client(1)), "ok")
		if got := f.ways(u.ID); got != "password" {
			t.Errorf("before it was confirmed the account has %s", got)
		}

		code := a.code()
		all := parallel(20, func(int) error { return patient(func() error { return confirm(me, offer.Challenge, code) }) })
		expectAll(t, "the right code, twenty times", all, 1, "CHALLENGE_INVALID")
		if got := f.ways(u.ID); got != "password, Phone, ########" {
			t.Errorf("the account has %s", got)
		}
		expect(t, "the same code at a login", f.shows(f.begin("ada", client(1)), code, client(1)), "CODE_INVALID")
		if got := fmt.Sprint(f.Proofs(f.of(l).Session)); got != "[PASSWORD TOTP]" {
			t.Errorf("the session that confirmed it says %s", got)
		}

		late, err := f.StartTotp(t.Context(), as(f.of(l), client(1)))
		must(t, err)
		f.pass(10*time.Minute + time.Second)
		expect(t, "after ten minutes", confirm(as(f.of(l), client(1)), late.Challenge, f.installed(late.Totp.Secret).code()), "CHALLENGE_INVALID")
	})
}

// Another app takes the place of the first, at once, and leaves the recovery codes.
func TestAnotherApp_J9(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		u := f.user("ada")
		l := f.login("ada", client(1))
		old := f.enrol(l, client(1))
		a := f.enrol(l, client(1))
		if len(old.recovery) != 8 || a.recovery != nil {
			t.Errorf("recovery codes: %v, then %v", old.recovery, a.recovery)
		}
		expect(t, "the old app", f.shows(f.begin("ada", client(1)), old.code(), client(1)), "CODE_INVALID")
		expect(t, "a code of before", f.recovers(f.begin("ada", client(1)), old.recovery[0], client(1)), "ok")
		expect(t, "the new app", f.shows(f.begin("ada", client(1)), a.code(), client(1)), "ok")
		if n := f.count(`totps WHERE user_id = $1 AND removed_seq IS NULL`, u.ID); n != 1 {
			t.Errorf("%d apps", n)
		}
	})
}

// A recovery code works once, of fifty at once too; new ones end the old; each use is told
// with how many are left.
func TestRecoveryCodes_J10(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		u := f.user("ada")
		l := f.login("ada", client(1))
		a := f.enrol(l, client(1))
		f.exec(`DELETE FROM sessions WHERE id <> $1`, f.of(l).Session.ID)
		replicas := []*auth.Service{f.Service, f.replica(f.cfg)}
		challenges := make([]string, 10)
		for i := range challenges {
			challenges[i] = f.begin("ada", client(1))
		}
		errs := parallel(10, func(i int) error {
			return patient(func() error {
				_, err := f.answer(replicas[i%2], challenges[i], auth.LoginAnswer{RecoveryCode: &a.recovery[0]}, client(1))
				return err
			})
		})
		expectAll(t, "one code at ten logins", errs, 1, "CODE_INVALID")
		if got := f.ways(u.ID); got != "password, Firefox on Linux, #######" {
			t.Errorf("then the account has %s", got)
		}
		if m := f.newest("ada@example.org", store.MailRecoveryCodeUsed); !strings.Contains(m.Text, "7") {
			t.Errorf("the mail does not say how many are left:\n%s", m.Text)
		}
		f.pass(25 * time.Hour)
		messy := strings.ToUpper(strings.ReplaceAll(a.recovery[1], "-", " "))
		challenge := f.begin("ada", client(1))
		expect(t, "as nobody prints it", f.recovers(challenge, messy, client(1)), "ok")
		expect(t, "no code", f.recovers(f.begin("ada", client(1)), "x", client(1)), "CODE_INVALID")

		me := as(f.of(l), client(1))
		made, err := f.MakeRecoveryCodes(t.Context(), me)
		must(t, err)
		expect(t, "an old one", f.recovers(f.begin("ada", client(1)), a.recovery[2], client(1)), "CODE_INVALID")
		expect(t, "a new one", f.recovers(f.begin("ada", client(1)), made.RecoveryCodes[0], client(1)), "ok")
		if got := f.ways(u.ID); got != "password, Firefox on Linux, #######" {
			t.Errorf("in the end the account has %s", got)
		}
	})
}

// Ten tries at recovery codes a day, the right one too.
func TestRecoveryTries_J6(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		a := f.enrol(f.login("ada", client(1)), client(1))
		challenge := f.begin("ada", client(2))
		for range 10 {
			expect(t, "a wrong one", f.recovers(challenge, "aaaaaa-aaaaaa-aaaaaa-aaaaaa", client(2)), "CODE_INVALID")
		}
		expect(t, "the right one", f.recovers(challenge, a.recovery[0], client(2)), "RATE_LIMITED")
		expect(t, "an app's code", f.shows(challenge, a.code(), client(2)), "ok")
		f.pass(24*time.Hour + time.Second)
		expect(t, "the day after", f.recovers(f.begin("ada", client(2)), a.recovery[0], client(2)), "ok")
	})
}

// An app is removed, and with it the codes that stand in for it; what is not there is not
// found.
func TestRemoveFactor_J11(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		u := f.user("ada")
		l := f.login("ada", client(1))
		f.enrol(l, client(1))
		me := as(f.of(l), client(1))
		all, err := f.FactorsOf(t.Context(), []store.User{*me.Viewer.User})
		must(t, err)
		id := all[u.ID].List[0].(*store.TOTP).ID
		remove := func(a auth.Actor, id string) error {
			_, err := f.RemoveFactor(t.Context(), a, auth.RemoveFactorInput{FactorID: id})
			return err
		}
		f.user("eve")
		expect(t, "another's", remove(as(f.viewer(f.login("eve", client(3))), client(3)), id), "NOT_FOUND")
		expect(t, "none", remove(me, "x"), "NOT_FOUND")
		expect(t, "the own", remove(me, id), "ok")
		expect(t, "again", remove(me, id), "NOT_FOUND")
		if got := f.ways(u.ID); got != "password" {
			t.Errorf("the account has %s", got)
		}
		expect(t, "a login by password", f.try("ada", goodPassword, client(1)), "ok")
		_, err = f.MakeRecoveryCodes(t.Context(), me)
		expect(t, "recovery codes for nothing", err, "FACTOR_MISSING")
	})
}

// "This was not me" leaves exactly the ways in of before the event, whatever was added or
// removed since; and 72 hours after it was added, a mailbox takes no factor off.
func TestNotMeAndFactors_J12(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		u := f.user("ada")
		l := f.login("ada", client(1))
		a := f.enrol(l, client(1))
		added := f.token("ada@example.org", store.MailFactorAdded)
		f.pass(73 * time.Hour)
		expect(t, "after 72 hours", f.notMe(added), "TOKEN_INVALID")

		// A thief with the password and a code: their own app and codes, the owner's gone.
		thief := at(client(66).Client.Addr, chrome)
		stolen := f.loginWith(a, "ada", thief)
		told := f.token("ada@example.org", store.MailNewDevice)
		f.pass(30 * time.Second)
		theirs := f.enrol(stolen, thief)
		_, err := f.MakeRecoveryCodes(t.Context(), as(f.of(stolen), thief))
		must(t, err)
		if got := f.ways(u.ID); got != "password, Chrome on Windows, ########" {
			t.Fatalf("the thief's account has %s", got)
		}
		must(t, f.notMe(told))
		if got := f.ways(u.ID); got != "Firefox on Linux, ########" {
			t.Errorf("then the account has %s", got)
		}
		must(t, f.reset(f.token("ada@example.org", store.MailPasswordReset), goodPassword, client(1)))
		expect(t, "the thief's app", f.shows(f.begin("ada", client(1)), theirs.code(), client(1)), "CODE_INVALID")
		expect(t, "the owner's", f.shows(f.begin("ada", client(1)), a.code(), client(1)), "ok")
		expect(t, "the owner's code", f.recovers(f.begin("ada", client(1)), a.recovery[7], client(1)), "ok")
	})
}

// A thief with the password of somebody who has to add a second factor adds their own, in the
// login itself: each of the two mails about it takes it off again, and the duty stays.
func TestNotMeAfterEnrolmentAtLogin_J12(t *testing.T) {
	for _, kind := range []store.MailKind{store.MailNewDevice, store.MailFactorAdded} {
		each(t, func(t *testing.T, f *fixture) {
			u := f.user("ada")
			f.login("ada", client(1))
			f.exec(`UPDATE users SET must_enrol = TRUE WHERE id = $1`, u.ID)
			f.pass(time.Minute)
			thief := at(client(66).Client.Addr, chrome)
			err := f.try("ada", goodPassword, thief)
			step, ok := errors.AsType[*auth.StepNeeded](err)
			if !ok {
				t.Fatal(outcome(err))
			}
			offer := step.Step.(*auth.EnrolmentStep)
			a := f.installed(offer.Totp.Secret)
			expect(t, "the thief's app", f.shows(offer.Challenge, a.code(), thief), "ok")
			must(t, f.notMe(f.token("ada@example.org", kind)))
			if got := f.ways(u.ID); got != "" {
				t.Errorf("by the mail %s the account has %s", kind, got)
			}
			if n := f.count(`users WHERE must_enrol`); n != 1 {
				t.Errorf("by the mail %s the duty is gone", kind)
			}
		})
	}
}

// What happens to factors has its rows of history, in order.
func TestHistoryOfFactors(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		u := f.user("ada")
		l := f.login("ada", client(1))
		a := f.enrol(l, client(1))
		me := func() auth.Actor { return as(f.of(l), client(1)) }
		expect(t, "a recovery code", f.recovers(f.begin("ada", client(1)), a.recovery[0], client(1)), "ok")
		_, err := f.MakeRecoveryCodes(t.Context(), me())
		must(t, err)
		must(t, f.stepUpWith(l, a))
		all, err := f.FactorsOf(t.Context(), []store.User{*me().Viewer.User})
		must(t, err)
		_, err = f.RemoveFactor(t.Context(), me(), auth.RemoveFactorInput{FactorID: all[u.ID].List[0].(*store.TOTP).ID})
		must(t, err)
		var kinds []string
		for _, line := range f.history(me(), u.ID)[2:] {
			kind, _, _ := strings.Cut(line, " ")
			kinds = append(kinds, kind)
		}
		if got, want := strings.Join(kinds, " "), "FACTOR_ADDED LOGIN RECOVERY_CODE_USED RECOVERY_CODES_MADE STEP_UP FACTOR_REMOVED"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

// A reset by mail takes no factor off.
func TestResetLeavesFactors_J11(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		u := f.user("ada")
		a := f.enrol(f.login("ada", client(1)), client(1))
		must(t, f.reset(f.asks("ada@example.org", client(66)), goodPassword+"!", client(66)))
		if got := f.ways(u.ID); got != "password, Firefox on Linux, ########" {
			t.Errorf("after a reset the account has %s", got)
		}
		expect(t, "then a code", f.shows(f.challenge(f.try("ada", goodPassword+"!", client(66))), a.code(), client(66)), "ok")
	})
}
