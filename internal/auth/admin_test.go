package auth_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/link"
	"latchkey/internal/mail"
	"latchkey/internal/store"
)

const nobody = "01a2119f-fef2-73b3-a8bc-7a56e97f1506"

// named returns the user with a name.
func (f *fixture) named(name string) *store.User {
	f.t.Helper()
	u, err := f.FindUser(f.t.Context(), name)
	must(f.t, err)
	return u
}

func (f *fixture) setRole(name string, role store.Role) *store.User {
	f.t.Helper()
	u, err := f.SetUserRole(f.t.Context(), shell, auth.SetUserRoleInput{UserID: f.named(name).ID, Role: role})
	must(f.t, err)
	return u
}

func (f *fixture) disable(name string) *store.User {
	f.t.Helper()
	u, err := f.DisableUser(f.t.Context(), shell, auth.DisableUserInput{UserID: f.named(name).ID})
	must(f.t, err)
	return u
}

func (f *fixture) enable(name string) *store.User {
	f.t.Helper()
	u, err := f.EnableUser(f.t.Context(), shell, auth.EnableUserInput{UserID: f.named(name).ID})
	must(f.t, err)
	return u
}

// remove deletes the user with a name.
func (f *fixture) remove(name string) {
	f.t.Helper()
	must(f.t, f.DeleteUser(f.t.Context(), shell, auth.DeleteUserInput{UserID: f.named(name).ID}))
}

// setRoleOf, disableOf and the others call for their error alone.
func setRoleOf(ctx context.Context, s *auth.Service, id string, role store.Role) error {
	_, err := s.SetUserRole(ctx, shell, auth.SetUserRoleInput{UserID: id, Role: role})
	return err
}

func disableOf(ctx context.Context, s *auth.Service, id string) error {
	_, err := s.DisableUser(ctx, shell, auth.DisableUserInput{UserID: id})
	return err
}

// takeAway is each way to take an administrator away.
var takeAway = []struct {
	what string
	do   func(ctx context.Context, s *auth.Service, id string) error
}{
	{"demote", func(ctx context.Context, s *auth.Service, id string) error {
		return setRoleOf(ctx, s, id, store.RoleUser)
	}},
	{"disable", disableOf},
	{"delete", func(ctx context.Context, s *auth.Service, id string) error {
		return s.DeleteUser(ctx, shell, auth.DeleteUserInput{UserID: id})
	}},
}

// expectOfUser compares an outcome, which is a mistake in input.userId.
func expectOfUser(t *testing.T, what string, err error, want string) {
	t.Helper()
	expect(t, what, err, want)
	if errs, ok := errors.AsType[auth.UserErrors](err); ok && !slices.Equal(errs[0].Field, []string{"input", "userId"}) {
		t.Errorf("%s: the field is %v, want input.userId", what, errs[0].Field)
	}
}

// A role counts on the next request, and is not written again if it was there.
func TestSetUserRole_E5(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		bob := f.user("bob")
		l := f.login("bob", client(1))
		f.setRole("ada", store.RoleAdmin)
		f.pass(time.Minute)
		u := f.setRole("bob", store.RoleAdmin)
		if u.Role != store.RoleAdmin || !u.UpdatedAt.Equal(f.Now()) || u.SecurityVersion != bob.SecurityVersion {
			t.Errorf("after setUserRole: %+v", u)
		}
		then := f.Now()
		f.pass(time.Minute)
		if again := f.setRole("bob", store.RoleAdmin); !again.UpdatedAt.Equal(then) {
			t.Errorf("the role that was there changed updatedAt")
		}
		if v, err := f.Identify(t.Context(), l.Tokens.AccessToken); err != nil || v.User.Role != store.RoleAdmin {
			t.Errorf("the next request: %v, %v", v, err)
		}
		f.setRole("bob", store.RoleUser)
		if v, err := f.Identify(t.Context(), l.Tokens.AccessToken); err != nil || v.User.Role != store.RoleUser {
			t.Errorf("the next request after a demotion: %v, %v", v, err)
		}
	})
}

