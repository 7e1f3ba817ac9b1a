package auth_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/store"
)

// Of several unfinished registrations of one address, each needs the password
// chosen with it, and one ends the others.
func TestSeveralRegistrations_D2_D3(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		token := map[string]string{}
		for i, name := range []string{"ada", "eve", "mallory"} {
			in := auth.RegisterInput{Email: "ada@example.org", Username: new(name), Password: goodPassword + " of " + name}
			_, err := f.Register(t.Context(), client(i), in)
			must(t, err)
			token[name] = f.tokens(f.mails(in.Email)[0])[0]
		}
		page, err := f.LookAtConfirmation(t.Context(), token["ada"], "")
		must(t, err)
		if !page.NeedsPassword {
			t.Error("the page does not ask for a password")
		}
		for _, typed := range []string{"", wrongPassword, goodPassword + " of eve"} {
			_, err := f.confirmEmail(f.Service, token["ada"], typed, client(9))
			expect(t, "confirming with "+typed, err, "WRONG_PASSWORD")
		}
		l, err := f.confirmEmail(f.Service, token["ada"], goodPassword+" of ada", client(9))
		must(t, err)
		if l.User.Username != "ada" {
			t.Errorf("made %s", l.User.Username)
		}
		for name := range token {
			expect(t, "then "+name, f.confirm(token[name], goodPassword+" of "+name), "TOKEN_INVALID")
		}
		if u, r := f.count(`users`), f.count(`registrations WHERE NOT closed`); u != 1 || r != 0 {
			t.Errorf("%d accounts and %d open registrations, want 1 and none", u, r)
		}
		expect(t, "another's password", f.try("ada", goodPassword+" of eve", client(9)), "INVALID_CREDENTIALS")
	})
}

// Once the others ended, no password is asked for.
func TestLastOfSeveralRegistrations(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ada, eve := f.link("ada@example.org", "ada", client(1)), f.link("ada@example.org", "eve", client(2))
		expect(t, "beside another", f.confirm(ada, ""), "WRONG_PASSWORD")
		must(t, f.decline(eve, ""))
		expect(t, "alone", f.confirm(ada, ""), "ok")
	})
}

// One mail with one link is about all that is open.
func TestResendOfSeveralRegistrations_D3(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.link("ada@example.org", "ada", client(1))
		f.link("ada@example.org", "eve", client(2))
		must(t, f.ResendConfirmation(t.Context(), client(3), auth.ResendConfirmationInput{Email: "ada@example.org"}))
		tokens := f.tokens(f.mails("ada@example.org")[0])
		if len(tokens) != 1 {
			t.Fatalf("%d links, want 1", len(tokens))
		}
		page, err := f.LookAtConfirmation(t.Context(), tokens[0], "ada@example.org")
		must(t, err)
		if page.Username != "" || !page.NeedsPassword {
			t.Errorf("the page: %+v, want it to ask for both", page)
		}
		for _, in := range []auth.ConfirmLink{
			{}, {Username: "ada"}, {Username: "ada", Password: wrongPassword}, {Username: "nobody1", Password: goodPassword}, {Username: "a", Password: goodPassword},
		} {
			in.Token = tokens[0]
			_, err := f.ConfirmLink(t.Context(), client(9), in)
			expect(t, fmt.Sprintf("%+v", in), err, "WRONG_PASSWORD")
		}
		done, err := f.ConfirmLink(t.Context(), client(9), auth.ConfirmLink{Token: tokens[0], Username: "EVE", Password: goodPassword})
		must(t, err)
		if done.User.Username != "eve" {
			t.Errorf("opened %s", done.User.Username)
		}
		expect(t, "again", f.confirm(tokens[0], goodPassword), "TOKEN_INVALID")
	})
}

