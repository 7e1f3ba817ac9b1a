package auth_test

import (
	"net/url"
	"regexp"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/password"
	"latchkey/internal/store"
)

// tokenOf returns the token of a link.
func tokenOf(t testing.TB, link string) string {
	t.Helper()
	u, err := url.Parse(link)
	must(t, err)
	return u.Query().Get("token")
}

// asks requests a reset and returns the token in its mail.
func (f *fixture) asks(email string, c auth.Actor) string {
	f.t.Helper()
	must(f.t, f.RequestPasswordReset(f.t.Context(), c, auth.RequestPasswordResetInput{Email: email}))
	return f.token(email, store.MailPasswordReset)
}

func (f *fixture) reset(token, typed string, c auth.Actor) error {
	_, err := f.ResetPassword(f.t.Context(), c, auth.ResetPasswordInput{Token: token, NewPassword: typed})
	return err
}

func TestReset_A7_A8_D1(t *testing.T) {
	for name, p := range map[string]password.Params{"argon2id": cheap, "bcrypt": cheapBcrypt} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, f *fixture) {
				f.user("ada")
				a, b := f.viewer(f.login("ada", client(1))), f.viewer(f.login("ada", client(2)))
				token := f.asks("ada@example.org", client(1))
				if p.Kind == password.Bcrypt {
					expect(t, "73 bytes", f.reset(token, "ééééééééééééééééééééééééééééééééééééx", client(1)), "PASSWORD_TOO_LONG")
				}
				expect(t, "a weak one", f.reset(token, "password1", client(1)), "PASSWORD_TOO_COMMON")
				expect(t, "the username", f.reset(token, "ada@EXAMPLE.org", client(1)), "PASSWORD_TOO_COMMON")
				f.pass(time.Hour - time.Second)
				expect(t, "a good one", f.reset(token, newPassword, client(7)), "ok")
				expect(t, "again", f.reset(token, newPassword, client(7)), "TOKEN_INVALID")
				for _, v := range []*auth.Viewer{a, b} {
					if _, _, err := f.store.SessionWithUser(t.Context(), v.Session.ID, f.Now()); err == nil {
						t.Error("a session lives")
					}
				}
				expect(t, "the old one", f.try("ada", goodPassword, client(1)), "INVALID_CREDENTIALS")
				expect(t, "the new one", f.try("ada", newPassword, client(1)), "ok")
				f.token("ada@example.org", store.MailPasswordChanged)

				late := f.asks("ada@example.org", client(1))
				f.pass(time.Hour)
				expect(t, "an hour later", f.reset(late, newPassword, client(1)), "TOKEN_INVALID")
			}, hashing(p))
		})
	}
}

// Nobody without an account gets a mail, nor does who only registered.
func TestResetMailsNobodyElse_C3(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		must(t, f.registers("ada@example.org", "ada", client(1)))
		for _, email := range []string{"ada@example.org", "nobody@example.org"} {
			must(t, f.RequestPasswordReset(t.Context(), client(1), auth.RequestPasswordResetInput{Email: email}))
			for _, m := range f.mails(email) {
				if m.Kind == store.MailPasswordReset {
					t.Errorf("a reset went to %s", email)
				}
			}
		}
		expect(t, "no address", f.RequestPasswordReset(t.Context(), client(1), auth.RequestPasswordResetInput{Email: "ada"}), "EMAIL_INVALID")
		for range 60 - 2 { // what is no address is counted apart
			must(t, f.RequestPasswordReset(t.Context(), client(1), auth.RequestPasswordResetInput{Email: "nobody@example.org"}))
		}
		expect(t, "the 61st", f.RequestPasswordReset(t.Context(), client(1), auth.RequestPasswordResetInput{Email: "ada@example.org"}), "RATE_LIMITED")
	})
}

func TestFiftyResetsAtOnce_D2(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		token := f.asks("ada@example.org", client(1))
		services := []*auth.Service{f.Service, f.replica(f.cfg)}
		typed := func(i int) string { return newPassword + string(rune('A'+i)) }
		errs := parallel(50, func(i int) error {
			return patient(func() error {
				_, err := services[i%2].ResetPassword(t.Context(), client(i), auth.ResetPasswordInput{Token: token, NewPassword: typed(i)})
				return err
			})
		})
		expectAll(t, "resetting", errs, 1, "TOKEN_INVALID")
		for i, err := range errs {
			if err == nil {
				expect(t, "the winner's", f.try("ada", typed(i), client(100)), "ok")
			}
		}
	})
}

// Whoever completed a reset at a client is known there.
func TestResetMakesClientFamiliar_C4(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		must(t, f.reset(f.asks("ada@example.org", client(1)), newPassword, client(1)))
		for i := range 100 { // the limit of the identifier
			expect(t, "guessing", f.try("ada", wrongPassword, client(100+i)), "INVALID_CREDENTIALS")
		}
		expect(t, "from elsewhere", f.try("ada", newPassword, client(2)), "RATE_LIMITED")
		expect(t, "from there", f.try("ada", newPassword, client(1)), "ok")
	})
}