// Who is disabled is logged out at once, has no link that works, is told by mail
// once, and comes back with the password that they had.
func TestDisableUser_E5_D3(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		u := f.user("bob")
		l := f.login("bob", client(1))
		link, err := f.deps.Links.Make(t.Context(), link.Target{Purpose: link.ResetPassword, User: u})
		must(t, err)
		f.pass(time.Minute)
		before := f.named("bob")
		after := f.disable("bob")
		if after.DisabledAt == nil || !after.DisabledAt.Equal(f.Now()) || after.SecurityVersion != before.SecurityVersion+1 {
			t.Errorf("after disableUser: %+v", after)
		}
		_, err = f.Identify(t.Context(), l.Tokens.AccessToken)
		expect(t, "an access token", err, "UNAUTHENTICATED REVOKED")
		_, err = f.Refresh(t.Context(), client(1), *l.Tokens.RefreshToken)
		expect(t, "a refresh token", err, "TOKEN_INVALID")
		if n := f.count(`sessions WHERE user_id = $1`, u.ID); n != 0 {
			t.Errorf("%d sessions are left", n)
		}
		expect(t, "login", f.try("bob", goodPassword, client(1)), "ACCOUNT_DISABLED")
		expect(t, "login with a wrong password", f.try("bob", wrongPassword, client(1)), "INVALID_CREDENTIALS")
		expect(t, "a reset link", f.reset(tokenOf(t, link.URL), newPassword, client(1)), "TOKEN_INVALID")
		f.pass(time.Minute)
		if again := f.disable("bob"); !again.DisabledAt.Equal(*after.DisabledAt) || again.SecurityVersion != after.SecurityVersion {
			t.Errorf("disabled again: %+v", again)
		}
		if n := f.count(`outbox WHERE kind = 'account_disabled' AND user_id = $1 AND admitted`, u.ID); n != 1 {
			t.Errorf("%d mails, want 1", n)
		}
		if _, err := f.SendPasswordReset(t.Context(), shell, auth.SendPasswordResetInput{UserID: after.ID}); !hasCode(err, auth.AccountDisabled) {
			t.Errorf("a reset for a disabled user: %v", err)
		}
		if _, err := f.PasswordResetLink(t.Context(), shell, auth.SendPasswordResetInput{UserID: after.ID}); !hasCode(err, auth.AccountDisabled) {
			t.Errorf("a reset link for a disabled user: %v", err)
		}

		for range 2 {
			if u := f.enable("bob"); u.DisabledAt != nil {
				t.Errorf("after enableUser: %+v", u)
			}
		}
		must(t, f.try("bob", goodPassword, client(1)))
		expect(t, "a reset link of before, once enabled", f.reset(tokenOf(t, link.URL), newPassword, client(1)), "TOKEN_INVALID")
		_, err = f.Identify(t.Context(), l.Tokens.AccessToken)
		expect(t, "an access token of before, once enabled", err, "UNAUTHENTICATED REVOKED")
	})
}

func TestRevokeUserSessions_E5(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		u := f.user("bob")
		old := f.login("bob", client(1))
		f.exec(`UPDATE sessions SET expires_at = $1`, f.Now())
		l := []*auth.Login{f.login("bob", client(1)), f.login("bob", client(2))}
		f.user("ada")
		other := f.login("ada", client(3))
		for _, want := range []int{2, 0} {
			n, got, err := f.RevokeUserSessions(t.Context(), shell, auth.RevokeUserSessionsInput{UserID: u.ID})
			if err != nil || n != want || got.ID != u.ID {
				t.Errorf("got %d, %v, %v, want %d", n, got, err, want)
			}
		}
		for _, l := range append(l, old) {
			if _, err := f.Identify(t.Context(), l.Tokens.AccessToken); err == nil {
				t.Error("a session goes on")
			}
		}
		if _, err := f.Identify(t.Context(), other.Tokens.AccessToken); err != nil {
			t.Errorf("another user's session: %v", err)
		}
		must(t, f.try("bob", goodPassword, client(1)))
	})
}

// Who is deleted is gone with all that was theirs, and is told by mail.
func TestDeleteUser_E5(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		u := f.user("bob")
		l := f.login("bob", client(1))
		f.remove("bob")
		_, err := f.Identify(t.Context(), l.Tokens.AccessToken)
		expect(t, "an access token", err, "UNAUTHENTICATED REVOKED")
		for _, from := range []string{`users WHERE id = $1`, `sessions WHERE user_id = $1`, `usernames WHERE user_id = $1`, `familiar WHERE user_id = $1`} {
			if n := f.count(from, u.ID); n != 0 {
				t.Errorf("%d rows are left of %s", n, from)
			}
		}
		if n := f.count(`outbox WHERE kind = 'account_deleted' AND recipient_key = 'bob@example.org' AND admitted`); n != 1 {
			t.Errorf("%d mails, want 1", n)
		}
		expect(t, "login", f.try("bob", goodPassword, client(1)), "INVALID_CREDENTIALS")
		if again := f.user("bob"); again.ID == u.ID {
			t.Error("an id came back")
		}
	})
}

