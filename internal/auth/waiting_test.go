package auth_test

import (
	"fmt"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/store"
)

// Who registered and did not confirm is told so when they log in, and the link
// comes again, however often they try and wherever that may be.
func TestLoginBeforeConfirming(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		must(t, f.registers("Carol@example.org", "Carol", client(1)))
		if n := len(f.mails("carol@example.org")); n != 1 {
			t.Fatalf("%d mails after registering, want 1", n)
		}
		expect(t, "by the username", f.try("carol", goodPassword, client(1)), "EMAIL_NOT_CONFIRMED")
		expect(t, "by the address", f.try("carol@EXAMPLE.org", goodPassword, client(1)), "EMAIL_NOT_CONFIRMED")
		expect(t, "by the username from elsewhere", f.try("CAROL", goodPassword, client(2)), "EMAIL_NOT_CONFIRMED")
		expect(t, "a wrong password", f.try("carol", wrongPassword, client(1)), "INVALID_CREDENTIALS")
		mails := f.mails("carol@example.org")
		if len(mails) != 3 { // one for each client
			t.Fatalf("%d mails after logging in at two clients, want 3", len(mails))
		}
		must(t, f.confirm(f.tokens(mails[0])[0], ""))
		expect(t, "once confirmed", f.try("carol", goodPassword, client(1)), "ok")
		f.pass(day)
		expect(t, "once expired", f.registers("dan@example.org", "dan", client(1)), "ok")
		f.pass(day)
		expect(t, "once expired", f.try("dan", goodPassword, client(1)), "INVALID_CREDENTIALS")
	})
}

// Who registered an address does not see from logging in whether it has an
// account, gets one, or whether a link was followed: at the client of the
// registration and elsewhere, by the name and by the address.
func TestLoginOfRegistrationTellsNothing_C3(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("holder")
		addresses := []string{"holder@example.org", "free@example.org", "declined@example.org", "confirmed@example.org", "imported@example.org"}
		for i, address := range addresses {
			_, err := f.Register(t.Context(), client(i), auth.RegisterInput{Email: address, Username: new(fmt.Sprintf("eve%d", i)), Password: newPassword})
			must(t, err)
		}
		must(t, f.decline(f.tokens(f.mails("declined@example.org")[0])[0], ""))
		must(t, f.confirm(f.link("confirmed@example.org", "somebody", client(90)), goodPassword))
		if _, bad := f.imports(importLine("imported"), false); bad != nil {
			t.Fatal(bad)
		}
		for i, address := range addresses {
			name := fmt.Sprintf("eve%d", i)
			expect(t, address+" by the name", f.try(name, newPassword, client(i)), "EMAIL_NOT_CONFIRMED")
			expect(t, address+" by the name, elsewhere", f.try(name, newPassword, client(50+i)), "EMAIL_NOT_CONFIRMED")
			expect(t, address+" by the name, wrong", f.try(name, wrongPassword, client(i)), "INVALID_CREDENTIALS")
			expect(t, address, f.try(address, newPassword, client(i)), "EMAIL_NOT_CONFIRMED")
			expect(t, address+", wrong", f.try(address, wrongPassword, client(i)), "INVALID_CREDENTIALS")
			expect(t, address+", elsewhere", f.try(address, newPassword, client(50+i)), "INVALID_CREDENTIALS")
		}
	})
}

// The owner of an account who registered it once more logs in as before.
func TestLoginBesideRegistration(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		_, err := f.Register(t.Context(), client(1), auth.RegisterInput{Email: "ada@example.org", Username: new("ada2"), Password: newPassword})
		must(t, err)
		expect(t, "with the account's password", f.try("ada@example.org", goodPassword, client(1)), "ok")
		expect(t, "with that of the registration", f.try("ada@example.org", newPassword, client(1)), "EMAIL_NOT_CONFIRMED")
		expect(t, "with another", f.try("ada@example.org", wrongPassword, client(1)), "INVALID_CREDENTIALS")
	})
}

