package auth_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/store"
)

func (f *fixture) notMe(token string) error {
	_, err := f.NotMe(f.t.Context(), client(1), token)
	return err
}

// secured expects an account that was taken back: at this address and username,
// without devices, a password or anything that waits.
func (f *fixture) secured(id, email, username string) {
	f.t.Helper()
	u, err := f.store.UserByID(f.t.Context(), id)
	must(f.t, err)
	if u.Email != email || u.Username != username || u.PasswordHash != "" || u.PendingEmail != nil {
		f.t.Errorf("the account is at %s as %s, with hash %q and %v waiting; want %s as %s", u.Email, u.Username, u.PasswordHash, u.PendingEmail, email, username)
	}
	if n := f.count(`sessions WHERE user_id = $1`, id); n != 0 {
		f.t.Errorf("%d devices are logged in", n)
	}
}

// The thief knows the password and goes as far as they can; the owner has the
// first notice that came, and the account in the end.
func TestOwnerTakesAccountBack_A8(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		u := f.user("ada")
		f.login("ada", client(1))
		f.pass(time.Minute)
		thief := at(client(66).Client.Addr, chrome)
		v := f.viewer(f.login("ada", thief))
		notice := f.token("ada@example.org", store.MailNewDevice)
		must(t, f.changePassword(v, goodPassword, newPassword, thief))
		must(t, f.changeEmail(f.reload(v), "thief@example.net", newPassword, thief))
		must(t, f.confirm(f.token("thief@example.net", store.MailConfirmNewEmail), ""))
		must(t, f.changeEmail(f.reload(v), "thief2@example.net", newPassword, thief))
		must(t, f.confirm(f.token("thief2@example.net", store.MailConfirmNewEmail), ""))
		must(t, f.changeUsername(f.reload(v), "thief"))
		later := f.token("thief@example.net", store.MailEmailChanged) // a notice went to the thief's first address
		reset := f.asks("thief2@example.net", thief)
		must(t, f.changeEmail(f.reload(v), "thief3@example.net", newPassword, thief))
		waits := f.token("thief3@example.net", store.MailConfirmNewEmail)

		f.pass(70 * time.Hour)
		expect(t, "the owner", f.notMe(notice), "ok")
		f.secured(u.ID, "ada@example.org", "thief") // a device's login changed no name
		expect(t, "the owner again", f.notMe(notice), "TOKEN_INVALID")
		expect(t, "the thief takes back", f.notMe(later), "TOKEN_INVALID")
		expect(t, "the thief resets", f.reset(reset, newPassword, thief), "TOKEN_INVALID")
		expect(t, "the thief confirms", f.confirm(waits, ""), "TOKEN_INVALID")
		expect(t, "the thief logs in", f.try("thief", newPassword, thief), "INVALID_CREDENTIALS")
		expect(t, "with the old one", f.try("ada@example.org", goodPassword, thief), "INVALID_CREDENTIALS")
		expect(t, "with none", f.try("ada@example.org", "", thief), "INVALID_CREDENTIALS")

		expect(t, "the owner's reset", f.reset(f.token("ada@example.org", store.MailPasswordReset), goodPassword+"!", client(1)), "ok")
		back := f.viewer(&auth.Login{Tokens: f.again("ada@example.org", goodPassword+"!").Tokens})
		expect(t, "the name", f.changeUsername(back, "ada"), "ok") // which was kept for them
	})
}

func (f *fixture) again(login, typed string) *auth.Login {
	f.t.Helper()
	l, err := f.Login(f.t.Context(), client(1), auth.LoginInput{Login: login, Password: typed})
	must(f.t, err)
	return l
}

