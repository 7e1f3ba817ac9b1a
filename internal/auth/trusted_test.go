package auth_test

import (
	"slices"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/store"
	"latchkey/internal/testenv"
)

// How a login ends that needs one more step.
var factorNeeded, passwordNeeded = outcome(&auth.StepNeeded{Code: auth.SecondFactorNeeded}), outcome(&auth.StepNeeded{Code: auth.NewPasswordNeeded})

// trusting has devices be trusted for 30 days.
func trusting(f *fixture) { f.cfg.TrustedDeviceTTL = 30 * day }

// trusted logs in with goodPassword and a code, has the device be trusted, and returns the
// login.
func (f *fixture) trusted(a *app, login string, c auth.Actor) *auth.Login {
	f.t.Helper()
	l, err := f.ContinueLogin(f.t.Context(), c, auth.ContinueLoginInput{
		Challenge: f.begin(login, c), Answer: auth.LoginAnswer{TotpCode: new(a.code())}, RememberDevice: true,
	})
	must(f.t, err)
	f.pass(30 * time.Second)
	return l
}

// with logs in with goodPassword and a device's secret.
func (f *fixture) with(secret *string, login string, c auth.Actor) (*auth.Login, error) {
	return f.Login(f.t.Context(), c, auth.LoginInput{Login: login, Password: goodPassword, DeviceToken: secret})
}

// stillAsks expects a login with a device's secret to ask for the second factor.
func (f *fixture) stillAsks(what string, secret *string, login string) {
	f.t.Helper()
	_, err := f.with(secret, login, client(1))
	if got := outcome(err); got != factorNeeded {
		f.t.Errorf("%s: %s, want the second factor", what, got)
	}
}

// A trusted device spares its user the second step, at whichever network and name, and
// nobody else; never the first one; and what it opens is of one factor.
func TestTrustedDevice_M3(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ada, bob := f.user("ada"), f.user("bob")
		adas, bobs := f.enrol(f.login("ada", client(1)), client(1)), f.enrol(f.login("bob", client(1)), client(1))
		_, err := f.with(nil, "ada", client(1))
		step := err.(*auth.StepNeeded).Step.(*auth.SecondFactorStep)
		if !step.MayRememberDevice {
			t.Error("it is not offered")
		}
		plain := f.loginWith(adas, "ada", client(1))
		f.pass(30 * time.Second)
		f.stillAsks("a device that is not trusted", plain.DeviceToken, "ada")

		l := f.trusted(adas, "ada", client(1))
		first := l.DeviceToken
		f.stillAsks("another's device", first, "bob")
		f.stillAsks("no device", nil, "ada")
		f.stillAsks("a forged one", new(flip(*first, 60)), "ada")
		expect(t, "a wrong password", f.brings(*first, "ada", wrongPassword, client(1)), "INVALID_CREDENTIALS")
		for _, login := range []string{"ada", "ada@example.org"} {
			f.pass(time.Minute)
			next, err := f.with(l.DeviceToken, login, client(700))
			must(t, err)
			if kinds := f.Proofs(next.Session); !slices.Equal(kinds, []auth.ProofKind{auth.ProofPassword}) {
				t.Errorf("a session of %v", kinds)
			}
			if *next.DeviceToken == *l.DeviceToken {
				t.Error("the secret is not renewed")
			}
			err = f.Fresh(t.Context(), f.viewer(next))
			expect(t, "fresh with one factor", err, "FORBIDDEN STEP_UP")
			if level := auth.AsError(err).Level; level != "aal2" {
				t.Errorf("it asks for %s", level)
			}
			l = next
		}
		bobsDevice := f.trusted(bobs, "bob", client(1)).DeviceToken
		f.stillAsks("bob's device at ada", bobsDevice, "ada")

		list := f.devicesOf(ada)
		if len(list) != 1 || list[0].Name != "Firefox on Linux" || !list[0].ExpiresAt.Equal(list[0].CreatedAt.Add(30*day)) || !list[0].LastUsedAt.Equal(l.Session.CreatedAt) {
			t.Errorf("ada trusts %+v", list)
		}
		if n := len(f.devicesOf(bob)); n != 1 {
			t.Errorf("bob trusts %d devices", n)
		}
		if got := f.history(shell, ada.ID); !slices.Contains(got, "DEVICE_TRUSTED USER "+ada.ID+" API") {
			t.Errorf("history: %v", got)
		}
	}, trusting)
}

