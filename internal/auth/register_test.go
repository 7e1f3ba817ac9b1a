package auth_test

import (
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/mail"
	"latchkey/internal/password"
	"latchkey/internal/store"
)

func TestPasswordsWhenRegistering_A1_A2_A3_A4(t *testing.T) {
	const common, long, short, invalid = "PASSWORD_TOO_COMMON", "PASSWORD_TOO_LONG", "PASSWORD_TOO_SHORT", "PASSWORD_INVALID"
	emoji := "\U0001F600"
	tests := []struct{ name, typed, argon2id, bcrypt string }{
		{"8", "mfjw-wqp", "ok", "ok"},
		{"7", "mfjw-wq", short, short},
		{"none", "", short, short},
		{"8 with spaces around", " mfjwwq ", "ok", "ok"},
		{"8 spaces", "        ", common, common},
		{"7 composed, 14 decomposed", strings.Repeat("e\u0301", 7), short, short},
		{"lower case only", "mfjwhvqpzu", "ok", "ok"},
		{"64 emoji", strings.Repeat(emoji, 64), "ok", long},
		{"18 emoji, 72 bytes", strings.Repeat(emoji, 16) + "\U0001F511\U0001F40E", "ok", "ok"},
		{"72", strings.Repeat("mfj-wqp ", 9), "ok", "ok"},
		{"73", strings.Repeat("mfj-wqp ", 9) + "x", "ok", long},
		{"128", strings.Repeat("mfj-wqp ", 16), "ok", long},
		{"129", strings.Repeat("mfj-wqp ", 16) + "x", long, long},
		{"tab", "mfjw\twqp-zu", invalid, invalid},
		{"NUL", "mfjw\x00wqp-zu", invalid, invalid},
		{"common", "PassWord1", common, common},
		{"username in another case", "ada.lovelace", common, common},
		{"address", "COUNTESS.L+X@BÜCHER.EXAMPLE", common, common},
		{"address in ASCII", "countess.l+x@xn--bcher-kva.example", common, common},
		{"local part", "countess.L+x", common, common},
		{"service", "latchkey", common, common},
		{"username and more", "Ada.Lovelace!", "ok", "ok"},
	}
	for mode, p := range map[string]password.Params{"argon2id": cheap, "bcrypt": cheapBcrypt} {
		t.Run(mode, func(t *testing.T) {
			each(t, func(t *testing.T, f *fixture) {
				for i, tt := range tests {
					_, err := f.Register(t.Context(), client(i), auth.RegisterInput{
						Email: "Countess.L+x@Bücher.example", Username: new("Ada.Lovelace"), Password: tt.typed,
					})
					want := tt.argon2id
					if p.Kind == password.Bcrypt {
						want = tt.bcrypt
					}
					expect(t, tt.name, err, want)
				}
			}, hashing(p))
		})
	}
}

func TestMinimumLengthWhenRegistering_A1(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		for typed, want := range map[string]string{"mfjw-wqp-zu": "PASSWORD_TOO_SHORT", "mfjw-wqp-zui": "ok"} {
			_, err := f.Register(t.Context(), client(1), auth.RegisterInput{Email: "ada@example.org", Username: new("ada"), Password: typed})
			expect(t, typed, err, want)
		}
	}, func(f *fixture) { f.deps.Policy.MinLength = 12 })
}

