package auth_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/link"
	"latchkey/internal/store"
)

// confirmEmail confirms a registration, logs this device in and returns how
// that ended.
func (f *fixture) confirmEmail(s *auth.Service, token, typed string, c auth.Actor) (*auth.Login, error) {
	done, err := s.ConfirmEmail(f.t.Context(), c, auth.ConfirmEmailInput{Token: token, Password: &typed})
	if err != nil {
		return nil, err
	}
	return done.Login, nil
}

// Looking at a link changes nothing; using it makes the account, once.
func TestConfirm_D2(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		token := f.link("Ada.L@Example.org", "Countess", client(1))
		expect(t, "login before", f.try("countess", goodPassword, client(1)), "EMAIL_NOT_CONFIRMED")
		want := auth.Confirmation{Purpose: link.ConfirmRegistration, Username: "Countess", Email: "Ada.L@example.org", Device: "Firefox on Linux", At: noon}
		f.pass(time.Hour)
		for range 3 {
			got, err := f.LookAtConfirmation(t.Context(), token, "ada.l@EXAMPLE.org")
			must(t, err)
			if *got != want {
				t.Errorf("got %+v, want %+v", *got, want)
			}
		}

		l, err := f.confirmEmail(f.Service, token, "", client(2))
		must(t, err)
		u, err := f.User(t.Context(), l.User.ID)
		must(t, err)
		if u.Email != "Ada.L@example.org" || u.EmailKey != "ada.l@example.org" || u.Username != "Countess" || u.Role != store.RoleUser ||
			!u.CreatedAt.Equal(f.Now()) || u.LastLoginAt == nil || !u.LastLoginAt.Equal(f.Now()) {
			t.Errorf("made %+v", *u)
		}
		if v, err := f.Identify(t.Context(), l.Tokens.AccessToken); err != nil || v.User.ID != u.ID || v.Session.ID != l.Session.ID {
			t.Errorf("identify: %+v, %v", v, err)
		}
		expect(t, "again", f.confirm(token, ""), "TOKEN_INVALID")
		_, err = f.LookAtConfirmation(t.Context(), token, "")
		expect(t, "looking again", err, "TOKEN_INVALID")
		expect(t, "declining", f.decline(token, ""), "TOKEN_INVALID")
		f.login("countess", client(1))
	})
}

// A page's button makes the account and logs nobody in.
func TestConfirmLinkOpensNoSession_E1(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		must(t, f.confirm(f.link("ada@example.org", "ada", client(1)), ""))
		u, err := f.store.UserByEmail(t.Context(), "ada@example.org")
		must(t, err)
		if n := f.count(`sessions`); n != 0 || u.LastLoginAt != nil {
			t.Errorf("%d sessions, last login %v", n, u.LastLoginAt)
		}
	})
}

func TestDecline(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		token := f.link("ada@example.org", "ada", client(1))
		expect(t, "beside another address", f.decline(token, "eve@example.org"), "TOKEN_INVALID")
		expect(t, "declining", f.decline(token, "ada@example.org"), "ok")
		expect(t, "confirming then", f.confirm(token, ""), "TOKEN_INVALID")
		if r, u := f.count(`registrations WHERE NOT closed`), f.count(`users`); r != 0 || u != 0 {
			t.Errorf("%d open registrations and %d accounts, want none", r, u)
		}
	})
}

// No other token confirms, and a link only beside the address that it went to.
func TestOtherTokens_D1(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		token := f.link("ada@example.org", "ada", client(1))
		for email, want := range map[string]string{"eve@example.org": "TOKEN_INVALID", "ada": "TOKEN_INVALID", "ADA@example.org": "ok", "": "ok"} {
			_, err := f.LookAtConfirmation(t.Context(), token, email)
			expect(t, "beside "+email, err, want)
		}
		f.user("bob")
		for _, other := range []string{"", "lko_", token + "A", "lkr_" + token[4:], "lko_" + strings.Repeat("A", 43), f.asks("bob@example.org", client(1))} {
			expect(t, "another token", f.confirm(other, ""), "TOKEN_INVALID")
		}
		expect(t, "its own", f.confirm(token, ""), "ok")
	})
}