func (f *fixture) devicesOf(u *store.User) []store.TrustedDevice {
	f.t.Helper()
	all, err := f.TrustedDevicesOf(f.t.Context(), []string{u.ID})
	must(f.t, err)
	return all[u.ID]
}

// Whoever has a secret of before that the device had does not get in by it: the device that is
// trusted gets a new one.
func TestTrustIsNotOfASecretOfBefore_M3(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		planted := f.login("ada", client(66)).DeviceToken
		a := f.enrol(f.login("ada", client(1)), client(1))
		_, err := f.with(planted, "ada", client(1))
		l, err := f.ContinueLogin(t.Context(), client(1), auth.ContinueLoginInput{
			Challenge: f.challenge(err), Answer: auth.LoginAnswer{TotpCode: new(a.code())}, RememberDevice: true,
		})
		must(t, err)
		f.stillAsks("the secret of before", planted, "ada")
		_, err = f.with(l.DeviceToken, "ada", client(1))
		expect(t, "the secret that came", err, "ok")
	}, trusting)
}

// Trust ends with what it stood on, with its time, and when its user says so.
func TestTrustEnds_M3(t *testing.T) {
	for what, end := range map[string]func(f *fixture, u *store.User, l *auth.Login, a *app){
		"a new password": func(f *fixture, u *store.User, l *auth.Login, a *app) {
			must(f.t, f.changePassword(f.of(l), goodPassword, newPassword, client(1)))
			must(f.t, f.changePassword(f.of(l), newPassword, goodPassword, client(1)))
		},
		"a reset": func(f *fixture, u *store.User, l *auth.Login, a *app) {
			must(f.t, f.reset(f.asks("ada@example.org", client(1)), goodPassword, client(1)))
		},
		"another app": func(f *fixture, u *store.User, l *auth.Login, a *app) { f.enrol(l, client(1)) },
		"no app and then one": func(f *fixture, u *store.User, l *auth.Login, a *app) {
			all, err := f.FactorsOf(f.t.Context(), []store.User{*u})
			must(f.t, err)
			_, err = f.RemoveFactor(f.t.Context(), as(f.of(l), client(1)), auth.RemoveFactorInput{FactorID: all[u.ID].List[0].(*store.TOTP).ID})
			must(f.t, err)
			f.enrol(l, client(1))
		},
		"not me": func(f *fixture, u *store.User, l *auth.Login, a *app) {
			must(f.t, f.notMe(f.token("ada@example.org", store.MailNewDevice)))
			must(f.t, f.reset(f.token("ada@example.org", store.MailPasswordReset), goodPassword, client(1)))
			f.enrol(f.login("ada", client(1)), client(1))
		},
		"disabling": func(f *fixture, u *store.User, l *auth.Login, a *app) {
			_, err := f.DisableUser(f.t.Context(), shell, auth.DisableUserInput{UserID: u.ID})
			must(f.t, err)
			_, err = f.EnableUser(f.t.Context(), shell, auth.EnableUserInput{UserID: u.ID})
			must(f.t, err)
		},
		"its time": func(f *fixture, u *store.User, l *auth.Login, a *app) { f.pass(30 * day) },
		"forgetDevice": func(f *fixture, u *store.User, l *auth.Login, a *app) {
			list := f.devicesOf(u)
			eve := f.user("eve")
			v := as(f.viewer(f.login("eve", client(1))), client(1))
			_, err := f.ForgetDevice(f.t.Context(), v, auth.ForgetDeviceInput{DeviceID: list[0].ID})
			expect(f.t, "by another", err, "NOT_FOUND")
			if n := f.count(`security_events WHERE user_id = $1 AND kind = 'DEVICE_FORGOTTEN'`, eve.ID); n != 0 {
				f.t.Error("it is told of what did not happen")
			}
			_, err = f.ForgetDevice(f.t.Context(), as(f.of(l), client(1)), auth.ForgetDeviceInput{DeviceID: list[0].ID})
			must(f.t, err)
			_, err = f.ForgetDevice(f.t.Context(), as(f.of(l), client(1)), auth.ForgetDeviceInput{DeviceID: list[0].ID})
			expect(f.t, "again", err, "NOT_FOUND")
			if n := f.count(`security_events WHERE user_id = $1 AND kind = 'DEVICE_FORGOTTEN'`, u.ID); n != 1 {
				f.t.Errorf("history tells of it %d times", n)
			}
		},
		"the switch": func(f *fixture, u *store.User, l *auth.Login, a *app) {
			f.cfg.TrustedDeviceTTL = 0
			f.Service = f.replica(f.cfg)
		},
		"the policy": func(f *fixture, u *store.User, l *auth.Login, a *app) {
			f.cfg.SecondFactor = auth.SecondFactorEverybody
			f.Service = f.replica(f.cfg)
		},
	} {
		t.Run(what, func(t *testing.T) {
			each(t, func(t *testing.T, f *fixture) {
				u := f.user("ada")
				a := f.enrol(f.login("ada", client(1)), client(1))
				l := f.trusted(a, "ada", client(1))
				_, err := f.with(l.DeviceToken, "ada", client(1))
				expect(t, "before", err, "ok")
				end(f, u, l, a)
				f.stillAsks("afterwards", l.DeviceToken, "ada")
				if what != "the switch" && what != "the policy" && len(f.devicesOf(u)) != 0 {
					t.Errorf("trusted are %+v", f.devicesOf(u))
				}
			}, trusting)
		})
	}
}

