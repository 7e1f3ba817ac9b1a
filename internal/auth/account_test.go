package auth_test

import (
	"fmt"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/mail"
	"latchkey/internal/store"
)

const newPassword = "another lamp by the sea"

// reload returns v as their next request has them.
func (f *fixture) reload(v *auth.Viewer) *auth.Viewer {
	f.t.Helper()
	s, u, err := f.store.SessionWithUser(f.t.Context(), v.Session.ID, f.Now())
	must(f.t, err)
	return &auth.Viewer{User: u, Session: s}
}

func (f *fixture) changePassword(v *auth.Viewer, current, typed string, c auth.Actor) error {
	_, err := f.ChangePassword(f.t.Context(), as(v, c), auth.ChangePasswordInput{CurrentPassword: current, NewPassword: typed})
	return err
}

func (f *fixture) changeEmail(v *auth.Viewer, address, typed string, c auth.Actor) error {
	_, err := f.ChangeEmail(f.t.Context(), as(v, c), auth.ChangeEmailInput{Email: address, Password: typed})
	return err
}

func (f *fixture) changeUsername(v *auth.Viewer, username string) error {
	_, err := f.ChangeUsername(f.t.Context(), as(v, client(1)), auth.ChangeUsernameInput{Username: username})
	return err
}

func (f *fixture) deleteAccount(v *auth.Viewer, typed string) error {
	return f.DeleteAccount(f.t.Context(), as(v, client(1)), auth.DeleteAccountInput{Password: typed})
}

// Changes of the password are told by mail, so they are limited.
func TestPasswordChangesAreLimited(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		v := f.viewer(f.login("ada", client(1)))
		password := goodPassword
		for i := range 10 {
			next := fmt.Sprintf("another lamp, number %d", i)
			expect(t, next, f.changePassword(f.reload(v), password, next, client(1)), "ok")
			password = next
		}
		expect(t, "once more", f.changePassword(f.reload(v), password, newPassword, client(1)), "RATE_LIMITED")
		f.pass(time.Hour)
		expect(t, "an hour later", f.changePassword(f.reload(v), password, newPassword, client(1)), "ok")
	})
}

// newest returns the newest mail of a kind to an address.
func (f *fixture) newest(to string, kind store.MailKind) *mail.Message {
	f.t.Helper()
	for _, m := range f.mails(to) {
		if m.Kind == kind {
			return m
		}
	}
	f.t.Fatalf("no mail %s to %s", kind, to)
	return nil
}

// token returns the one token of that mail.
func (f *fixture) token(to string, kind store.MailKind) string {
	f.t.Helper()
	tokens := f.tokens(f.newest(to, kind))
	if len(tokens) != 1 {
		f.t.Fatalf("a mail %s with %d links, want 1", kind, len(tokens))
	}
	return tokens[0]
}

func TestChangePassword_A6_A7_A8(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		v, other := f.viewer(f.login("ada", client(1))), f.viewer(f.login("ada", client(2)))
		for typed, want := range map[string]string{
			"short": "PASSWORD_TOO_SHORT", "password1": "PASSWORD_TOO_COMMON", "ada@example.org": "PASSWORD_TOO_COMMON",
			"with\x07bell in": "PASSWORD_INVALID", string(make([]rune, 129)): "PASSWORD_TOO_LONG, PASSWORD_INVALID",
		} {
			expect(t, "to "+typed, f.changePassword(v, goodPassword, typed, client(1)), want)
		}
		expect(t, "wrong", f.changePassword(v, wrongPassword, newPassword, client(1)), "WRONG_PASSWORD")
		f.reload(other)
		expect(t, "right", f.changePassword(v, goodPassword, newPassword, client(1)), "ok")
		f.reload(v)
		if _, _, err := f.store.SessionWithUser(t.Context(), other.Session.ID, f.Now()); err == nil {
			t.Error("the other session lives")
		}
		expect(t, "the old one", f.try("ada", goodPassword, client(1)), "INVALID_CREDENTIALS")
		expect(t, "the new one", f.try("ada", newPassword, client(1)), "ok")
		if m := f.newest("ada@example.org", store.MailPasswordChanged); len(f.tokens(m)) != 1 {
			t.Errorf("the notice has no link:\n%s", m.Text)
		}
	})
}

