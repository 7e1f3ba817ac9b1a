package auth_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/store"
)

// ofInvitations has the kinds of events that the tests of invitations and test mails make.
var ofInvitations = map[store.EventKind]bool{store.EventInvited: true, store.EventInvitationTaken: true, store.EventMailTested: true}

// invite invites NAME@example.org.
func (f *fixture) invite(name string, role store.Role) *store.User {
	f.t.Helper()
	u, err := f.InviteUser(f.t.Context(), shell, auth.InviteUserInput{Email: name + "@example.org", Username: name, Role: role})
	must(f.t, err)
	return u
}

// kinds are what happened to an account, the newest first.
func (f *fixture) happened(id string) (kinds []store.EventKind) {
	f.t.Helper()
	c, err := f.SecurityEvents(f.t.Context(), shell, id, auth.PageQuery{})
	must(f.t, err)
	for _, e := range c.Nodes {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

// The link of an invitation sets a password and makes the account its user's; nothing else
// opens it before.
func TestInvitation_C2_D2_O3(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		u := f.invite("bob", store.RoleUser)
		if u.InvitedUntil == nil || !u.InvitedUntil.Equal(noon.Add(72*time.Hour)) || u.PasswordHash != "" {
			t.Fatalf("invited: %+v", u)
		}
		for _, typed := range []string{"", goodPassword} {
			expect(t, "a login before", f.try("bob", typed, client(1)), "INVALID_CREDENTIALS")
		}
		expect(t, "registering the address", f.registers("bob@example.org", "other", client(2)), "ok")
		_, err := f.InviteUser(t.Context(), shell, auth.InviteUserInput{Email: "BOB@example.org", Username: "bobby", Role: store.RoleUser})
		expect(t, "inviting the address again", err, "EMAIL_TAKEN")

		m := f.newest("bob@example.org", store.MailInvited)
		if !strings.Contains(m.Text, "bob for you") || !strings.Contains(m.Text, "72 hours") || strings.Contains(m.Text, "look after") {
			t.Errorf("the mail:\n%s", m.Text)
		}
		token := f.token("bob@example.org", store.MailInvited)
		f.pass(71 * time.Hour) // a reset link lives an hour
		look, err := f.LookAtReset(t.Context(), token, "bob@example.org")
		must(t, err)
		if look.User.InvitedUntil == nil {
			t.Error("the page is not that of an invitation")
		}
		expect(t, "a weak password", f.reset(token, "password", client(1)), "PASSWORD_TOO_COMMON")
		expect(t, "the link", f.reset(token, newPassword, client(1)), "ok")
		expect(t, "the link again", f.reset(token, goodPassword, client(1)), "TOKEN_INVALID")
		if got := f.named("bob"); got.InvitedUntil != nil {
			t.Errorf("it is invited still: %+v", got)
		}
		expect(t, "a login", f.try("bob", newPassword, client(1)), "ok")
		if got, want := f.happened(u.ID), []store.EventKind{store.EventLogin, store.EventInvitationTaken, store.EventInvited}; !slices.Equal(got, want) {
			t.Errorf("history %v, want %v", got, want)
		}
		for _, m := range f.mails("bob@example.org") {
			if m.Kind == store.MailPasswordChanged {
				t.Error("a first password was told as a change")
			}
		}
		f.pass(100 * day)
		f.swept()
		f.named("bob")
	})
}

// swept deletes what is expired.
func (f *fixture) swept() {
	f.t.Helper()
	_, err := f.store.Sweep(f.t.Context(), f.Now(), 1000*day)
	must(f.t, err)
}

// An invitation that nobody takes goes away whole: no row has the address or the name but the
// history, by ids.
func TestInvitationEnds_O3(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		ada := f.user("ada")
		u := f.invite("quentin", store.RoleUser)
		token := f.token("quentin@example.org", store.MailInvited)
		other, err := f.SendPasswordReset(t.Context(), shell, auth.SendPasswordResetInput{UserID: u.ID}) // another one that is given up
		must(t, err)
		f.exec(`UPDATE outbox SET failed_at = $1 WHERE user_id = $2`, f.Now(), other.ID)
		f.pass(72*time.Hour - time.Second)
		f.swept()
		f.named("quentin")
		f.pass(time.Second)
		expect(t, "a link that is too old", f.reset(token, newPassword, client(1)), "TOKEN_INVALID")
		f.swept()
		if _, err := f.FindUser(t.Context(), "quentin"); !auth.IsAbsent(err) {
			t.Fatalf("it is there: %v", err)
		}
		for _, from := range []string{
			`users WHERE email_key LIKE 'quentin%'`, `usernames WHERE key = 'quentin'`, `outbox WHERE recipient_key LIKE 'quentin%'`,
			`sessions WHERE user_id = '` + u.ID + `'`, `security_events WHERE details LIKE '%quentin%'`,
		} {
			if n := f.count(from); n != 0 {
				t.Errorf("%d rows of %s are left", n, from)
			}
		}
		f.named(ada.Username)
		f.invite("quentin", store.RoleUser) // the name is free
	})
}