// What a link did takes its token; what was refused leaves it.
func TestUsedTokenIsTaken_D2(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		left := func(when string, want int) {
			t.Helper()
			if n := f.count(`tokens`); n != want {
				t.Errorf("%s: %d tokens, want %d", when, n, want)
			}
		}
		token := f.link("ada@example.org", "ada", client(1))
		expect(t, "confirming", f.confirm(token, ""), "ok")
		left("after confirming", 0)
		expect(t, "declining", f.decline(f.link("eve@example.org", "eve", client(1)), ""), "ok")
		left("after declining", 0)
		token = f.asks("ada@example.org", client(1))
		expect(t, "a weak password", f.reset(token, "password1", client(1)), "PASSWORD_TOO_COMMON")
		left("after a weak password", 1)
		expect(t, "a good one", f.reset(token, newPassword, client(1)), "ok")
		left("after a good one", 0)
		expect(t, "not me", f.notMe(f.token("ada@example.org", store.MailPasswordChanged)), "ok")
		left("after not me", 0)
	})
}

// A link ends with its registration, which a mail sent again does not prolong.
func TestLinkEndsAfterADay_D1(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ada, eve := f.link("ada@example.org", "ada", client(1)), f.link("eve@example.org", "eve", client(1))
		f.pass(23 * time.Hour)
		must(t, f.ResendConfirmation(t.Context(), client(1), auth.ResendConfirmationInput{Email: "eve@example.org"}))
		again := f.tokens(f.mails("eve@example.org")[0])[0]
		f.pass(time.Hour - time.Microsecond)
		expect(t, "just before", f.confirm(ada, ""), "ok")
		f.pass(time.Microsecond)
		expect(t, "a day later", f.confirm(eve, ""), "TOKEN_INVALID")
		expect(t, "sent again", f.confirm(again, ""), "TOKEN_INVALID")
		if _, err := f.store.Sweep(t.Context(), f.Now(), 90*day); err != nil || f.count(`registrations WHERE NOT closed`) != 0 || f.count(`tokens`) != 0 {
			t.Errorf("left after the sweep (%v): %d registrations, %d tokens", err, f.count(`registrations WHERE NOT closed`), f.count(`tokens`))
		}
	})
}

func TestLinkSentAgain_D3(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		tokens := []string{f.link("ada@example.org", "ada", client(1))}
		for range 2 {
			must(t, f.ResendConfirmation(t.Context(), client(1), auth.ResendConfirmationInput{Email: "ada@example.org"}))
			tokens = append(tokens, f.tokens(f.mails("ada@example.org")[0])...)
		}
		for _, token := range tokens {
			_, err := f.LookAtConfirmation(t.Context(), token, "")
			expect(t, "before one is used", err, "ok")
		}
		expect(t, "the first", f.confirm(tokens[0], ""), "ok")
		for _, token := range tokens {
			expect(t, "after one was used", f.confirm(token, ""), "TOKEN_INVALID")
		}
	})
}

func TestOneTokenAtOnce_D2(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		token := f.link("ada@example.org", "ada", client(1))
		services := []*auth.Service{f.Service, f.replica(f.cfg)}
		errs := parallel(50, func(i int) error {
			_, err := f.confirmEmail(services[i%2], token, "", client(i))
			return err
		})
		expectAll(t, "confirming", errs, 1, "TOKEN_INVALID")
		if u, s := f.count(`users`), f.count(`sessions`); u != 1 || s != 1 {
			t.Errorf("%d accounts and %d sessions, want one of each", u, s)
		}
	})
}

func TestConfirmAndDeclineAtOnce_D2(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		users := 0
		for i := range 10 {
			token := f.link(fmt.Sprintf("u%d@example.org", i), fmt.Sprintf("user-%d", i), client(i))
			errs := parallel(4, func(i int) error {
				if i%2 == 0 {
					return f.confirm(token, "")
				}
				return f.decline(token, "")
			})
			expectAll(t, "both", errs, 1, "TOKEN_INVALID")
			if errs[0] == nil || errs[2] == nil {
				users++
			}
		}
		if n := f.count(`users`); n != users {
			t.Errorf("%d accounts of %d confirmed", n, users)
		}
	})
}

func TestAddressInTwoCasesAtOnce_B1(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		const n = 20
		tokens := make([]string, n)
		for i := range n {
			tokens[i] = f.link([]string{"Ada@example.org", "ADA@EXAMPLE.org"}[i%2], fmt.Sprintf("ada-%d", i), client(i))
		}
		errs := parallel(n, func(i int) error {
			_, err := f.confirmEmail(f.Service, tokens[i], goodPassword, client(i))
			return err
		})
		expectAll(t, "confirming", errs, 1, "TOKEN_INVALID")
		if u, r := f.count(`users`), f.count(`registrations WHERE NOT closed`); u != 1 || r != 0 {
			t.Errorf("%d accounts and %d open registrations, want 1 and none", u, r)
		}
	})
}