// Every way in counts on the same throttle: ten wrong tries, whichever way.
func TestWrongPasswordCounts_A6_C7(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		v := f.viewer(f.login("ada", client(1)))
		for range 4 {
			expect(t, "password", f.changePassword(v, wrongPassword, newPassword, client(1)), "WRONG_PASSWORD")
			expect(t, "email", f.changeEmail(v, "new@example.org", wrongPassword, client(1)), "WRONG_PASSWORD")
		}
		expect(t, "deletion", f.deleteAccount(v, wrongPassword), "WRONG_PASSWORD")
		expect(t, "deletion", f.deleteAccount(v, wrongPassword), "WRONG_PASSWORD")
		expect(t, "password", f.changePassword(v, goodPassword, newPassword, client(1)), "RATE_LIMITED")
		expect(t, "email", f.changeEmail(v, "new@example.org", goodPassword, client(1)), "RATE_LIMITED")
		expect(t, "deletion", f.deleteAccount(v, goodPassword), "RATE_LIMITED")
		expect(t, "from elsewhere", f.changePassword(v, goodPassword, newPassword, client(2)), "ok")
		f.pass(30 * time.Second)
		expect(t, "deletion later", f.deleteAccount(f.reload(v), newPassword), "ok")
	})
}

// A password that was changed while another change was on its way is no longer
// the password.
func TestChangesAtOnce_A6(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		v := f.viewer(f.login("ada", client(1)))
		errs := parallel(6, func(i int) error {
			return patient(func() error { return f.changePassword(v, goodPassword, newPassword+string(rune('a'+i)), client(i)) })
		})
		expectAll(t, "changing", errs, 1, "WRONG_PASSWORD")
		for i, err := range errs {
			want := "INVALID_CREDENTIALS"
			if err == nil {
				want = "ok"
			}
			expect(t, "logging in", f.try("ada", newPassword+string(rune('a'+i)), client(20+i)), want)
		}
		// What changes nothing about the password comes between without harm.
		stale := f.reload(v)
		f.exec(`UPDATE users SET security_version = security_version + 1`)
		expect(t, "renaming", f.changeUsername(stale, "countess"), "ok")
		f.exec(`UPDATE users SET disabled_at = $1`, f.Now())
		expect(t, "while disabled", f.changeUsername(stale, "lovelace"), "UNAUTHENTICATED REVOKED")
	})
}

func TestChangeUsername_B4_A8(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		f.user("bob")
		must(t, f.registers("eve@example.org", "eve", client(3)))
		v, bob := f.viewer(f.login("ada", client(1))), f.viewer(f.login("bob", client(2)))
		for username, want := range map[string]string{
			"a": "USERNAME_INVALID", "admin": "USERNAME_INVALID", "ada@example.org": "USERNAME_INVALID",
			"BOB": "USERNAME_TAKEN", "eve": "USERNAME_TAKEN",
		} {
			expect(t, username, f.changeUsername(v, username), want)
		}
		expect(t, "another case", f.changeUsername(v, "ADA"), "ok")
		expect(t, "another name", f.changeUsername(f.reload(v), "Countess"), "ok")
		expect(t, "logging in", f.try("countess", goodPassword, client(1)), "ok")
		expect(t, "by the old one", f.try("ada", goodPassword, client(1)), "INVALID_CREDENTIALS")
		m := f.newest("ada@example.org", store.MailUsernameChanged)
		if len(f.tokens(m)) != 1 {
			t.Errorf("the notice has no link:\n%s", m.Text)
		}

		// The old one is kept for 72 hours, for ada alone.
		expect(t, "bob", f.changeUsername(bob, "ada"), "USERNAME_TAKEN")
		expect(t, "a newcomer", f.registers("new@example.org", "ada", client(4)), "USERNAME_TAKEN")
		expect(t, "back", f.changeUsername(f.reload(v), "ada"), "ok")
		expect(t, "forth", f.changeUsername(f.reload(v), "countess"), "ok")
		f.pass(72*time.Hour - time.Second)
		expect(t, "bob, a second early", f.changeUsername(f.reload(bob), "ada"), "USERNAME_TAKEN")
		f.pass(time.Second)
		expect(t, "bob", f.changeUsername(f.reload(bob), "ada"), "ok")
		if n := f.count(`usernames WHERE user_id IS NOT NULL`); n != 2 {
			t.Errorf("%d usernames of 2 users", n)
		}
	})
}