// All mistakes come together, each with the way to its field and its bound.
func TestMistakesWhenRegistering_A1_B2_B4(t *testing.T) {
	type mistake struct {
		code  auth.UserErrorCode
		field string
		limit int
	}
	each(t, func(t *testing.T, f *fixture) {
		f.user("taken")
		for _, tt := range []struct {
			name string
			in   auth.RegisterInput
			want []mistake
		}{
			{"all fields", auth.RegisterInput{Email: "Ada <ada@example.org>", Username: new("ab"), Password: "a\tb"}, []mistake{
				{auth.EmailInvalid, "email", 0}, {auth.UsernameInvalid, "username", 0},
				{auth.PasswordTooShort, "password", 8}, {auth.PasswordInvalid, "password", 0},
			}},
			{"taken and common", auth.RegisterInput{Email: "taken@example.org", Username: new("TAKEN"), Password: "password1"}, []mistake{
				{auth.UsernameTaken, "username", 0}, {auth.PasswordTooCommon, "password", 0},
			}},
			{"taken beside a bad address", auth.RegisterInput{Email: "", Username: new("taken"), Password: goodPassword}, []mistake{
				{auth.EmailInvalid, "email", 0}, {auth.UsernameTaken, "username", 0},
			}},
			{"reserved and long", auth.RegisterInput{Email: "ada@example.org", Username: new("Admin"), Password: strings.Repeat("wq", 65)}, []mistake{
				{auth.UsernameInvalid, "username", 0}, {auth.PasswordTooLong, "password", 128},
			}},
		} {
			_, err := f.Register(t.Context(), client(1), tt.in)
			list, ok := errors.AsType[auth.UserErrors](err)
			if !ok {
				t.Errorf("%s: %v, want mistakes", tt.name, err)
			}
			var got []mistake
			for _, e := range list {
				m := mistake{code: e.Code, field: strings.TrimPrefix(strings.Join(e.Field, "."), "input.")}
				if e.Limit != nil {
					m.limit = *e.Limit
				}
				got = append(got, m)
				if e.Message == "" {
					t.Errorf("%s: %s has no words", tt.name, e.Code)
				}
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
			}
		}
		if r, m := f.count(`registrations`), f.count(`outbox`); r != 0 || m != 0 {
			t.Errorf("%d registrations and %d mails of mistakes", r, m)
		}
	})
}

// A taken address is not said; its row holds the name, and can never be
// confirmed.
func TestTakenAddress_B1_C3(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		owner := f.user("ada")
		for _, email := range []string{"ADA@example.org", "nobody@example.org"} {
			got, err := f.Register(t.Context(), client(1), auth.RegisterInput{Email: email, Username: new("for-" + email[:3]), Password: goodPassword})
			if err != nil || got != email {
				t.Errorf("registering %s: %q, %v", email, got, err)
			}
			expect(t, "its name for another", f.registers("eve@example.org", "for-"+email[:3], client(2)), "USERNAME_TAKEN")
			expect(t, "its name once more", f.registers(email, "for-"+email[:3], client(1)), "ok")
		}
		list := f.mails("ada@example.org")
		if len(list) != 2 || list[0].Kind != store.MailAlreadyRegistered || list[0].To != owner.Email || len(f.tokens(list[0])) != 0 {
			t.Errorf("the owner got %d mails, want 2 that say so, without a token, to the stored address", len(list))
		}
		if list := f.mails("nobody@example.org"); len(list) != 2 || list[0].Kind != store.MailConfirmRegistration {
			t.Errorf("the other address got %d mails, want 2 with a link", len(list))
		}

		f.exec(`DELETE FROM users`)
		must(t, f.ResendConfirmation(t.Context(), client(1), auth.ResendConfirmationInput{Email: "ada@example.org"}))
		if n := len(f.mails("ada@example.org")); n != 2 {
			t.Errorf("%d mails once the account is gone, want 2", n)
		}
		rows, err := f.store.RegistrationsByEmail(t.Context(), "ada@example.org", "", f.Now(), 100)
		must(t, err)
		if len(rows) != 0 {
			t.Errorf("%d registrations that may be confirmed, want none", len(rows))
		}
	})
}

func TestOpenRegistrations(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		register := func(n int, c auth.Actor, email func(i int) string) []error {
			return parallel(n, func(i int) error {
				return f.registers(email(i), fmt.Sprintf("u%d-%s", i, strings.ReplaceAll(c.Client.Addr.String(), ".", "-")), c)
			})
		}
		one := func(int) string { return "ada@example.org" }
		many := func(i int) string { return fmt.Sprintf("u%d@example.org", i) }
		expectAll(t, "one address, one client", register(40, client(1), one), 5, "RATE_LIMITED")
		expectAll(t, "the same address, another client", register(5, client(2), one), 5, "")
		expectAll(t, "one client", register(40, client(3), many), 20, "RATE_LIMITED")

		err := f.registers("new@example.org", "new", client(3))
		if e := auth.AsError(err); e.Code != auth.RateLimited || e.RetryAfter <= 0 || e.RetryAfter > day {
			t.Errorf("beyond the limit: %v, again after %v", err, e.RetryAfter)
		}
		mails := f.mails("")
		mails = slices.DeleteFunc(mails, func(m *mail.Message) bool { return m.To == one(0) })
		must(t, f.decline(f.tokens(mails[0])[0], ""))
		// Room that comes back would tell that the owner of the address followed the link.
		expect(t, "after one was declined", f.registers("new@example.org", "new", client(3)), "RATE_LIMITED")
		f.pass(day)
		expect(t, "a day later", f.registers("new2@example.org", "new2", client(3)), "ok")
	})
}

