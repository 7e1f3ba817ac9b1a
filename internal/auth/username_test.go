package auth_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/names"
	"latchkey/internal/store"
)

// A name is held for a day from its first claim, by the address that claimed
// it, whatever becomes of the registration.
func TestUsernameIsHeld_B4(t *testing.T) {
	const us, them = "ada@example.org", "eve@example.org"
	each(t, func(t *testing.T, f *fixture) {
		token := f.link(us, "Countess", client(1))
		expect(t, "another address", f.registers(them, "countess", client(2)), "USERNAME_TAKEN")
		must(t, f.decline(token, ""))
		expect(t, "another address, once declined", f.registers(them, "COUNTESS", client(2)), "USERNAME_TAKEN")

		f.pass(12 * time.Hour)
		second := f.link("ADA@example.org", "countess", client(1))
		f.pass(12*time.Hour - time.Microsecond)
		expect(t, "another address, just before a day is over", f.registers(them, "countess", client(2)), "USERNAME_TAKEN")
		f.pass(time.Microsecond)
		token = f.link(them, "countess", client(2))
		expect(t, "the first address, now that it is another's", f.registers(us, "countess", client(1)), "USERNAME_TAKEN")
		expect(t, "confirming what was registered while it was held", f.confirm(second, ""), "TOKEN_INVALID")
		expect(t, "confirming the new holder's", f.confirm(token, ""), "ok")

		f.pass(2 * day)
		expect(t, "a user's name", f.registers(us, "countess", client(1)), "USERNAME_TAKEN")
		f.login("countess", client(2))
	})
}

func TestSweepFreesNoNameEarly_B4(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		must(t, f.registers("ada@example.org", "countess", client(1)))
		f.user("bob")
		f.pass(day - time.Microsecond)
		for _, want := range []int{2, 1} { // names: bob's stays for good
			_, err := f.store.Sweep(t.Context(), f.Now(), 90*day)
			must(t, err)
			if n := f.count(`usernames`); n != want {
				t.Errorf("%d names, want %d", n, want)
			}
			f.pass(time.Microsecond)
		}
	})
}

func TestOneNameAtOnce_B4(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		errs := parallel(20, func(i int) error {
			return f.registers(fmt.Sprintf("ada%d@example.org", i), []string{"Countess", "countess"}[i%2], client(i))
		})
		expectAll(t, "registering", errs, 1, "USERNAME_TAKEN")
		if r, m := f.count(`registrations`), f.count(`outbox`); r != 1 || m != 1 {
			t.Errorf("%d registrations and %d mails, want one of each", r, m)
		}
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

// Beyond a limit nobody learns which names there are, and looking has one too.
func TestLooksAreLimited_B6(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		f.user("bob")
		v := f.viewer(f.login("ada", client(1)))
		for i := range 5 {
			expect(t, "a taken name", f.changeUsername(f.reload(v), "bob"), "USERNAME_TAKEN")
			expect(t, "renaming", f.changeUsername(f.reload(v), "ada"+string(rune('a'+i))), "ok")
		}
		expect(t, "a free name beyond the limit", f.changeUsername(f.reload(v), "adaz"), "RATE_LIMITED")
		expect(t, "a taken name beyond the limit", f.changeUsername(f.reload(v), "bob"), "RATE_LIMITED")

		bob := f.viewer(f.login("bob", client(2)))
		for i := range 30 {
			expect(t, fmt.Sprintf("look %d", i+1), f.changeUsername(bob, "adae"), "USERNAME_TAKEN")
		}
		expect(t, "one more look", f.changeUsername(bob, "adae"), "RATE_LIMITED")
		expect(t, "and a free name", f.changeUsername(bob, "bobby"), "RATE_LIMITED")
		f.pass(time.Hour)
		expect(t, "an hour later", f.changeUsername(f.viewer(f.login("bob", client(2))), "bobby"), "ok")
	})
}