// Nobody can collect names.
func TestRenamesAreLimited(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		v := f.viewer(f.login("ada", client(1)))
		for i := range 5 {
			expect(t, "renaming", f.changeUsername(f.reload(v), "ada"+string(rune('a'+i))), "ok")
		}
		expect(t, "once more", f.changeUsername(f.reload(v), "adaz"), "RATE_LIMITED")
		f.pass(24 * time.Hour)
		expect(t, "a day later", f.changeUsername(f.reload(v), "adaz"), "ok")
	})
}

func TestOneNameForTwoUsersAtOnce_B4(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		var all []*auth.Viewer
		for i := range 8 {
			name := "user-" + string(rune('a'+i))
			f.user(name)
			all = append(all, f.viewer(f.login(name, client(i))))
		}
		errs := parallel(9, func(i int) error {
			return patient(func() error {
				if i == 8 {
					return f.registers("new@example.org", "wanted", client(100))
				}
				return f.changeUsername(all[i], "Wanted")
			})
		})
		expectAll(t, "claiming", errs, 1, "USERNAME_TAKEN")
	})
}

func TestDeleteAccount(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		u := f.user("ada")
		v := f.viewer(f.login("ada", client(1)))
		must(t, f.changeUsername(v, "countess"))
		v = f.reload(v)
		must(t, f.changeEmail(v, "new@example.org", goodPassword, client(1)))
		link, undo := f.token("new@example.org", store.MailConfirmNewEmail), f.token("ada@example.org", store.MailUsernameChanged)
		must(t, f.deleteAccount(v, goodPassword))
		for _, table := range []string{"users", "sessions", "familiar", "undo"} {
			if n := f.count(table); n != 0 {
				t.Errorf("%d rows left in %s", n, table)
			}
		}
		expect(t, "logging in", f.try("countess", goodPassword, client(1)), "INVALID_CREDENTIALS")
		expect(t, "a link", f.confirm(link, ""), "TOKEN_INVALID")
		_, err := f.NotMe(t.Context(), client(1), undo)
		expect(t, "taking back", err, "TOKEN_INVALID")
		expect(t, "again", f.deleteAccount(v, goodPassword), "UNAUTHENTICATED REVOKED")
		if m := f.newest("ada@example.org", store.MailAccountDeleted); len(f.tokens(m)) != 0 {
			t.Errorf("the notice has a link:\n%s", m.Text)
		}
		// What was given up stays reserved, what was in use is free.
		expect(t, "the old name", f.registers("eve@example.org", "ada", client(2)), "USERNAME_TAKEN")
		expect(t, "the last name", f.registers("ada@example.org", "countess", client(1)), "ok")
		f.pass(time.Minute)
		must(t, f.confirm(f.token("ada@example.org", store.MailConfirmRegistration), ""))
		if again, err := f.store.UserByEmail(t.Context(), "ada@example.org"); err != nil || again.ID == u.ID {
			t.Errorf("the address registered again: %v, %v", again, err)
		}
	})
}

func TestLastAdministratorStays_E6(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		f.exec(`UPDATE users SET role = 'ADMIN'`)
		v := f.viewer(f.login("ada", client(1)))
		expect(t, "the last one", f.deleteAccount(v, goodPassword), "LAST_ADMIN")
		f.user("bob")
		f.exec(`UPDATE users SET role = 'ADMIN', disabled_at = CASE WHEN username = 'bob' THEN created_at END`)
		expect(t, "beside a disabled one", f.deleteAccount(v, goodPassword), "LAST_ADMIN")
		f.exec(`UPDATE users SET disabled_at = NULL`)
		bob := f.viewer(f.login("bob", client(2)))
		errs := parallel(2, func(i int) error {
			return patient(func() error { return f.deleteAccount([]*auth.Viewer{v, bob}[i], goodPassword) })
		})
		expectAll(t, "both at once", errs, 1, "LAST_ADMIN")
	})
}
