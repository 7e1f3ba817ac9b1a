package auth_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/store"
)

// history is what happened to an account, the oldest first, as somebody sees it:
// the kind, who did it, by which id, and how they came in.
func (f *fixture) history(as auth.Actor, userID string) (list []string) {
	f.t.Helper()
	c, err := f.SecurityEvents(f.t.Context(), as, userID, auth.PageQuery{})
	must(f.t, err)
	for _, e := range slices.Backward(c.Nodes) {
		by := "-"
		if e.ActorID != nil {
			by = *e.ActorID
		}
		text := fmt.Sprintf("%s %s %s %s", e.Kind, e.Actor, by, e.Way)
		if e.Details.To != "" {
			text += " " + e.Details.From + ">" + e.Details.To
		}
		if e.Count > 1 {
			text += fmt.Sprintf(" x%d", e.Count)
		}
		list = append(list, text)
	}
	return list
}

// ofFactors are the kinds of events that the tests of second factors look for: step_test.go,
// totp_test.go, stepup_test.go.
var ofFactors = map[store.EventKind]bool{
	store.EventFactorAdded: true, store.EventFactorRemoved: true, store.EventPasskeyAdded: true, store.EventPasskeyRemoved: true, store.EventPasskeyRenamed: true,
	store.EventPasskeyBackupChanged: true, store.EventPasskeyCounterRefused: true, store.EventSecondFactorOn: true, store.EventSecondFactorOff: true,
	store.EventRecoveryCodesMade: true, store.EventRecoveryCodeUsed: true, store.EventCodesTried: true, store.EventCodesLimited: true,
	store.EventFactorsReset: true, store.EventPasswordRemoved: true, store.EventStepUp: true, store.EventDeviceTrusted: true, store.EventDeviceForgotten: true, store.EventDutySet: true,
}

// ofNobody are the kinds of events that concern no one account, which other tests look for:
// audit_test.go, package keyring, and from outside all of them.
func ofNobody(kind store.EventKind) bool {
	switch kind {
	case store.EventUsersImported, store.EventUsersExported, store.EventMailRetried, store.EventMailCancelled, store.EventMailsAllowed,
		store.EventRegistrationDeclined, store.EventKeyMade, store.EventKeyDeleted, store.EventKeysRotated, store.EventKeysReplaced,
		store.EventResealed, store.EventMigrated, store.EventBackedUp, store.EventRestored, store.EventLoginRefused, store.EventThrottled,
		store.EventTokenRefused, store.EventLinkRefused, store.EventAccessRefused, store.EventRequestRefused, store.EventRegistered,
		store.EventMailRequested, store.EventMailsRefused, store.EventAdminLinkMade:
		return true
	}
	return false
}