// Where nobody may trust a device, it is not offered and asking for it does nothing.
func TestTrustIsNotOffered_M3(t *testing.T) {
	for what, set := range map[string]change{
		"by default":            func(*fixture) {},
		"who needs the factor":  func(f *fixture) { trusting(f); f.cfg.SecondFactor = auth.SecondFactorEverybody },
		"administrators, if so": func(f *fixture) { trusting(f); f.cfg.SecondFactor = auth.SecondFactorAdministrators },
	} {
		t.Run(what, func(t *testing.T) {
			f := setup(t, testenv.SQLite(t), trusting)
			u := f.user("ada")
			f.exec(`UPDATE users SET role = 'ADMIN' WHERE id = $1`, u.ID)
			a := f.enrol(f.login("ada", client(1)), client(1))
			f.cfg.TrustedDeviceTTL = 0
			set(f)
			f.Service = f.replica(f.cfg)
			_, err := f.with(nil, "ada", client(1))
			if err.(*auth.StepNeeded).Step.(*auth.SecondFactorStep).MayRememberDevice {
				t.Error("it is offered")
			}
			l := f.trusted(a, "ada", client(1))
			f.stillAsks("a device that was to be trusted", l.DeviceToken, "ada")
			if n := f.count(`trusted_devices`) + f.count(`security_events WHERE kind = 'DEVICE_TRUSTED'`); n != 0 {
				t.Error("something is kept of it")
			}
		})
	}
}

// Who has shown one factor trusts nothing by it.
func TestTrustNeedsSecondFactor_M3(t *testing.T) {
	f := setup(t, testenv.SQLite(t), trusting, byMail)
	u := f.user("ada")
	asked := f.wantsCode("ada@example.org", client(1))
	code := f.mailed("ada@example.org", asked)
	_, err := f.ContinueLogin(t.Context(), client(1), auth.ContinueLoginInput{Challenge: asked.Challenge, Answer: auth.LoginAnswer{EmailCode: &code}, RememberDevice: true})
	must(t, err)
	f.exec(`UPDATE users SET must_change_password = TRUE WHERE id = $1`, u.ID)
	_, err = f.ContinueLogin(t.Context(), client(1), auth.ContinueLoginInput{Challenge: f.begin("ada", client(1)), Answer: auth.LoginAnswer{NewPassword: new(newPassword)}, RememberDevice: true})
	must(t, err)
	if n := f.count(`trusted_devices`); n != 0 {
		t.Errorf("%d devices are trusted", n)
	}
}