// What strangers register for an address, from many networks, before its owner
// does and afterwards, under other names and under the owner's, keeps the owner
// from nothing: whichever link arrives is good for theirs, with their password,
// wherever it is followed.
func TestStrangersKeepNobodyFromConfirming_C6(t *testing.T) {
	strangers := func(f *fixture, from, n int) {
		for i := range n {
			c := at(netip.MustParseAddr(fmt.Sprintf("2001:db8:%x:%x::1", from+i/4, i)), chrome)
			for _, name := range []string{"ada", fmt.Sprintf("eve%d", from+i)} {
				in := auth.RegisterInput{Email: "ada@example.org", Username: new(name), Password: fmt.Sprintf("a stranger's %d", i)}
				_, err := f.Register(f.t.Context(), c, in)
				must(f.t, err)
			}
			f.pass(time.Second)
		}
	}
	for _, where := range []struct {
		name string
		at   auth.Actor
	}{{"where it was registered", client(1)}, {"elsewhere", client(2)}} {
		each(t, func(t *testing.T, f *fixture) {
			strangers(f, 0x10, 14)
			must(t, f.registers("ada@example.org", "ada", client(1)))
			strangers(f, 0x20, 14)
			for i, m := range f.mails("ada@example.org") {
				tokens := f.tokens(m)
				if len(tokens) != 1 {
					t.Fatalf("mail %d has %d links", i, len(tokens))
				}
				if i < 3 || i > 50 { // the tries are counted
					_, err := f.ConfirmLink(t.Context(), where.at, auth.ConfirmLink{Token: tokens[0], Username: "ada", Password: wrongPassword})
					expect(t, where.name+", a wrong password", err, "WRONG_PASSWORD")
				}
			}
			last := f.mails("ada@example.org")
			done, err := f.ConfirmLink(t.Context(), where.at, auth.ConfirmLink{Token: f.tokens(last[len(last)-1])[0], Username: "ada", Password: goodPassword})
			must(t, err)
			f.login("ada", client(1))
			if done.User.Username != "ada" || f.count(`registrations WHERE NOT closed`) != 0 {
				t.Errorf("opened %s, with others left open", done.User.Username)
			}
		})
	}
}

// A link whose own registration ended opens another's with its password
// alone: else the owner of an address would open a stranger's by an old mail.
func TestOldLinkOpensNoStrangers(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		old := f.link("ada@example.org", "ada", client(1))
		must(t, f.ResendConfirmation(t.Context(), client(1), auth.ResendConfirmationInput{Email: "ada@example.org"}))
		other := f.tokens(f.mails("ada@example.org")[0])[0]
		in := auth.RegisterInput{Email: "ada@example.org", Username: new("eve"), Password: newPassword}
		_, err := f.Register(t.Context(), client(2), in)
		must(t, err)
		must(t, f.decline(other, ""))
		page, err := f.LookAtConfirmation(t.Context(), old, "")
		must(t, err)
		if !page.NeedsPassword || page.Username != "" {
			t.Errorf("the page: %+v, want it to ask for both", page)
		}
		expect(t, "without a password", f.confirm(old, ""), "WRONG_PASSWORD")
		expect(t, "with another", f.confirm(old, goodPassword), "WRONG_PASSWORD")
		if _, err = f.DeclineAll(t.Context(), client(1), old, ""); err != nil {
			t.Fatal(err)
		}
		expect(t, "once all are declined", f.confirm(old, newPassword), "TOKEN_INVALID")
	})
}

// An account made otherwise ends the registrations of its address.
func TestClosedMeanwhile_B1(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		token := f.link("ada@example.org", "countess", client(1))
		f.user("ada")
		expect(t, "confirming", f.confirm(token, ""), "TOKEN_INVALID")
		f.exec(`DELETE FROM users`)
		expect(t, "confirming after the account is gone", f.confirm(token, ""), "TOKEN_INVALID")
		_, err := f.CreateUser(t.Context(), shell, auth.CreateUserInput{
			Email: "eve@example.org", Username: "countess", Password: new(goodPassword), Role: store.RoleUser,
		})
		expect(t, "its name by the shell", err, "USERNAME_TAKEN")
	})
}

// Passwords typed at a link are tries like those of a login, counted by the
// registration.
func TestPasswordAtALinkIsThrottled_C7(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ada, eve := f.link("ada@example.org", "ada", client(1)), f.link("ada@example.org", "eve", client(2))
		for range 12 {
			expect(t, "without one", f.confirm(ada, ""), "WRONG_PASSWORD")
		}
		for range 10 {
			expect(t, "a wrong one", f.confirm(ada, wrongPassword), "WRONG_PASSWORD")
		}
		expect(t, "the eleventh", f.confirm(ada, wrongPassword), "RATE_LIMITED")
		expect(t, "the right one then", f.confirm(ada, goodPassword), "RATE_LIMITED")
		expect(t, "the other link", f.confirm(eve, wrongPassword), "WRONG_PASSWORD")
		_, err := f.confirmEmail(f.Service, ada, wrongPassword, client(2))
		expect(t, "another client", err, "WRONG_PASSWORD")
		for i := range 89 {
			_, err := f.confirmEmail(f.Service, ada, wrongPassword, client(100+i/10))
			expect(t, fmt.Sprintf("try %d of all clients", 12+i), err, "WRONG_PASSWORD")
		}
		_, err = f.confirmEmail(f.Service, ada, goodPassword, client(3))
		expect(t, "beyond the limit of all clients", err, "RATE_LIMITED")
		f.pass(time.Hour)
		expect(t, "an hour later", f.confirm(ada, goodPassword), "ok")
	})
}
