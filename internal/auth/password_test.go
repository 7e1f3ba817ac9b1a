package auth_test

import (
	"fmt"
	"testing"
	"time"

	"latchkey/internal/store"
)

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