// Being invited again lasts from then on, and both links work; who came is sent a usual reset.
func TestInvitedAgain_O3(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		u := f.invite("bob", store.RoleUser)
		f.pass(70 * time.Hour)
		_, err := f.SendPasswordReset(t.Context(), shell, auth.SendPasswordResetInput{UserID: u.ID})
		must(t, err)
		f.pass(70 * time.Hour)
		f.swept()
		token := f.token("bob@example.org", store.MailInvited)
		f.pass(time.Hour)
		must(t, f.reset(token, newPassword, client(1)))
		_, err = f.SendPasswordReset(t.Context(), shell, auth.SendPasswordResetInput{UserID: u.ID})
		must(t, err)
		f.newest("bob@example.org", store.MailPasswordReset)
	})
}

// Whoever was invited as an administrator is none until they come: the last one stays.
func TestInvitedAdministrator_E6(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		ada := f.administrators("ada")[0]
		f.invite("bob", store.RoleAdmin)
		for _, way := range takeAway {
			expectOfUser(t, way.what, way.do(t.Context(), f.Service, ada.ID), "LAST_ADMIN")
		}
		f.newest("ada@example.org", store.MailAdministratorsChanged)
		if m := f.newest("bob@example.org", store.MailInvited); !strings.Contains(m.Text, "look after other") {
			t.Errorf("the mail does not say what the account may do:\n%s", m.Text)
		}
		must(t, f.reset(f.token("bob@example.org", store.MailInvited), newPassword, client(1)))
		must(t, disableOf(t.Context(), f.Service, ada.ID))
	})
}

// A link that is taken while the account is swept makes it its user's, or is dead: never both.
func TestInvitationRace_O3(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		for range 20 {
			u := f.invite("bob", store.RoleUser)
			token := f.token("bob@example.org", store.MailInvited)
			errs := parallel(3, func(i int) error {
				if i > 0 {
					return patient(func() error { return f.reset(token, newPassword, client(i)) })
				}
				return patient(func() error {
					_, err := f.store.Sweep(t.Context(), noon.Add(73*time.Hour), 1000*day)
					return err
				})
			})
			must(t, errs[0])
			taken := 0
			for _, err := range errs[1:] {
				if err == nil {
					taken++
				} else {
					expect(t, "the other", err, "TOKEN_INVALID")
				}
			}
			if n := f.count(`users WHERE id = $1 AND invited_until IS NULL`, u.ID); n != taken {
				t.Fatalf("%d took it, %d accounts are there", taken, n)
			}
			f.exec(`DELETE FROM users`)
			f.exec(`DELETE FROM outbox`)
		}
	})
}

// A code that was mailed shows as well who reads the mailbox.
func TestInvitedByCode_O3(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		f.invite("bob", store.RoleUser)
		c := f.wantsCode("bob@example.org", client(1))
		must(t, f.typed(c.Challenge, f.mailed("bob@example.org", c), client(1)))
		if u := f.named("bob"); u.InvitedUntil != nil {
			t.Error("who logged in is invited still")
		}
	}, func(f *fixture) { f.cfg.EmailLogin = true })
}

// One device of a user's is logged out, and no other.
func TestRevokeUserSession_E5(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		bob, eve := f.user("bob"), f.user("eve")
		one, two := f.login("bob", client(1)), f.login("bob", client(2))
		for what, in := range map[string]auth.RevokeUserSessionInput{
			"nobody": {UserID: nobody, SessionID: one.Session.ID}, "another's": {UserID: eve.ID, SessionID: one.Session.ID}, "no session": {UserID: bob.ID, SessionID: nobody},
		} {
			_, err := f.RevokeUserSession(t.Context(), shell, in)
			expect(t, what, err, "NOT_FOUND")
		}
		_, err := f.RevokeUserSession(t.Context(), shell, auth.RevokeUserSessionInput{UserID: bob.ID, SessionID: one.Session.ID})
		must(t, err)
		_, err = f.Identify(t.Context(), one.Tokens.AccessToken)
		expect(t, "the one that was ended", err, "UNAUTHENTICATED REVOKED")
		_, err = f.Identify(t.Context(), two.Tokens.AccessToken)
		must(t, err)
		_, err = f.RevokeUserSession(t.Context(), shell, auth.RevokeUserSessionInput{UserID: bob.ID, SessionID: one.Session.ID})
		expect(t, "again", err, "NOT_FOUND")
		if got := f.happened(bob.ID)[0]; got != store.EventSessionRevoked {
			t.Errorf("history has %s", got)
		}
	})
}

// A replica of before knows no invitations: whom it let in has an account as any other.
func TestInvitedAtOlderReplica_O3(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		bob, eve := f.invite("bob", store.RoleUser), f.invite("eve", store.RoleUser)
		f.exec(`UPDATE users SET password_hash = $2 WHERE id = $1`, bob.ID, f.user("ada").PasswordHash)
		f.exec(`UPDATE users SET last_login_at = $2 WHERE id = $1`, eve.ID, f.Now())
		f.pass(100 * time.Hour)
		for _, u := range []*store.User{bob, eve} {
			if u = f.named(u.Username); u.InvitedUntil != nil {
				t.Errorf("%s is invited still", u.Username)
			}
			_, err := f.SendPasswordReset(t.Context(), shell, auth.SendPasswordResetInput{UserID: u.ID})
			must(t, err)
			_, err = f.LookAtReset(t.Context(), f.token(u.Email, store.MailPasswordReset), u.Email)
			must(t, err)
		}
	})
}