// Everything that can happen to an account has its row of history, which says who
// did it and how. What the user is not to know of an administrator, they do not see.
func TestHistory(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		root := f.user("rooty")
		f.exec(`UPDATE users SET role = 'ADMIN' WHERE id = $1`, root.ID)
		admin := as(f.viewer(f.login("rooty", client(9))), client(9))

		l, err := f.confirmEmail(f.Service, f.link("bob@example.org", "bob", client(1)), "", client(1))
		must(t, err)
		id := l.User.ID
		phone, tablet := f.login("bob", at(client(2).Client.Addr, chrome)), f.login("bob", client(1))
		must(t, f.RevokeSession(ctx, as(f.viewer(l), client(1)), auth.RevokeSessionInput{SessionID: phone.Session.ID}))
		must(t, f.Logout(ctx, client(1), "", *tablet.Tokens.RefreshToken))
		must(t, f.Logout(ctx, client(1), "", *tablet.Tokens.RefreshToken)) // had ended: nothing happens
		f.login("bob", client(1))
		f.login("bob", client(1))
		v := as(f.viewer(l), client(1))
		if n, err := f.RevokeOtherSessions(ctx, v); n != 2 || err != nil {
			t.Fatal(n, err)
		}
		if n, err := f.RevokeOtherSessions(ctx, v); n != 0 || err != nil { // nothing happens
			t.Fatal(n, err)
		}
		_, err = f.ChangeUsername(ctx, v, auth.ChangeUsernameInput{Username: "robert"})
		must(t, err)
		must(t, f.changeEmail(v.Viewer, "one@example.org", goodPassword, client(1)))
		must(t, f.decline(f.token("one@example.org", store.MailConfirmNewEmail), ""))
		must(t, f.changeEmail(v.Viewer, "two@example.org", goodPassword, client(1)))
		must(t, f.confirm(f.token("two@example.org", store.MailConfirmNewEmail), ""))
		must(t, f.changePassword(f.viewer(l), goodPassword, newPassword, client(1)))
		_, err = f.SendPasswordReset(ctx, admin, auth.SendPasswordResetInput{UserID: id})
		must(t, err)
		must(t, f.reset(f.token("two@example.org", store.MailPasswordReset), goodPassword, client(1)))
		_, err = f.PasswordResetLink(ctx, shell, auth.SendPasswordResetInput{UserID: id})
		must(t, err)
		f.refreshAt(f.login("robert", client(1)), 66, chrome)
		f.stolen(t, "robert")
		for _, role := range []store.Role{store.RoleAdmin, store.RoleAdmin, store.RoleUser} { // the second changes nothing
			_, err = f.SetUserRole(ctx, admin, auth.SetUserRoleInput{UserID: id, Role: role})
			must(t, err)
		}
		_, err = f.RequireAtNextLogin(ctx, admin, auth.RequireAtNextLoginInput{UserID: id, SecondFactor: true})
		must(t, err)
		_, err = f.ResetUserFactors(ctx, shell, auth.ResetUserFactorsInput{UserID: id})
		must(t, err)
		_, err = f.DisableUser(ctx, shell, auth.DisableUserInput{UserID: id})
		must(t, err)
		_, err = f.EnableUser(ctx, admin, auth.EnableUserInput{UserID: id})
		must(t, err)
		_, err = f.NotMe(ctx, client(1), f.token("bob@example.org", store.MailEmailChangeRequested))
		must(t, err)
		_, err = f.ExportUser(ctx, shell, id)
		must(t, err)
		must(t, f.DeleteUser(ctx, admin, auth.DeleteUserInput{UserID: id}))

		byUser, byAdmin := " USER "+id+" API", " ADMIN "+root.ID+" API"
		want := []string{
			"ACCOUNT_CREATED NOBODY - API", "LOGIN" + byUser, "NEW_DEVICE" + byUser, "LOGIN" + byUser, "SESSION_REVOKED" + byUser, "LOGOUT" + byUser,
			"LOGIN" + byUser, "LOGIN" + byUser, "SESSIONS_REVOKED" + byUser + " x2", "USERNAME_CHANGED" + byUser, "EMAIL_CHANGE_REQUESTED" + byUser,
			"EMAIL_CHANGE_DECLINED NOBODY - API", "EMAIL_CHANGE_REQUESTED" + byUser, "EMAIL_CHANGED NOBODY - API", "PASSWORD_CHANGED" + byUser,
			"PASSWORD_RESET_SENT" + byAdmin, "PASSWORD_RESET NOBODY - API", "PASSWORD_RESET_LINK_MADE SHELL root@test SHELL",
			"LOGIN" + byUser, "SESSION_MOVED" + byUser, "LOGIN" + byUser, "REFRESH_TOKEN_REUSED NOBODY - API", "ROLE_CHANGED" + byAdmin + " USER>ADMIN", "ROLE_CHANGED" + byAdmin + " ADMIN>USER",
			"DUTY_SET" + byAdmin, "FACTORS_RESET SHELL root@test SHELL",
			"ACCOUNT_DISABLED SHELL root@test SHELL", "ACCOUNT_ENABLED" + byAdmin, "TAKEN_BACK NOBODY - API", "ACCOUNT_EXPORTED SHELL root@test SHELL", "ACCOUNT_DELETED" + byAdmin,
		}
		got := f.history(admin, id)
		if !slices.Equal(got, want) {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		for _, kind := range auth.EventKinds() {
			if ofFactors[kind] || ofInvitations[kind] || ofNobody(kind) {
				continue
			}
			if !slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, string(kind)+" ") }) {
				t.Errorf("nothing here makes %s", kind)
			}
		}
		for _, line := range f.history(v, id) { // as the user would see it
			if strings.Contains(line, root.ID) || strings.Contains(line, "root@test") {
				t.Errorf("the user is told %s", line)
			}
		}
	})
}

// stolen logs somebody in and has a refresh token come again that was traded long
// before.
func (f *fixture) stolen(t *testing.T, name string) {
	t.Helper()
	l := f.login(name, client(1))
	next, err := f.Refresh(t.Context(), client(1), *l.Tokens.RefreshToken)
	must(t, err)
	_, err = f.Refresh(t.Context(), client(1), *next.Tokens.RefreshToken)
	must(t, err)
	f.pass(time.Hour)
	_, err = f.Refresh(t.Context(), client(66), *l.Tokens.RefreshToken)
	expect(t, "a token that was traded", err, "TOKEN_INVALID")
}

// What history keeps of where somebody was is their network; and it has the
// session, the device and the request.
func TestWhatHistoryKeeps(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		u := f.user("ada")
		for address, want := range map[string]string{
			"203.0.113.77": "203.0.113.0/24", "2001:db8:1:2:3::4": "2001:db8:1::/48", "::ffff:198.51.100.9": "198.51.100.0/24",
		} {
			c := client(1)
			c.Client.Addr, c.RequestID = netip.MustParseAddr(address), "REQUEST"
			l := f.login("ada", c)
			page, err := f.SecurityEvents(t.Context(), shell, u.ID, auth.PageQuery{})
			must(t, err)
			e := page.Nodes[0]
			if *e.Client != want || *e.Device != "Firefox on Linux" || *e.RequestID != "REQUEST" || *e.SessionID != l.Session.ID || e.Outcome != store.OutcomeSuccess || e.Details.Proofs != "PASSWORD" {
				t.Errorf("from %s: %+v", address, e)
			}
			f.pass(time.Second)
		}
		if n := f.count(`security_events WHERE client LIKE '%.77%' OR client LIKE '%::4%' OR details LIKE '%ada%'`); n != 0 {
			t.Errorf("%d rows with a full address or a name", n)
		}
	})
}

