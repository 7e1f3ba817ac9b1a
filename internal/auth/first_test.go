package auth_test

import (
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/store"
)

// adminLink is the token of a link for the first administrator.
func (f *fixture) adminLink() string {
	f.t.Helper()
	made, err := f.AdminLink(f.t.Context(), shell)
	must(f.t, err)
	return tokenOf(f.t, made.URL)
}

// becomes makes NAME the first administrator and returns how that ended.
func becomes(f *fixture, s *auth.Service, token, name, typed string) error {
	_, err := s.FirstAdministrator(f.t.Context(), client(1), auth.FirstAdministratorInput{
		Token: token, Email: name + "@example.org", Username: name, Password: typed,
	})
	return err
}

// The link makes one administrator, once, within 30 minutes, and only while there is none.
func TestFirstAdministrator_O3(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		f.user("bob")                    // a user is in nobody's way
		f.invite("eve", store.RoleAdmin) // nor is who never came
		f.administrators("old")          //
		f.exec(`UPDATE users SET disabled_at = created_at WHERE username = 'old'`)
		token, late := f.adminLink(), f.adminLink()
		for _, dead := range []string{"", "lko_x", f.asks("bob@example.org", client(1))} {
			expect(t, "another link", f.LookAtFirst(t.Context(), dead), "TOKEN_INVALID")
			expect(t, "using another link", becomes(f, f.Service, dead, "ada", goodPassword), "TOKEN_INVALID")
		}
		for range 2 { // looking changes nothing
			must(t, f.LookAtFirst(t.Context(), token))
		}
		expect(t, "a weak password", becomes(f, f.Service, token, "ada", "password"), "PASSWORD_TOO_COMMON")
		expect(t, "a name that is taken", becomes(f, f.Service, token, "bob", goodPassword), "USERNAME_TAKEN")
		expect(t, "no link for a password", f.reset(token, newPassword, client(1)), "TOKEN_INVALID")
		f.pass(30 * time.Minute)
		expect(t, "after 30 minutes", becomes(f, f.Service, late, "ada", goodPassword), "TOKEN_INVALID")
		token, other := f.adminLink(), f.adminLink()
		must(t, becomes(f, f.Service, token, "ada", goodPassword))
		if u := f.named("ada"); u.Role != store.RoleAdmin {
			t.Errorf("it is %s", u.Role)
		}
		expect(t, "a login", f.try("ada", goodPassword, client(1)), "ok")
		expect(t, "again", becomes(f, f.Service, token, "cleo", goodPassword), "TOKEN_INVALID")
		expect(t, "the other link", becomes(f, f.Service, other, "cleo", goodPassword), "TOKEN_INVALID")
		expect(t, "looking at it", f.LookAtFirst(t.Context(), other), "TOKEN_INVALID")
		_, err := f.AdminLink(t.Context(), shell)
		expect(t, "one more link", err, "TOKEN_INVALID")
	})
}

// Of many links that are used at the same moment, at two replicas, one makes an administrator.
func TestFirstAdministratorRace_O3(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		replicas := []*auth.Service{f.Service, f.replica(f.cfg)}
		for range 10 {
			f.exec(`DELETE FROM users`)
			tokens := []string{f.adminLink(), f.adminLink()}
			errs := parallel(8, func(i int) error {
				name := string(rune('a'+i)) + "nna"
				return patient(func() error { return becomes(f, replicas[i%2], tokens[i/4], name, goodPassword) })
			})
			expectAll(t, "those who are first", errs, 1, "TOKEN_INVALID")
			if n := f.count(`users WHERE role = 'ADMIN'`); n != 1 {
				t.Fatalf("%d administrators", n)
			}
		}
	})
}