// Each of these makes every older reset and change link dead, and no newer one.
func TestWhatKillsLinks_D3(t *testing.T) {
	events := map[string]func(t *testing.T, f *fixture, v *auth.Viewer){
		"a changed password": func(t *testing.T, f *fixture, v *auth.Viewer) {
			must(t, f.changePassword(v, goodPassword, goodPassword+"!", client(1)))
		},
		"a reset": func(t *testing.T, f *fixture, v *auth.Viewer) {
			must(t, f.reset(f.asks("ada@example.org", client(3)), newPassword, client(3)))
		},
		"a changed address": func(t *testing.T, f *fixture, v *auth.Viewer) {
			must(t, f.changeEmail(v, "other@example.org", goodPassword, client(1)))
			must(t, f.confirm(f.token("other@example.org", store.MailConfirmNewEmail), ""))
		},
		"not me": func(t *testing.T, f *fixture, v *auth.Viewer) {
			_, err := f.NotMe(t.Context(), client(1), f.token("ada@example.org", store.MailEmailChangeRequested))
			must(t, err)
		},
		"a disabled account": func(t *testing.T, f *fixture, v *auth.Viewer) {
			must(t, f.store.InTx(t.Context(), func(tx *store.Store) error {
				return tx.Disable(t.Context(), f.reload(v).User, f.Now())
			}))
			f.exec(`UPDATE users SET disabled_at = NULL`) // enabled again: they stay dead
		},
		"a deleted account": func(t *testing.T, f *fixture, v *auth.Viewer) { must(t, f.deleteAccount(v, goodPassword)) },
	}
	for name, happens := range events {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, f *fixture) {
				f.user("ada")
				v := f.viewer(f.login("ada", client(1)))
				one := f.asks("ada@example.org", client(1))
				two := f.asks("ada@example.org", client(2)) // sent again: both work
				for _, token := range []string{one, two} {
					if _, err := f.LookAtReset(t.Context(), token, ""); err != nil {
						t.Fatalf("before: %v", err)
					}
				}
				must(t, f.changeEmail(v, "new@example.org", goodPassword, client(1)))
				change := f.token("new@example.org", store.MailConfirmNewEmail)
				must(t, f.RequestPasswordReset(t.Context(), client(4), auth.RequestPasswordResetInput{Email: "ada@example.org"}))
				f.pass(time.Second)
				happens(t, f, v)
				f.pass(time.Second)
				for what, token := range map[string]string{"the first reset": one, "the second": two} {
					expect(t, what, f.reset(token, newPassword, client(1)), "TOKEN_INVALID")
				}
				expect(t, "the change", f.confirm(change, ""), "TOKEN_INVALID")
				if _, pending := f.pendingOf("ada"); pending != "" {
					t.Errorf("%s still waits", pending)
				}
			})
		})
	}
}

// pendingOf is the address that waits at the account with a username, if there
// is one.
func (f *fixture) pendingOf(username string) (*store.User, string) {
	f.t.Helper()
	c, err := f.store.LoginCandidate(f.t.Context(), store.LoginKey{Username: username}, store.Whence{}, f.Now())
	if err != nil {
		return nil, ""
	}
	pending, _ := c.Pending(f.Now())
	return &c.User, pending
}

// A mail that was asked for before the account was secured is not sent after.
func TestLateResetIsDropped_D3(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		v := f.viewer(f.login("ada", client(1)))
		ask := func() {
			must(t, f.RequestPasswordReset(t.Context(), client(1), auth.RequestPasswordResetInput{Email: "ada@example.org"}))
		}
		ask()
		f.pass(time.Second)
		must(t, f.changePassword(v, goodPassword, newPassword, client(1)))
		resets := func() (n int) {
			for _, m := range f.mails("ada@example.org") {
				if m.Kind == store.MailPasswordReset {
					n++
				}
			}
			return n
		}
		if n := resets(); n != 0 {
			t.Errorf("%d resets sent", n)
		}
		// Asked for again while the first job waits, it is wanted.
		ask()
		f.pass(time.Second)
		must(t, f.changePassword(f.reload(v), newPassword, goodPassword, client(1)))
		f.pass(time.Second)
		ask()
		if n := resets(); n != 1 {
			t.Errorf("%d resets sent, want the last", n)
		}
	})
}

func TestResetNeverWorksWhileDisabled(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		token := f.asks("ada@example.org", client(1))
		f.exec(`UPDATE users SET disabled_at = $1`, f.Now())
		expect(t, "a link", f.reset(token, newPassword, client(1)), "TOKEN_INVALID")
		before := len(f.mails("ada@example.org"))
		must(t, f.RequestPasswordReset(t.Context(), client(2), auth.RequestPasswordResetInput{Email: "ada@example.org"}))
		if n := len(f.mails("ada@example.org")); n != before {
			t.Errorf("%d mails to a disabled user", n-before)
		}
	})
}

func TestStrongPassword_A1(t *testing.T) {
	form, seen := regexp.MustCompile(`^[a-z2-7]{5}(-[a-z2-7]{5}){3}-[a-z2-7]{6}$`), map[string]bool{}
	for range 1000 {
		p := auth.StrongPassword()
		if !form.MatchString(p) || seen[p] {
			t.Fatalf("%s", p)
		}
		seen[p] = true
	}
}
