package auth_test

import (
	"fmt"
	"testing"
	"time"
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