// The name of an account that is deleted is kept from everybody for as long as one
// that was given up.
func TestDeletedNameIsHeld_B7(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		f.user("bob")
		f.user("cleo")
		v, bob := f.viewer(f.login("ada", client(1))), f.viewer(f.login("bob", client(2)))
		expect(t, "renaming", f.changeUsername(v, "Countess"), "ok")
		must(t, f.deleteAccount(f.reload(v), goodPassword))
		f.remove("cleo")
		for _, name := range []string{"ada", "countess", "COUNTESS", "cleo"} {
			expect(t, name+", by a user", f.changeUsername(bob, name), "USERNAME_TAKEN")
			expect(t, name+", by a newcomer", f.registers("new@example.org", name, client(3)), "USERNAME_TAKEN")
		}
		expect(t, "an older name, by who had it", f.registers("ada@example.org", "ada", client(1)), "USERNAME_TAKEN")
		f.pass(72*time.Hour - time.Second)
		expect(t, "a second early", f.changeUsername(f.reload(bob), "countess"), "USERNAME_TAKEN")
		expect(t, "by their own address", f.registers("cleo@example.org", "cleo", client(4)), "ok")
		expect(t, "by whoever registered that address for it", f.registers("eve@example.org", "cleo", client(4)), "USERNAME_TAKEN")
		f.pass(time.Second)
		expect(t, "then", f.changeUsername(f.reload(bob), "countess"), "ok")
		f.pass(2 * day)
		if _, err := f.store.Sweep(t.Context(), f.Now(), 90*day); err != nil {
			t.Fatal(err)
		}
		expect(t, "swept", f.registers("new@example.org", "cleo", client(3)), "ok")
	})
}

// A name that looks like another's is taken, whoever has that or holds it; one's own
// is not.
func TestLookalikes_B4(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("paypal")
		f.user("bob")
		must(t, f.registers("eve@example.org", "oliver", client(3)))
		v, bob := f.viewer(f.login("paypal", client(1))), f.viewer(f.login("bob", client(2)))
		for _, name := range []string{"paypaI", "paypa1", "PAYPAI", "0liver", "o1iver"} {
			expect(t, name+", registered", f.registers("new@example.org", name, client(4)), "USERNAME_TAKEN")
			expect(t, name+", by a user", f.changeUsername(bob, name), "USERNAME_TAKEN")
			_, err := f.CreateUser(t.Context(), shell, auth.CreateUserInput{Email: "made@example.org", Username: name, Role: store.RoleUser})
			expect(t, name+", by an administrator", err, "USERNAME_TAKEN")
		}
		expect(t, "one's own", f.changeUsername(v, "paypa1"), "ok")
		expect(t, "what that looks like", f.changeUsername(f.reload(bob), "paypal"), "USERNAME_TAKEN")
		expect(t, "back", f.changeUsername(f.reload(v), "paypal"), "ok")
		expect(t, "another name", f.changeUsername(f.reload(v), "countess"), "ok")
		expect(t, "what looks like one that is kept", f.changeUsername(f.reload(bob), "paypai"), "USERNAME_TAKEN")
		expect(t, "one's own hold, otherwise", f.registers("eve@example.org", "0liver", client(3)), "ok")
		f.pass(72 * time.Hour)
		expect(t, "and later", f.changeUsername(f.reload(bob), "paypai"), "ok")
	})
}

// Of many who claim names that look alike at once, one gets theirs.
func TestLookalikesAtOnce_B4(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		spellings := []string{"lil0", "ilio", "1110", "llio", "1ll0", "iiio", "l1lo", "ii10"}
		var all []*auth.Viewer
		for i := range 4 {
			name := "user-" + string(rune('a'+i))
			f.user(name)
			all = append(all, f.viewer(f.login(name, client(i))))
		}
		errs := parallel(len(spellings), func(i int) error {
			return patient(func() error {
				if i < len(all) {
					return f.changeUsername(all[i], spellings[i])
				}
				return f.registers(fmt.Sprintf("new%d@example.org", i), spellings[i], client(100+i))
			})
		})
		expectAll(t, "claiming", errs, 1, "USERNAME_TAKEN")
	})
}