// A disabled user can be deleted too.
func TestDeleteDisabledUser(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		f.user("bob")
		f.disable("bob")
		f.remove("bob")
	})
}

// A reset that an administrator sends is a mail that is counted nowhere.
func TestSendReset_C6(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		u := f.user("bob")
		const n = 12 // beyond what strangers can cause
		for range n {
			_, err := f.SendPasswordReset(t.Context(), shell, auth.SendPasswordResetInput{UserID: u.ID})
			must(t, err)
		}
		if got := f.count(`outbox WHERE kind = 'password_reset' AND user_id = $1 AND admitted`, u.ID); got != n {
			t.Errorf("%d mails, want %d", got, n)
		}
		link, err := f.PasswordResetLink(t.Context(), shell, auth.SendPasswordResetInput{UserID: u.ID})
		must(t, err)
		must(t, f.reset(tokenOf(t, link.URL), newPassword, client(1)))
	})
}

func TestAdministerNobody(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		for _, way := range takeAway {
			expectOfUser(t, way.what, way.do(ctx, f.Service, nobody), "NOT_FOUND")
		}
		expectOfUser(t, "promote", setRoleOf(ctx, f.Service, nobody, store.RoleAdmin), "NOT_FOUND")
		_, err := f.EnableUser(ctx, shell, auth.EnableUserInput{UserID: nobody})
		expectOfUser(t, "enable", err, "NOT_FOUND")
		_, _, err = f.RevokeUserSessions(ctx, shell, auth.RevokeUserSessionsInput{UserID: nobody})
		expectOfUser(t, "revoke", err, "NOT_FOUND")
	})
}

// The last enabled administrator stays one, whatever others there are.
func TestLastAdministrator_E6(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		ada := f.user("ada")
		f.user("bob")
		f.user("cleo")
		f.setRole("ada", store.RoleAdmin)
		f.setRole("bob", store.RoleAdmin)
		f.disable("bob")
		before := f.count(`outbox WHERE kind <> 'new_device'`)
		for _, way := range takeAway {
			expectOfUser(t, way.what, way.do(t.Context(), f.Service, ada.ID), "LAST_ADMIN")
		}
		l := f.login("ada", client(1))
		v, err := f.Identify(t.Context(), l.Tokens.AccessToken)
		must(t, err)
		expect(t, "deleteAccount", f.DeleteAccount(t.Context(), as(v, client(1)), auth.DeleteAccountInput{Password: new(goodPassword)}), "LAST_ADMIN")
		if u := f.named("ada"); u.Role != store.RoleAdmin || u.DisabledAt != nil {
			t.Fatalf("%+v", u)
		}
		if n := f.count(`outbox WHERE kind <> 'new_device'`); n != before {
			t.Errorf("%d mails about what did not happen", n-before)
		}
		f.enable("bob")
		f.setRole("ada", store.RoleUser)
		must(t, disableOf(t.Context(), f.Service, ada.ID)) // who is none is not the last
	})
}

// However two administrators are demoted, disabled and deleted at once, one is
// left.
func TestLastAdministratorRace_E6(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		replicas := []*auth.Service{f.Service, f.replica(f.cfg)}
		kept := 0
		for race := range 60 {
			f.exec(`DELETE FROM users`)
			two := []*store.User{f.user("ada"), f.user("bob")}
			f.setRole("ada", store.RoleAdmin)
			f.setRole("bob", store.RoleAdmin)
			n := 6
			if race%2 == 0 {
				n = 2 // fewer hold each other up less
			}
			errs := parallel(n, func(i int) error {
				way := takeAway[(race+i/2)%len(takeAway)]
				return patient(func() error { return way.do(t.Context(), replicas[i%2], two[i%2].ID) })
			})
			for _, err := range errs {
				switch got := outcome(err); got {
				case "LAST_ADMIN":
					kept++
				case "ok", "NOT_FOUND":
				default:
					t.Fatal(err)
				}
			}
			if n := f.count(`users WHERE role = 'ADMIN' AND disabled_at IS NULL`); n != 1 {
				t.Fatalf("race %d: %d administrators are left, want 1: %v", race, n, errs)
			}
		}
		if kept == 0 {
			t.Error("nobody was told LAST_ADMIN: this proves nothing")
		}
	})
}