// register and resendConfirmation let a client through 60 times in 10 minutes,
// whatever the address.
func TestMailLimit_C4(t *testing.T) {
	resend := func(f *fixture, email string, c auth.Actor) error {
		return f.ResendConfirmation(f.t.Context(), c, auth.ResendConfirmationInput{Email: email})
	}
	network := func(host string) auth.Actor { return at(netip.MustParseAddr("2001:db8:1:2::"+host), "") }
	for name, call := range map[string]func(f *fixture, i int, c auth.Actor) error{
		"register": func(f *fixture, i int, c auth.Actor) error {
			return f.registers("ada@example.org", "admin", c) // a mistake counts as well
		},
		"resend": func(f *fixture, i int, c auth.Actor) error { return resend(f, fmt.Sprintf("u%d@example.org", i), c) },
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, f *fixture) {
				want := outcome(call(f, 0, client(2)))
				for i := range 60 {
					expect(t, "within the limit", call(f, i, network(fmt.Sprint(i))), want)
				}
				err := call(f, 0, network("ffff"))
				expect(t, "beyond it", err, "RATE_LIMITED")
				if e := auth.AsError(err); e.RetryAfter != 10*time.Minute {
					t.Errorf("again after %v, want 10m", e.RetryAfter)
				}
				expect(t, "another client", call(f, 0, client(3)), want)
				f.pass(10 * time.Minute)
				expect(t, "10 minutes later", call(f, 0, network("ffff")), want)
			})
		})
	}
}

func TestClosedRegistration(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		token := f.link("ada@example.org", "ada", client(1))
		cfg := f.cfg
		cfg.RegistrationOpen = false
		f.Service = f.replica(cfg)
		expect(t, "registering", f.registers("eve@example.org", "eve", client(1)), "FORBIDDEN REGISTRATION_CLOSED")
		expect(t, "confirming what was open", f.confirm(token, ""), "ok")
		f.user("bob")
	})
}

func TestResendConfirmation_C3(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		resend := func(email string, c auth.Actor) error {
			return f.ResendConfirmation(t.Context(), c, auth.ResendConfirmationInput{Email: email})
		}
		f.link("ada@example.org", "ada", client(1))
		f.user("bob")
		for _, name := range []string{"Ada", "bob", "nobody"} {
			for range 3 {
				expect(t, name, resend(name+"@example.org", client(1)), "ok")
				expect(t, name+" in capitals", resend(strings.ToUpper(name)+"@EXAMPLE.org", client(1)), "ok")
			}
			if n := f.count(`outbox WHERE recipient_key = $1`, strings.ToLower(name)+"@example.org"); n != 1 {
				t.Errorf("%s: %d rows, want 1", name, n)
			}
		}
		expect(t, "another client", resend("ada@example.org", client(2)), "ok")
		if n := f.count(`outbox`); n != 4 {
			t.Errorf("%d rows, want 4: one for each address and client", n)
		}
		expect(t, "no address", resend("ada", client(1)), "EMAIL_INVALID")
		for name, want := range map[string]int{"ada": 3, "bob": 0, "nobody": 0} {
			if n := len(f.mails(name + "@example.org")); n != want {
				t.Errorf("%s got %d mails, want %d", name, n, want)
			}
		}
	})
}