// Of several notices the oldest wins, and takes a username back only if that is
// what it tells of.
func TestOldestEventWins_A8(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		u := f.user("ada")
		v := f.viewer(f.login("ada", client(1)))
		must(t, f.changeUsername(v, "first"))
		renamed := f.token("ada@example.org", store.MailUsernameChanged)
		f.pass(-time.Hour) // another replica's clock: the order is not a matter of clocks
		must(t, f.changeEmail(f.reload(v), "b@example.org", goodPassword, client(1)))
		f.pass(time.Minute)
		must(t, f.confirm(f.token("b@example.org", store.MailConfirmNewEmail), ""))
		moved := f.token("ada@example.org", store.MailEmailChanged)
		f.pass(time.Minute)
		must(t, f.changeUsername(f.reload(v), "second"))
		again := f.token("b@example.org", store.MailUsernameChanged)

		expect(t, "the move", f.notMe(moved), "ok")
		f.secured(u.ID, "ada@example.org", "second")
		expect(t, "what came after it", f.notMe(again), "TOKEN_INVALID")
		expect(t, "what came before it", f.notMe(renamed), "ok")
		f.secured(u.ID, "ada@example.org", "ada")
	})
}

func TestNotMeLasts72Hours_A8(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		must(t, f.changeUsername(f.viewer(f.login("ada", client(1))), "countess"))
		notice := f.token("ada@example.org", store.MailUsernameChanged)
		f.pass(72 * time.Hour)
		expect(t, "after 72 hours", f.notMe(notice), "TOKEN_INVALID")
		for _, other := range []string{"", "lko_x", f.asks("ada@example.org", client(1))} {
			expect(t, "another token", f.notMe(other), "TOKEN_INVALID")
		}
	})
}

func TestOneTakesBackAtOnce_A8_D2(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		u := f.user("ada")
		must(t, f.changeUsername(f.viewer(f.login("ada", client(1))), "countess"))
		notice := f.token("ada@example.org", store.MailUsernameChanged)
		services := []*auth.Service{f.Service, f.replica(f.cfg)}
		errs := parallel(20, func(i int) error {
			return patient(func() error {
				_, err := services[i%2].NotMe(t.Context(), client(1), notice)
				return err
			})
		})
		expectAll(t, "taking back", errs, 1, "TOKEN_INVALID")
		f.secured(u.ID, "ada@example.org", "ada")
	})
}

// The thief goes on changing things while the owner presses the button. However
// the two meet, nothing of the thief's is left.
func TestThiefGoesOn_A8(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		for round := range 10 {
			name := fmt.Sprintf("owner%d", round)
			u := f.user(name)
			v := f.viewer(f.login(name, client(1)))
			must(t, f.changeUsername(v, name+"x"))
			notice := f.token(u.Email, store.MailUsernameChanged)
			moved := fmt.Sprintf("thief%d@example.net", round)
			must(t, f.changeEmail(f.reload(v), moved, goodPassword, client(1)))
			link := f.token(moved, store.MailConfirmNewEmail)
			reset := f.asks(u.Email, client(2))
			v = f.reload(v)

			var thief sync.WaitGroup
			goes := func(act func() error) {
				thief.Go(func() { _ = patient(act) }) // whether it works is not the question
			}
			start := make(chan struct{})
			goes(func() error { <-start; return f.confirm(link, "") })
			goes(func() error { <-start; return f.reset(reset, newPassword, client(2)) })
			goes(func() error { <-start; return f.changePassword(v, goodPassword, newPassword, client(1)) })
			goes(func() error { <-start; return f.changeUsername(v, name+"y") })
			goes(func() error { <-start; return f.changeEmail(v, "other@example.net", goodPassword, client(1)) })
			goes(func() error { <-start; return f.try(name+"x", goodPassword, client(1)) })
			goes(func() error { <-start; return f.try(name+"x", newPassword, client(2)) })
			var owner error
			thief.Go(func() {
				<-start
				owner = patient(func() error { return f.notMe(notice) })
			})
			close(start)
			thief.Wait()
			expect(t, "the owner", owner, "ok")
			f.secured(u.ID, u.Email, u.Username)
		}
	})
}