// Of more than 20 trusted devices those go that were trusted first.
func TestTwentyTrustedDevices_M3(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		u := f.user("ada")
		a := f.enrol(f.login("ada", client(1)), client(1))
		var all []*string
		for range 21 {
			all = append(all, f.trusted(a, "ada", client(1)).DeviceToken)
		}
		f.stillAsks("the first", all[0], "ada")
		for i := range 20 {
			if _, err := f.with(all[i+1], "ada", client(1)); err != nil {
				t.Errorf("device %d: %s", i+2, outcome(err))
			}
		}
		if n := len(f.devicesOf(u)); n != 20 {
			t.Errorf("%d are trusted", n)
		}
	}, trusting)
}

// It is no way around a duty: who has to set a new password shows the second factor on a
// trusted device, too. What was asked for in one step holds in the next: after the new
// password the device is trusted if it was to be.
func TestTrustAndNewPassword_M3(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		u := f.user("ada")
		a := f.enrol(f.login("ada", client(1)), client(1))
		trusted := f.trusted(a, "ada", client(1)).DeviceToken
		f.exec(`UPDATE users SET must_change_password = TRUE WHERE id = $1`, u.ID)
		_, err := f.with(trusted, "ada", client(1))
		expect(t, "with the duty", err, factorNeeded)
		_, err = f.ContinueLogin(t.Context(), client(1), auth.ContinueLoginInput{Challenge: f.challenge(err), Answer: auth.LoginAnswer{TotpCode: new(a.code())}, RememberDevice: true})
		expect(t, "both", err, passwordNeeded)
		l, err := f.answer(f.Service, f.challenge(err), auth.LoginAnswer{NewPassword: new(newPassword)}, client(1))
		must(t, err)
		now := func(secret *string) error {
			_, err := f.Login(t.Context(), client(1), auth.LoginInput{Login: "ada", Password: newPassword, DeviceToken: secret})
			return err
		}
		expect(t, "trusted with the new password", now(l.DeviceToken), "ok")
		expect(t, "trusted before it", now(trusted), factorNeeded)
	}, trusting)
}

// A login by mail on a trusted device is spared the second factor as well.
func TestTrustedDeviceByMail_M3(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		a := f.enrol(f.login("ada", client(1)), client(1))
		trusted := f.trusted(a, "ada", client(1)).DeviceToken
		f.pass(time.Minute)
		for _, secret := range []*string{nil, trusted} {
			asked := f.wantsCode("ada@example.org", client(1))
			code := f.mailed("ada@example.org", asked)
			l, err := f.ContinueLogin(t.Context(), client(1), auth.ContinueLoginInput{Challenge: asked.Challenge, Answer: auth.LoginAnswer{EmailCode: &code}, DeviceToken: secret})
			if secret == nil {
				expect(t, "without the device's secret", err, factorNeeded)
				continue
			}
			must(t, err)
			if kinds := f.Proofs(l.Session); !slices.Equal(kinds, []auth.ProofKind{auth.ProofEmailCode}) {
				t.Errorf("a session of %v", kinds)
			}
		}
	}, trusting, byMail)
}

// Wherever a stolen secret of a trusted device is used, it has one count, which the device's
// later logins do not start anew; the password is needed as ever.
func TestStolenTrustedDevice_C4_M3(t *testing.T) {
	eachCounters(t, func(t *testing.T, f *fixture) {
		trusting(f)
		f.Service = f.replica(f.cfg)
		f.user("ada")
		a := f.enrol(f.login("ada", client(1)), client(1))
		l := f.trusted(a, "ada", client(1))
		stolen := *l.DeviceToken
		for i := range 100 {
			expect(t, "a guess", f.brings(stolen, "ada", wrongPassword, client(100+i)), "INVALID_CREDENTIALS")
		}
		for i := range 10 {
			expect(t, "a guess by its own count", f.brings(stolen, "ada", wrongPassword, client(1000+i)), "RATE_LIMITED")
		}
		expect(t, "used up", f.brings(stolen, "ada", goodPassword, client(5000)), "RATE_LIMITED")
		next, err := f.with(&stolen, "ada", client(1)) // where its user logged in before
		must(t, err)
		expect(t, "the same, renewed", f.brings(*next.DeviceToken, "ada", goodPassword, client(5001)), "RATE_LIMITED")
	})
}
