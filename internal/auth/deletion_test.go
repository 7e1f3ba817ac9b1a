package auth_test

import (
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/store"
)

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
		// What was given up stays reserved, what was in use is free for its address.
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