// An owner who puts a moved address back by the ordinary way is as safe as one who
// pressed the button: what the thief holds at the other address is dead, also once
// the owner's own links are too old.
func TestMovingBackTakesBack_A8(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		u := f.user("ada")
		own := f.viewer(f.login("ada", client(1)))
		thief := client(66)
		v := f.viewer(f.login("ada", thief))
		must(t, f.changeEmail(v, "thief@example.net", goodPassword, thief))
		must(t, f.confirm(f.token("thief@example.net", store.MailConfirmNewEmail), ""))
		must(t, f.changeUsername(f.reload(v), "stolen"))
		renamed := f.token("thief@example.net", store.MailUsernameChanged)
		f.pass(10 * time.Minute)
		must(t, f.changeEmail(f.reload(own), "ada@example.org", goodPassword, client(1)))
		requested := f.token("thief@example.net", store.MailEmailChangeRequested)
		must(t, f.confirm(f.token("ada@example.org", store.MailConfirmNewEmail), ""))
		if tokens := f.tokens(f.newest("thief@example.net", store.MailEmailChanged)); len(tokens) != 0 {
			t.Error("the thief was sent a link")
		}
		must(t, f.changePassword(f.reload(own), goodPassword, newPassword, client(1)))
		changed := f.token("ada@example.org", store.MailPasswordChanged)
		f.pass(71*time.Hour + 55*time.Minute) // the links of the thief's changes are too old
		for what, token := range map[string]string{"the rename": renamed, "the request": requested} {
			expect(t, "the thief takes back "+what, f.notMe(token), "TOKEN_INVALID")
		}
		expect(t, "the owner's latest link", f.notMe(changed), "ok")
		if got, err := f.store.UserByID(t.Context(), u.ID); err != nil || got.Email != "ada@example.org" {
			t.Errorf("the address is %q, %v", got.Email, err)
		}
	})
}

// A device and a client that the owner disowned are known no more: the next login
// there is told of, and its tries are bound like a stranger's.
func TestNobodyIsFamiliarAfterNotMe_A8_C4(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		f.login("ada", client(1))
		thief := at(client(66).Client.Addr, chrome)
		f.login("ada", thief)
		must(t, f.notMe(f.token("ada@example.org", store.MailNewDevice)))
		must(t, f.reset(f.token("ada@example.org", store.MailPasswordReset), goodPassword, client(1)))
		for i := range 100 {
			_ = f.try("ada", wrongPassword, client(1000+i))
		}
		expect(t, "the thief beyond the identifier's limit", f.try("ada", goodPassword, thief), "RATE_LIMITED")
		expect(t, "the owner there", f.try("ada", goodPassword, client(1)), "ok")
		f.pass(time.Hour)
		before := len(f.mails("ada@example.org"))
		f.login("ada", thief)
		if n := len(f.mails("ada@example.org")) - before; n != 1 {
			t.Errorf("%d mails of the thief's next login, want 1", n)
		}
	})
}

// A deletion ends all links, and keeps what is reserved.
func TestDeletionEndsNotMe_A8(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		v := f.viewer(f.login("ada", client(1)))
		must(t, f.changeEmail(v, "thief@example.net", goodPassword, client(1)))
		must(t, f.confirm(f.token("thief@example.net", store.MailConfirmNewEmail), ""))
		notice := f.token("ada@example.org", store.MailEmailChanged)
		must(t, f.deleteAccount(f.reload(v), goodPassword))
		expect(t, "taking back", f.notMe(notice), "TOKEN_INVALID")
		told := f.newest("ada@example.org", store.MailAccountDeleted) // where nobody who took it over reads
		if !strings.Contains(told.Text, "nobody, you included") {
			t.Errorf("the owner is not told that the address is kept:\n%s", told.Text)
		}
		f.newest("thief@example.net", store.MailAccountDeleted)
		must(t, f.registers("ada@example.org", "newcomer", client(2)))
		f.pass(time.Minute)
		for _, m := range f.mails("ada@example.org") {
			if m.Kind == store.MailConfirmRegistration {
				t.Error("the old address is free")
			}
		}
	})
}

// For a disabled user all of it but the reset.
func TestNotMeWhileDisabled_A8(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		u := f.user("ada")
		must(t, f.changeUsername(f.viewer(f.login("ada", client(1))), "countess"))
		notice := f.token("ada@example.org", store.MailUsernameChanged)
		f.exec(`UPDATE users SET disabled_at = $1`, f.Now())
		expect(t, "taking back", f.notMe(notice), "ok")
		f.secured(u.ID, "ada@example.org", "ada")
		for _, m := range f.mails("ada@example.org") {
			if m.Kind == store.MailPasswordReset {
				t.Error("a reset was mailed")
			}
		}
	})
}