// Who mistyped their address registers at once with the right one, under the same
// name; then the mistyped one cannot be confirmed any more. Whether that has an
// account makes no difference.
func TestMistypedAddress_C3(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("tpyo") // whose address is the second one that is mistyped
		wrong := f.link("carol@exmaple.org", "carol", client(1))
		must(t, f.registers("tpyo@example.org", "dan", client(1)))
		must(t, f.registers("carol@example.prg", "carol", client(1))) // mistyped again
		for _, name := range []string{"carol", "dan"} {
			right := f.link(name+"@example.org", strings.ToUpper(name), client(1))
			expect(t, name+" at the right address", f.confirm(right, ""), "ok")
			expect(t, name+" logs in", f.try(name, goodPassword, client(1)), "ok")
		}
		expect(t, "the mistyped address", f.confirm(wrong, goodPassword), "TOKEN_INVALID")
	})
}

// Nobody else gets a name by that, and the name is not kept longer by it.
func TestHeldNameIsNotTakenOver(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		must(t, f.registers("ada@example.org", "ada", client(1)))
		expect(t, "from elsewhere", f.registers("eve@example.org", "ada", client(2)), "USERNAME_TAKEN")
		other := auth.RegisterInput{Email: "eve@example.org", Username: new("ada"), Password: newPassword}
		for range 10 {
			_, err := f.Register(t.Context(), client(1), other)
			expect(t, "with another password", err, "USERNAME_TAKEN")
		}
		_, err := f.Register(t.Context(), client(1), other)
		expect(t, "an eleventh guess", err, "RATE_LIMITED")
		f.pass(time.Hour)

		// One who claims a name for somebody's address, and then wants it for their own.
		must(t, f.registers("victim@example.org", "victor", client(3)))
		must(t, f.registers("victim@example.org", "victor", client(4)))
		expect(t, "claimed by another for the same address", f.registers("eve@example.org", "victor", client(3)), "USERNAME_TAKEN")
		f.user("bob")
		expect(t, "an account's", f.registers("eve@example.org", "bob", client(1)), "USERNAME_TAKEN")

		f.pass(22 * time.Hour)
		must(t, f.registers("ada@example.com", "ada", client(1)))
		expect(t, "while it is held", f.registers("eve@example.org", "ada", client(2)), "USERNAME_TAKEN")
		f.pass(time.Hour)
		expect(t, "a day after the first claim", f.registers("eve@example.org", "ada", client(2)), "ok")
	})
}

// Of two that move a name at once to two addresses, one gets it.
func TestNameMovesOnce(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		must(t, f.registers("carol@exmaple.org", "carol", client(1)))
		errs := parallel(8, func(i int) error {
			return patient(func() error { return f.registers(fmt.Sprintf("carol%d@example.org", i), "carol", client(1)) })
		})
		for _, err := range errs {
			if got := outcome(err); got != "ok" && got != "USERNAME_TAKEN" {
				t.Errorf("moving: %s", got)
			}
		}
		if n := f.count(`registrations WHERE NOT closed`); n != 1 {
			t.Errorf("%d registrations may be confirmed, want 1", n)
		}
	})
}

// Twenty registrations of a client keep others behind its address waiting for an
// hour at most, and for no more than that.
func TestJunkRegistrations(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		for i := range 20 {
			must(t, f.registers(fmt.Sprintf("junk%d@example.org", i), fmt.Sprintf("junk%d", i), client(1)))
			f.pass(time.Minute)
		}
		err := f.registers("ada@example.org", "ada", client(1))
		expect(t, "the 21st", err, "RATE_LIMITED")
		if e := auth.AsError(err); e.RetryAfter > time.Hour || !strings.HasSuffix(e.Message, "Try again in 60 minutes.") {
			t.Errorf("the 21st: %v, %q", e.RetryAfter, e.Message)
		}
		f.pass(40 * time.Minute)
		expect(t, "an hour after the first", f.registers("ada@example.org", "ada", client(1)), "ok")
		for i := range 5 {
			expect(t, "of one address", f.registers("eve@example.org", fmt.Sprintf("eve%d", i), client(2)), "ok")
		}
		expect(t, "the sixth of one address", f.registers("eve@example.org", "eve6", client(2)), "RATE_LIMITED")
		f.pass(time.Hour)
		expect(t, "the sixth of one address, an hour later", f.registers("eve@example.org", "eve6", client(2)), "ok")
	})
}