// Names that looked alike, or like the operator, before that was refused stay whose they
// are: they log in, go and come back, take things back, and are moved elsewhere.
func TestLookalikesOfBefore_B4(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		for old, name := range map[string]string{"first": "paypal", "second": "paypa1", "third": "support-team"} {
			f.user(old)
			f.exec(`UPDATE users SET username = $1 WHERE username = $2`, name, old)
			f.exec(`UPDATE usernames SET key = $1, look = $2 WHERE key = $3`, name, names.Look(name), old)
		}
		for i, name := range []string{"paypal", "paypa1", "support-team"} {
			v := f.viewer(f.login(name, client(i)))
			address := v.User.Email
			expect(t, name+" in another case", f.changeUsername(v, strings.ToUpper(name)), "ok")
			expect(t, name+" goes", f.changeUsername(f.reload(v), "countess-"+string(rune('a'+i))), "ok")
			_, err := f.NotMe(t.Context(), client(i), f.token(address, store.MailUsernameChanged))
			expect(t, name+" takes it back", err, "ok")
			if u, err := f.store.UserByEmail(t.Context(), address); err != nil || !strings.EqualFold(u.Username, name) {
				t.Errorf("%s is called %v, %v", name, u, err)
			}
		}
		f.user("fourth")
		f.exec(`UPDATE users SET username = 'paypa1-x' WHERE username = 'fourth'`)
		f.exec(`UPDATE usernames SET key = 'paypa1-x', look = 'paypal-x' WHERE key = 'fourth'`)
		f.user("fifth")
		f.exec(`UPDATE users SET username = 'paypal-x' WHERE username = 'fifth'`)
		f.exec(`UPDATE usernames SET key = 'paypal-x', look = 'paypal-x' WHERE key = 'fifth'`)
		v := f.viewer(f.login("paypa1-x", client(4)))
		expect(t, "one goes", f.changeUsername(v, "countess-x"), "ok")
		expect(t, "and comes back", f.changeUsername(f.reload(v), "paypa1-x"), "ok")
		f.user("bob")
		expect(t, "a third", f.changeUsername(f.viewer(f.login("bob", client(9))), "paypai"), "USERNAME_TAKEN")
		var file strings.Builder
		for i, name := range []string{"paypai", "amazon", "arnazon", "amaz0n", "admin-bob"} {
			fmt.Fprintf(&file, `{"email": "moved%d@example.org", "username": %q}`+"\n", i, name)
		}
		in := &auth.Import{Bad: func(line int, problems []string) { t.Errorf("line %d: %v", line, problems) }}
		must(t, f.ImportUsers(t.Context(), shell, strings.NewReader(file.String()), in))
		if in.Imported != 5 {
			t.Errorf("%d imported, want 5", in.Imported)
		}
		expect(t, "what an import looks like", f.registers("new@example.org", "amazOn", client(7)), "USERNAME_TAKEN")
		expect(t, "and another of it", f.registers("new@example.org", "arnaz0n", client(7)), "USERNAME_TAKEN")
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

// Who registers without a username has one made, and changes it without using up
// a change of the day.
func TestMadeUsername(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		in := auth.RegisterInput{Email: "ada@example.org", Password: goodPassword}
		_, err := f.Register(t.Context(), client(1), in)
		must(t, err)
		in.Username = new("")
		_, err = f.Register(t.Context(), client(1), in)
		expect(t, "an empty one", err, "USERNAME_INVALID")
		must(t, f.confirm(f.tokens(f.mails("ada@example.org")[0])[0], ""))
		l := f.login("ada@example.org", client(1))
		if made := l.User.Username; !regexp.MustCompile(`^([bdklmnrstvz][aeiou]){4}[1-9][0-9]{2}$`).MatchString(made) {
			t.Errorf("made %q", made)
		}
		f.login(l.User.Username, client(1))
		f.login("ada@example.org", client(1))
		rename := func(name string) error {
			_, err := f.ChangeUsername(t.Context(), as(f.viewer(l), client(1)), auth.ChangeUsernameInput{Username: name})
			return err
		}
		for i := range 6 { // the first is not counted
			expect(t, fmt.Sprintf("change %d", i), rename(fmt.Sprintf("ada%d", i)), "ok")
			l = f.login("ada@example.org", client(1))
		}
		expect(t, "a seventh", rename("ada7"), "RATE_LIMITED")
	})
}

// Of many changes of a made name at once, one is not counted.
func TestMadeUsernameChangesOnce(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, err := f.Register(t.Context(), client(1), auth.RegisterInput{Email: "ada@example.org", Password: goodPassword})
		must(t, err)
		must(t, f.confirm(f.tokens(f.mails("ada@example.org")[0])[0], ""))
		v := f.viewer(f.login("ada@example.org", client(1)))
		errs := parallel(10, func(i int) error {
			_, err := f.ChangeUsername(t.Context(), as(v, client(1)), auth.ChangeUsernameInput{Username: fmt.Sprintf("ada%d", i)})
			return err
		})
		expectAll(t, "changing", errs, 1, "UNAVAILABLE")
	})
}