// An act whose event cannot be written is not done.
func TestNoActWithoutHistory(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		u := f.user("ada")
		l := f.login("ada", client(1))
		f.exec(`DROP TABLE security_events`)
		for name, act := range map[string]func() error{
			"role": func() error {
				_, err := f.SetUserRole(t.Context(), shell, auth.SetUserRoleInput{UserID: u.ID, Role: store.RoleAdmin})
				return err
			},
			"disable": func() error {
				_, err := f.DisableUser(t.Context(), shell, auth.DisableUserInput{UserID: u.ID})
				return err
			},
			"delete": func() error { return f.DeleteUser(t.Context(), shell, auth.DeleteUserInput{UserID: u.ID}) },
			"login":  func() error { return f.try("ada", goodPassword, client(1)) },
			"logout": func() error { return f.Logout(t.Context(), client(1), l.Tokens.AccessToken) },
			"create": func() error {
				_, err := f.CreateUser(t.Context(), shell, auth.CreateUserInput{Email: "eve@example.org", Username: "eve", Password: new(goodPassword), Role: store.RoleUser})
				return err
			},
		} {
			if err := act(); err == nil {
				t.Errorf("%s was done", name)
			}
		}
		if n := f.count(`users WHERE role = 'USER' AND disabled_at IS NULL`); n != 1 {
			t.Errorf("%d users as before, want 1", n)
		}
		if n := f.count(`sessions`); n != 1 {
			t.Errorf("%d sessions, want 1", n)
		}
	})
}

// Of those who end a session at once, one did.
func TestOneLogoutIsWritten(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		u := f.user("ada")
		for range 20 {
			l := f.login("ada", client(1))
			var all sync.WaitGroup
			for range 8 {
				all.Go(func() { _ = f.Logout(t.Context(), client(1), l.Tokens.AccessToken) })
			}
			all.Wait()
			if n := f.count(`security_events WHERE user_id = $1 AND kind = 'LOGOUT' AND session_id = $2`, u.ID, l.Session.ID); n != 1 {
				t.Fatalf("%d rows, want 1", n)
			}
		}
	})
}

// A history is read in pages, and rows that are older than it is kept go.
func TestHistoryPages(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ada, eve := f.user("ada"), f.user("eve")
		for range 6 {
			f.login("ada", client(1))
			f.pass(day)
		}
		f.login("eve", client(2))
		n, last := 3, 2
		first, err := f.SecurityEvents(t.Context(), shell, ada.ID, auth.PageQuery{First: &n})
		must(t, err)
		second, err := f.SecurityEvents(t.Context(), shell, ada.ID, auth.PageQuery{First: &n, After: first.PageInfo.EndCursor})
		must(t, err)
		oldest, err := f.SecurityEvents(t.Context(), shell, ada.ID, auth.PageQuery{Last: &last})
		must(t, err)
		if len(first.Nodes) != 3 || !first.PageInfo.HasNextPage || len(second.Nodes) != 3 || !second.Nodes[0].At.Before(first.Nodes[2].At) {
			t.Errorf("pages %+v, %+v", first, second)
		}
		if k := oldest.Nodes; len(k) != 2 || k[1].Kind != store.EventAccountCreated || !oldest.PageInfo.HasPreviousPage || oldest.PageInfo.HasNextPage {
			t.Errorf("the last two: %+v", oldest)
		}
		all, err := f.SecurityEventsOf(t.Context(), shell, []string{ada.ID, eve.ID, "x"}, &n)
		must(t, err)
		if a, e, x := all[ada.ID], all[eve.ID], all["x"]; !slices.Equal(ids(a), ids(first)) || !a.PageInfo.HasNextPage || len(e.Nodes) != 2 || e.PageInfo.HasNextPage || len(x.Nodes) != 0 {
			t.Errorf("of several: %+v, %+v, %+v", a, e, x)
		}
		for _, bad := range []auth.PageQuery{{First: &n, Last: &last}, {After: new(string)}} {
			if _, err := f.SecurityEvents(t.Context(), shell, ada.ID, bad); auth.AsError(err).Code != auth.BadUserInput {
				t.Errorf("%+v: %v", bad, err)
			}
		}

		must(t, f.DeleteUser(t.Context(), shell, auth.DeleteUserInput{UserID: eve.ID}))
		if got := f.history(shell, eve.ID); len(got) != 3 { // it outlives its user
			t.Errorf("of one who is gone: %v", got)
		}
		_, err = f.store.Sweep(t.Context(), f.Now(), 4*day)
		must(t, err)
		if got := f.history(shell, ada.ID); len(got) != 4 || got[0] != "ACCOUNT_CREATED SHELL root@test SHELL" { // what the shell did stays
			t.Errorf("after the sweep: %v", got)
		}
	})
}

func ids(c *auth.SecurityEventConnection) (list []string) {
	for _, e := range c.Nodes {
		list = append(list, e.ID)
	}
	return list
}