// What is malformed uses up no call that is not, of whichever kind.
func TestMalformedCountsApart_C4(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		for _, in := range []auth.RegisterInput{
			{Email: "ada", Username: new("ada"), Password: goodPassword}, {Email: "ada@example.org", Username: new("a"), Password: goodPassword},
			{Email: "ada@example.org", Password: "short"},
		} {
			for range 20 {
				if _, err := f.Register(t.Context(), client(1), in); err == nil {
					t.Fatalf("registered %+v", in)
				}
			}
		}
		_, err := f.Register(t.Context(), client(1), auth.RegisterInput{})
		expect(t, "a 61st that is malformed", err, "RATE_LIMITED")
		expect(t, "one that is not", f.registers("ada@example.org", "ada", client(1)), "ok")
		for range 60 {
			expect(t, "resend", f.ResendConfirmation(t.Context(), client(1), auth.ResendConfirmationInput{Email: "x"}), "EMAIL_INVALID")
			expect(t, "reset", f.RequestPasswordReset(t.Context(), client(1), auth.RequestPasswordResetInput{Email: "x"}), "EMAIL_INVALID")
		}
		expect(t, "resend", f.ResendConfirmation(t.Context(), client(1), auth.ResendConfirmationInput{Email: "ada@example.org"}), "ok")
		expect(t, "reset", f.RequestPasswordReset(t.Context(), client(1), auth.RequestPasswordResetInput{Email: "ada@example.org"}), "ok")
	})
}

// Test suites on the developer's machine register as often as they like.
func TestDeveloperRegisters(t *testing.T) {
	for _, development := range []bool{true, false} {
		each(t, func(t *testing.T, f *fixture) {
			for _, address := range []string{"127.0.0.1", "::1", "192.0.2.7"} {
				limited := 0
				for i := range 70 {
					name := fmt.Sprintf("p%d-%s", i, strings.NewReplacer(".", "-", ":", "-").Replace(address))
					if err := f.registers(name+"x@example.org", name+"x", at(netip.MustParseAddr(address), firefox)); err != nil {
						limited++
					}
				}
				if free := development && address != "192.0.2.7"; free != (limited == 0) {
					t.Errorf("development %v, %s: %d of 70 were refused", development, address, limited)
				}
			}
		}, func(f *fixture) { f.cfg.Development = development })
	}
}

// The same again from the same client is one registration, whose link asks for nothing:
// one click after the other or both at once, on one replica or two, with a username or
// without, also where the first one was declined. Whether the address has an account
// changes no row but for closed (C3).
func TestSameAgainIsOneRegistration_C3(t *testing.T) {
	for kind, p := range map[string]password.Params{"argon2id": cheap, "bcrypt": cheapBcrypt} {
		t.Run(kind, func(t *testing.T) {
			each(t, func(t *testing.T, f *fixture) {
				f.user("olga")
				other := f.replica(f.cfg)
				for i, c := range []struct {
					email    string
					username *string
				}{{"ada@example.org", new("ada")}, {"bob@example.org", nil}, {"olga@example.org", new("eve")}, {"olga@example.org", nil}} {
					in := auth.RegisterInput{Email: c.email, Username: c.username, Password: goodPassword}
					errs := parallel(4, func(n int) error {
						_, err := []*auth.Service{f.Service, other}[n%2].Register(t.Context(), client(i), in)
						return err
					})
					expectAll(t, "at once", errs, 4, "")
					before := f.count(`outbox`)
					_, err := f.Register(t.Context(), client(i), in)
					expect(t, "afterwards", err, "ok")
					if n := f.count(`registrations WHERE client = $1`, client(i).Client.Key()); n != 1 {
						t.Errorf("%s: %d registrations, want 1", c.email, n)
					}
					if n := f.count(`registrations WHERE closed AND client = $1`, client(i).Client.Key()); (n == 1) != (c.email == "olga@example.org") {
						t.Errorf("%s: %d closed", c.email, n)
					}
					if n := f.count(`outbox`); n != before {
						t.Errorf("%s: %d mails wait, want %d", c.email, n, before)
					}
				}
				for _, email := range []string{"ada@example.org", "bob@example.org"} {
					list := f.mails(email)
					if len(list) != 2 {
						t.Errorf("%s got %d mails, want 2", email, len(list))
					}
					first, last := f.tokens(list[len(list)-1])[0], f.tokens(list[0])[0]
					expect(t, "the first link", f.confirm(first, ""), "ok")
					expect(t, "the last one then", f.confirm(last, ""), "TOKEN_INVALID")
				}
				must(t, f.decline(f.link("joe@example.org", "joe", client(9)), ""))
				expect(t, "again after it was declined", f.confirm(f.link("joe@example.org", "joe", client(9)), ""), "ok")
			}, hashing(p))
		})
	}
}

