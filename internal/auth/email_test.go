package auth_test

import (
	"strings"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/link"
	"latchkey/internal/store"
)

// address is the one that the account of v has now, and the one that waits.
func (f *fixture) address(v *auth.Viewer) (now, pending string) {
	f.t.Helper()
	u, err := f.store.UserByID(f.t.Context(), v.User.ID)
	must(f.t, err)
	pending, _ = u.Pending(f.Now())
	return u.Email, pending
}

func TestChangeEmail_D4_A8(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		v := f.viewer(f.login("ada", client(1)))
		for _, bad := range []string{"", "ada", "Ada <ada@example.org>", "a@b"} {
			expect(t, bad, f.changeEmail(v, bad, goodPassword, client(1)), "EMAIL_INVALID")
		}
		must(t, f.changeEmail(v, "First@example.org", goodPassword, client(1)))
		first := f.token("first@example.org", store.MailConfirmNewEmail)
		if now, pending := f.address(v); now != "ada@example.org" || pending != "First@example.org" {
			t.Errorf("%s, and %s waits", now, pending)
		}
		expect(t, "the old one in force", f.try("ada@example.org", goodPassword, client(1)), "ok")
		expect(t, "the new one not", f.try("first@example.org", goodPassword, client(1)), "INVALID_CREDENTIALS")
		f.newest("ada@example.org", store.MailEmailChangeRequested)

		// The latest wins, and asking for the same again leaves its link alone.
		must(t, f.changeEmail(v, "second@example.org", goodPassword, client(1)))
		second := f.token("second@example.org", store.MailConfirmNewEmail)
		must(t, f.changeEmail(v, "SECOND@example.org", goodPassword, client(1)))
		f.token("second@example.org", store.MailConfirmNewEmail)
		expect(t, "the first", f.confirm(first, ""), "TOKEN_INVALID")
		l, err := f.ConfirmEmail(t.Context(), client(1), auth.ConfirmEmailInput{Token: second})
		must(t, err)
		if !l.Change || l.Login != nil {
			t.Error("a change of address logged somebody in")
		}
		if now, pending := f.address(v); now != "SECOND@example.org" || pending != "" {
			t.Errorf("%s, and %q waits", now, pending)
		}
		expect(t, "used", f.confirm(second, ""), "TOKEN_INVALID")
		if m := f.newest("ada@example.org", store.MailEmailChanged); len(f.tokens(m)) != 1 {
			t.Errorf("the notice has no link:\n%s", m.Text)
		}
		expect(t, "logging in", f.try("second@example.org", goodPassword, client(1)), "ok")
		f.reload(v) // no session ended

		// It waits for a day.
		must(t, f.changeEmail(f.reload(v), "late@example.org", goodPassword, client(1)))
		late := f.token("late@example.org", store.MailConfirmNewEmail)
		f.pass(day)
		if _, pending := f.address(v); pending != "" {
			t.Errorf("%q waits after a day", pending)
		}
		expect(t, "a day later", f.confirm(late, ""), "TOKEN_INVALID")
	})
}

// Who has the address is decided at confirmation, by the database.
func TestOneAddressForTwo_D4_B1(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		var tokens []string
		for i := range 6 {
			name := "user-" + string(rune('a'+i))
			f.user(name)
			must(t, f.changeEmail(f.viewer(f.login(name, client(i))), "Wanted@example.org", goodPassword, client(i)))
			f.pass(time.Second)
			tokens = append(tokens, f.token("wanted@example.org", store.MailConfirmNewEmail))
		}
		must(t, f.registers("wanted@EXAMPLE.org", "newcomer", client(9)))
		tokens = append(tokens, f.token("wanted@example.org", store.MailConfirmRegistration))
		errs := parallel(len(tokens), func(i int) error {
			return patient(func() error { return f.confirm(tokens[i], "") })
		})
		expectAll(t, "confirming", errs, 1, "TOKEN_INVALID")
	})
}