// administrators makes n users with the role ADMIN, the oldest first, and returns them.
func (f *fixture) administrators(names ...string) (list []*store.User) {
	f.t.Helper()
	for _, name := range names {
		f.pass(time.Second)
		u := f.user(name)
		f.exec(`UPDATE users SET role = 'ADMIN' WHERE id = $1`, u.ID)
		list = append(list, u)
	}
	return list
}

// A role is told to its user, who is not told by whom, and to each administrator, who is.
func TestRoleIsTold_A9(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		f.administrators("rooty", "other", "gone")
		f.exec(`UPDATE users SET disabled_at = $1 WHERE username = 'gone'`, f.Now())
		bob := f.user("bob")
		root := as(f.viewer(f.login("rooty", client(9))), client(9))
		sent := len(f.mails(""))
		told := func(what string, want map[string][]string) {
			t.Helper()
			got := f.mails("")
			list := slices.DeleteFunc(slices.Clone(got[:len(got)-sent]), func(m *mail.Message) bool { return m.Kind == store.MailPasswordReset })
			sent = len(got)
			if len(list) != len(want) {
				t.Errorf("%s: %d mails, want %d", what, len(list), len(want))
			}
			for _, m := range list {
				parts, ok := want[m.To]
				if !ok {
					t.Errorf("%s: mailed %s", what, m.To)
				}
				for _, part := range parts {
					part, unwanted := strings.CutPrefix(part, "!")
					if strings.Contains(m.Text, part) == unwanted {
						t.Errorf("%s, to %s: %q is in it: %t\n%s", what, m.To, part, !unwanted, m.Text)
					}
				}
				if len(f.tokens(m)) != 0 {
					t.Errorf("%s, to %s: a link", what, m.To)
				}
			}
		}
		set := func(a auth.Actor, role store.Role) {
			t.Helper()
			_, err := f.SetUserRole(ctx, a, auth.SetUserRoleInput{UserID: bob.ID, Role: role})
			must(t, err)
		}
		set(root, store.RoleAdmin)
		told("a promotion", map[string][]string{
			"bob@example.org":   {"bob is an administrator now", "An administrator did this", "!rooty", "!10.0.0.9"},
			"rooty@example.org": {"bob is an administrator now", "The administrator rooty did this", "Firefox on Linux", "10.0.0.9"},
			"other@example.org": {"bob is an administrator now", "The administrator rooty did this"},
		})
		set(root, store.RoleAdmin)
		told("nothing", nil)
		set(shell, store.RoleUser)
		told("a demotion", map[string][]string{
			"bob@example.org":   {"no longer", "by a command on the server", "!root@test"},
			"rooty@example.org": {"no longer", "by a command on the server", "!root@test"},
			"other@example.org": {"no longer"},
		})
		for i, password := range []*string{nil, new(goodPassword)} {
			name := fmt.Sprintf("new%d", i)
			_, err := f.CreateUser(ctx, root, auth.CreateUserInput{Email: name + "@example.org", Username: name, Password: password, Role: store.RoleAdmin})
			must(t, err)
			want := map[string][]string{
				name + "@example.org": nil, "rooty@example.org": {name + " is an administrator now", "rooty did this"}, "other@example.org": {"rooty did this"},
			}
			if password != nil {
				want["new0@example.org"] = []string{"new1 is an administrator now"}
			}
			told("made "+name, want)
		}
		_, err := f.CreateUser(ctx, root, auth.CreateUserInput{Email: "eve@example.org", Username: "eve", Password: new(goodPassword), Role: store.RoleUser})
		must(t, err)
		told("made a user", nil)
	})
}

// Of very many administrators a hundred are told: the one who did it, and the oldest.
func TestRoleIsToldToAHundred_A9(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		names := make([]string, 103)
		for i := range names {
			names[i] = fmt.Sprintf("adm-%03d", i)
		}
		list := f.administrators(names...)
		bob := f.user("bob")
		last := as(&auth.Viewer{User: list[102], Session: f.login("adm-102", client(1)).Session}, client(1))
		_, err := f.SetUserRole(t.Context(), last, auth.SetUserRoleInput{UserID: bob.ID, Role: store.RoleAdmin})
		must(t, err)
		told := map[string]bool{}
		rows, err := f.db.Query(t.Context(), `SELECT recipient_key FROM outbox WHERE kind = 'administrators_changed'`)
		must(t, err)
		defer rows.Close()
		for rows.Next() {
			var to string
			must(t, rows.Scan(&to))
			told[to] = true
		}
		for i, name := range names {
			if want := i < 99 || i == 102; told[name+"@example.org"] != want {
				t.Errorf("%s was told: %t", name, !want)
			}
		}
	})
}