// Of two who registered one username for one address, each is meant where they
// did it; elsewhere the newer one.
func TestLoginOfSeveralRegistrations(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		for i, typed := range []string{goodPassword, newPassword} {
			_, err := f.Register(t.Context(), client(1+i), auth.RegisterInput{Email: "ada@example.org", Username: new("ada"), Password: typed})
			must(t, err)
			f.pass(time.Second)
		}
		for _, tt := range []struct {
			typed string
			at    int
			want  string
		}{
			{goodPassword, 1, "EMAIL_NOT_CONFIRMED"}, {newPassword, 1, "INVALID_CREDENTIALS"},
			{newPassword, 2, "EMAIL_NOT_CONFIRMED"}, {goodPassword, 2, "INVALID_CREDENTIALS"},
			{newPassword, 3, "EMAIL_NOT_CONFIRMED"}, {goodPassword, 3, "INVALID_CREDENTIALS"},
		} {
			expect(t, "by the name", f.try("ada", tt.typed, client(tt.at)), tt.want)
		}
	})
}

// Guesses at a registration are counted as those at an account.
func TestGuessesAtRegistration_C4(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		must(t, f.registers("ada@example.org", "ada", client(1)))
		for range 10 {
			expect(t, "within the limit", f.try("ada", wrongPassword, client(2)), "INVALID_CREDENTIALS")
		}
		expect(t, "beyond it", f.try("ada", goodPassword, client(2)), "RATE_LIMITED")
	})
}

// Who forgot that they never confirmed gets the link that does it.
func TestResetBeforeConfirming(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		must(t, f.registers("carol@example.org", "carol", client(1)))
		f.mails("carol@example.org")
		must(t, f.RequestPasswordReset(t.Context(), client(1), auth.RequestPasswordResetInput{Email: "Carol@example.org"}))
		mails := f.mails("carol@example.org")
		if len(mails) != 2 || mails[0].Kind != store.MailConfirmRegistration {
			t.Fatalf("%d mails, want the confirmation again", len(mails))
		}
		must(t, f.confirm(f.tokens(mails[0])[0], ""))
		expect(t, "confirmed", f.try("carol", goodPassword, client(1)), "ok")
		f.asks("carol@example.org", client(1)) // a reset from then on
	})
}

// A password that is right for a registration of somebody's address is a guess at the
// account all the same: it counts.
func TestGuessByRegistrationCounts_C4(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		told := map[string]int{}
		for i := range 110 {
			guess := fmt.Sprintf("a guess by number %d, and long", i)
			_, err := f.Register(t.Context(), client(i), auth.RegisterInput{Email: "ada@example.org", Username: new(fmt.Sprintf("eve%d", i)), Password: guess})
			must(t, err)
			told[outcome(f.try("ada@example.org", guess, client(i)))]++
		}
		if told["EMAIL_NOT_CONFIRMED"] > 100 || told["RATE_LIMITED"] < 10 {
			t.Errorf("110 guesses: %v, want 100 heard", told)
		}
	})
}

// However many strangers register an address, the link of its owner confirms theirs,
// from another device too.
func TestOwnLinkAmongMany_C6(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		link := f.link("ada@example.org", "ada", client(1))
		f.pass(time.Second)
		const n = 600
		f.exec(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
			INSERT INTO registrations (id, email, email_key, username, username_key, password_hash, client, device, closed, created_at, expires_at)
			SELECT 'r-' || i, 'ada@example.org', 'ada@example.org', 'eve' || i, 'eve' || i, 'x', 'c-' || i, 'curl', FALSE, $2, $3 FROM n`,
			n, f.Now(), f.Now().Add(day))
		expect(t, "without a password", f.confirm(link, ""), "WRONG_PASSWORD")
		_, err := f.ConfirmLink(t.Context(), client(7), auth.ConfirmLink{Token: link, Username: "ada", Password: goodPassword})
		expect(t, "from another device", err, "ok")
		f.login("ada", client(7))
	})
}