// The address that a link takes off the account is told, once, whoever presses at the
// same time: what happened, and nothing of where the owner is.
func TestRemovedAddressIsTold_A8(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		u := f.user("ada")
		thief := client(66)
		v := f.viewer(f.login("ada", thief))
		for _, address := range []string{"thief@example.net", "thief2@example.net"} {
			must(t, f.changeEmail(f.reload(v), address, goodPassword, thief))
			must(t, f.confirm(f.token(address, store.MailConfirmNewEmail), ""))
		}
		must(t, f.reset(f.asks("thief2@example.net", thief), newPassword, thief)) // a password of their own
		f.exec(`UPDATE users SET disabled_at = $1 WHERE id = $2`, f.Now(), u.ID)  // told all the same
		owner := at(client(7).Client.Addr, chrome)
		notice := f.token("ada@example.org", store.MailEmailChanged)
		errs := parallel(8, func(int) error {
			return patient(func() error {
				_, err := f.NotMe(t.Context(), owner, notice)
				return err
			})
		})
		expectAll(t, "taking back", errs, 1, "TOKEN_INVALID")
		f.secured(u.ID, "ada@example.org", "ada")

		told := 0
		for address, want := range map[string]int{"thief2@example.net": 1, "thief@example.net": 0, "ada@example.org": 0} {
			for _, m := range f.mails(address) {
				if m.Kind != store.MailEmailRemoved {
					continue
				}
				told++
				if want--; want < 0 {
					t.Errorf("%s was told", address)
				}
				for _, part := range []string{m.Text, m.HTML} {
					if !strings.Contains(part, "the account") || !strings.Contains(part, "ada") {
						t.Errorf("the mail does not say whose account it is:\n%s", part)
					}
					for _, secret := range []string{owner.Client.Addr.String(), "Chrome", "ada@", "ada(at)"} {
						if strings.Contains(part, secret) {
							t.Errorf("the mail says %q:\n%s", secret, part)
						}
					}
				}
				if len(f.tokens(m)) != 0 {
					t.Error("the mail has a link")
				}
			}
		}
		if told != 1 {
			t.Errorf("%d mails of a removed address, want 1", told)
		}
	})
}

// An account that stays at its address takes none off.
func TestNoAddressIsRemoved_A8(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		must(t, f.changeUsername(f.viewer(f.login("ada", client(1))), "countess"))
		must(t, f.notMe(f.token("ada@example.org", store.MailUsernameChanged)))
		for _, m := range f.mails("ada@example.org") {
			if m.Kind == store.MailEmailRemoved {
				t.Errorf("a mail that the address was removed:\n%s", m.Text)
			}
		}
	})
}

// A mail and a page that set the password of an account which changed its address lately
// say so, for as long as that can be taken back.
func TestResetSaysWhatCanBeTakenBack_A8(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		v := f.viewer(f.login("ada", client(1)))
		says := func(when, to string, want time.Time) {
			t.Helper()
			token := f.asks(to, client(1))
			page, err := f.LookAtReset(t.Context(), token, to)
			must(t, err)
			if !page.BackUntil.Equal(want) {
				t.Errorf("%s, the page says %v, want %v", when, page.BackUntil, want)
			}
			text := f.newest(to, store.MailPasswordReset).Text
			if strings.Contains(text, "another address lately") == want.IsZero() || !want.IsZero() && !strings.Contains(text, want.Format("15:04 UTC")) {
				t.Errorf("%s, the mail says:\n%s", when, text)
			}
		}
		says("before a change", "ada@example.org", time.Time{})
		must(t, f.changeEmail(v, "eve@example.net", goodPassword, client(1)))
		must(t, f.confirm(f.token("eve@example.net", store.MailConfirmNewEmail), ""))
		until := f.Now().Add(72 * time.Hour)
		f.pass(time.Hour)
		says("after it", "eve@example.net", until)
		f.pass(71 * time.Hour)
		says("three days later", "eve@example.net", time.Time{})
	})
}
