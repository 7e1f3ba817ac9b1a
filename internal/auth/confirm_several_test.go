package auth_test

import (
	"fmt"
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

// One mail names all that is open, each with a link of its own.
func TestResendOfSeveralRegistrations_D3(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.link("ada@example.org", "ada", client(1))
		f.link("ada@example.org", "eve", client(2))
		must(t, f.ResendConfirmation(t.Context(), client(3), auth.ResendConfirmationInput{Email: "ada@example.org"}))
		tokens := f.tokens(f.mails("ada@example.org")[0])
		if len(tokens) != 2 {
			t.Fatalf("%d links, want 2", len(tokens))
		}
		for i, want := range []string{"eve", "ada"} { // the newest first
			page, err := f.LookAtConfirmation(t.Context(), tokens[i], "ada@example.org")
			must(t, err)
			if page.Username != want {
				t.Errorf("link %d is of %s, want %s", i, page.Username, want)
			}
		}
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