// With another password, another username or from another client it is another
// registration.
func TestAnotherRegistration(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		registers := func(username, typed string, c auth.Actor) {
			t.Helper()
			_, err := f.Register(t.Context(), c, auth.RegisterInput{Email: "ada@example.org", Username: new(username), Password: typed})
			must(t, err)
		}
		for n, again := range []func(){
			func() { registers("ada", goodPassword, client(1)) },
			func() { registers("ada", newPassword, client(1)) },
			func() { registers("countess", newPassword, client(1)) },
			func() { registers("ada", newPassword, client(2)) },
		} {
			again()
			if got := f.count(`registrations`); got != n+1 {
				t.Errorf("%d registrations, want %d", got, n+1)
			}
		}
		registers("ADA", newPassword, client(1)) // the same as the newest, written otherwise
		if n := f.count(`registrations WHERE username = 'ADA'`); n != 1 {
			t.Errorf("%d registrations are written as the last time, want 1", n)
		}
		if n := f.count(`registrations`); n != 4 {
			t.Errorf("%d registrations after all, want 4", n)
		}
	})
}

// Registering again gives the link its whole time, and leaves the name to be moved.
func TestSameAgainLasts(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.link("ada@example.org", "ada", client(1))
		f.pass(23 * time.Hour)
		again := f.link("ada@example.org", "ada", client(1))
		f.link("typo@example.org", "eve", client(2))
		f.pass(23 * time.Hour)
		f.link("typo@example.org", "eve", client(2))
		expect(t, "a day later", f.confirm(again, ""), "ok")
		f.pass(2 * time.Hour)
		f.link("typo@example.org", "eve", client(2)) // its username is held anew
		expect(t, "for the right address", f.registers("eve@example.org", "eve", client(2)), "ok")
		if n := f.count(`registrations WHERE client = $1 AND NOT closed`, client(2).Client.Key()); n != 1 {
			t.Errorf("%d registrations wait, want 1", n)
		}
	})
}

// Who corrects their address by a double click has one registration, too.
func TestMovedTwiceAtOnce(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		must(t, f.registers("typo@example.org", "ada", client(1)))
		expectAll(t, "the right address", parallel(4, func(int) error { return f.registers("ada@example.org", "ada", client(1)) }), 4, "")
		if n := f.count(`registrations WHERE NOT closed`); n != 1 {
			t.Errorf("%d registrations wait, want 1", n)
		}
		expect(t, "its link", f.confirm(f.tokens(f.mails("ada@example.org")[0])[0], ""), "ok")
	})
}

// What waits is compared by the limits of any password: beyond them, a guess of it is
// another registration.
func TestSameAgainIsATry_C4(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		must(t, f.registers("ada@example.org", "ada", client(1)))
		f.exec(`UPDATE registrations SET created_at = $1`, f.Now().Add(-2*time.Hour)) // counts for no limit of rows
		var id string
		must(t, f.db.QueryRow(t.Context(), `SELECT id FROM registrations`).Scan(&id))
		for i := range 12 {
			_, err := f.Register(t.Context(), client(1), auth.RegisterInput{Email: "ada@example.org", Username: new("ada"), Password: fmt.Sprint("a guess of it, ", i)})
			must(t, err)
			f.exec(`DELETE FROM registrations WHERE id <> $1`, id)
		}
		must(t, f.registers("ada@example.org", "ada", client(1)))
		if n := f.count(`registrations`); n != 2 {
			t.Errorf("%d registrations: the password was compared beyond its limit", n)
		}
	})
}
