package auth_test

import (
	"testing"
	"time"
)

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
		f.pass(200 * time.Second)
		expect(t, "deletion later", f.deleteAccount(f.reload(v), newPassword), "ok")
	})
}