// The caller cannot tell a taken address; its owner is told.
func TestChangeToTakenAddress_C3_D4(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		f.user("bob")
		v := f.viewer(f.login("ada", client(1)))
		must(t, f.changeEmail(v, "bob@example.org", goodPassword, client(1)))
		if _, pending := f.address(v); pending != "bob@example.org" {
			t.Errorf("%q waits", pending)
		}
		f.newest("bob@example.org", store.MailAlreadyRegistered)
		for _, m := range f.mails("bob@example.org") {
			if m.Kind == store.MailConfirmNewEmail {
				t.Error("a link went to somebody else's address")
			}
		}
	})
}

// The old address is kept for 72 hours: for everybody else it is taken, at
// confirmation too.
func TestOldAddressIsKept_A8_B1(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		f.user("bob")
		v, bob := f.viewer(f.login("ada", client(1))), f.viewer(f.login("bob", client(2)))
		must(t, f.changeEmail(bob, "ada@example.org", goodPassword, client(2))) // taken: no link
		must(t, f.changeEmail(v, "new@example.org", goodPassword, client(1)))
		early, err := f.deps.Links.Make(t.Context(), link.Target{Purpose: link.ConfirmNewEmail, User: f.reload(bob).User})
		must(t, err)
		must(t, f.confirm(f.token("new@example.org", store.MailConfirmNewEmail), ""))

		expect(t, "bob confirms", f.confirm(tokenOf(t, early.URL), ""), "TOKEN_INVALID")
		must(t, f.registers("Ada@example.org", "newcomer", client(3)))
		for _, m := range f.mails("ada@example.org") {
			if m.Kind == store.MailConfirmRegistration {
				t.Error("a newcomer may have the address")
			}
		}
		_, err = f.CreateUser(t.Context(), shell, auth.CreateUserInput{
			Email: "ada@example.org", Username: "shell", Password: new(goodPassword), Role: store.RoleUser,
		})
		expect(t, "the shell", err, "EMAIL_TAKEN")
		must(t, f.changeEmail(f.reload(v), "ada@example.org", goodPassword, client(1)))
		expect(t, "ada comes back", f.confirm(f.token("ada@example.org", store.MailConfirmNewEmail), ""), "ok")
		if n := f.count(`held_addresses WHERE email_key = 'ada@example.org'`); n != 0 {
			t.Error("an address is kept from everybody else beside its account, and would be after it")
		}

		must(t, f.changeEmail(f.reload(v), "newer@example.org", goodPassword, client(1)))
		must(t, f.confirm(f.token("newer@example.org", store.MailConfirmNewEmail), ""))
		f.pass(72 * time.Hour)
		must(t, f.registers("ada@example.org", "another", client(4)))
		expect(t, "after 72 hours", f.confirm(f.token("ada@example.org", store.MailConfirmRegistration), ""), "ok")
	})
}

// An address that is kept for somebody is no imported user's either.
func TestImportOfKeptAddress_B1(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		v := f.viewer(f.login("ada", client(1)))
		must(t, f.changeEmail(v, "new@example.org", goodPassword, client(1)))
		must(t, f.confirm(f.token("new@example.org", store.MailConfirmNewEmail), ""))
		line := `{"email":"ADA@example.org","username":"imported"}` + "\n"
		imported := func(dry bool) int {
			t.Helper()
			in := auth.Import{DryRun: dry, Bad: func(int, []string) {}}
			must(t, f.ImportUsers(t.Context(), shell, strings.NewReader(line), &in))
			return in.Imported
		}
		if dry, n := imported(true), imported(false); dry != 0 || n != 0 {
			t.Errorf("%d users imported, %d in a dry run, want none", n, dry)
		}
		f.pass(72 * time.Hour)
		if n := imported(false); n != 1 {
			t.Errorf("%d users imported after 72 hours, want 1", n)
		}
	})
}
