package auth_test

import "testing"

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
