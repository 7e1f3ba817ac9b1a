package auth_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/auth"
	"latchkey/internal/store"
)

// viewer returns who holds a login's access token.
func (f *fixture) viewer(l *auth.Login) *auth.Viewer {
	f.t.Helper()
	v, err := f.Identify(f.t.Context(), l.Tokens.AccessToken)
	must(f.t, err)
	return v
}

// live expects exactly these of some logins to have a session.
func (f *fixture) live(what string, all []*auth.Login, want ...int) {
	f.t.Helper()
	for i, l := range all {
		n := f.count(`sessions WHERE id = $1`, l.Session.ID)
		if (n == 1) != slices.Contains(want, i) {
			f.t.Errorf("%s: %d sessions of login %d", what, n, i)
		}
	}
}

// Each login is a new session, and of what the client sends only the device's
// name and user agent are kept, cut and cleaned.
func TestNewSession_E1(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		c := at(netip.MustParseAddr("2001:db8::7%eth0"), firefox)
		login := func(device *string, c auth.Actor) *auth.Login {
			l, err := f.Login(t.Context(), c, auth.LoginInput{Login: "ada", Password: goodPassword, DeviceName: device})
			must(t, err)
			return l
		}
		name, blank, long := "Ada\u2019s\n\u202Elaptop ", " \u200B", strings.Repeat("ü", 100)
		a, b := login(nil, c), login(&name, c)
		if a.Session.ID == b.Session.ID || *a.Tokens.RefreshToken == *b.Tokens.RefreshToken || a.Tokens.AccessToken == b.Tokens.AccessToken ||
			string(a.Session.RefreshKey) == string(b.Session.RefreshKey) || len(a.Session.RefreshKey) != 32 {
			t.Error("two logins share something")
		}
		if a.Session.DeviceName != "Firefox on Linux" || *a.Session.UserAgent != firefox || *a.Session.IPAddress != "2001:db8::7" {
			t.Errorf("session of %s, %s, %s", a.Session.DeviceName, *a.Session.UserAgent, *a.Session.IPAddress)
		}
		if b.Session.DeviceName != "Ada\u2019slaptop" {
			t.Errorf("device %q", b.Session.DeviceName)
		}
		if l := login(&blank, at(netip.Addr{}, strings.Repeat("x", 9999))); l.Session.DeviceName == "" || len(*l.Session.UserAgent) != 512 || l.Session.IPAddress != nil {
			t.Errorf("device %q, a user agent of %d", l.Session.DeviceName, len(*l.Session.UserAgent))
		}
		if l := login(&long, auth.Actor{}); l.Session.DeviceName != long[:2*64] || l.Session.UserAgent != nil {
			t.Errorf("device %q", l.Session.DeviceName)
		}

		moved, err := f.Refresh(t.Context(), client(9), *a.Tokens.RefreshToken)
		must(t, err)
		if moved.Session.ID != a.Session.ID || *moved.Session.IPAddress != "10.0.0.9" || moved.Session.DeviceName != a.Session.DeviceName {
			t.Errorf("after a refresh elsewhere: %+v", moved.Session)
		}
	})
}

// What ended counts at the next request.
func TestEveryRequestLooks_E5(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		for name, tt := range map[string]struct{ sql, arg string }{
			"disabled":        {`UPDATE users SET disabled_at = created_at WHERE id = $1`, "user"},
			"deleted":         {`DELETE FROM users WHERE id = $1`, "user"},
			"session ended":   {`DELETE FROM sessions WHERE id = $1`, "session"},
			"session expired": {`UPDATE sessions SET expires_at = created_at WHERE id = $1`, "session"},
		} {
			u := f.user(strings.ReplaceAll(name, " ", "-"))
			l := f.login(u.Username, client(1))
			id := u.ID
			if tt.arg == "session" {
				id = l.Session.ID
			}
			f.exec(tt.sql, id)
			_, err := f.Identify(t.Context(), l.Tokens.AccessToken)
			expect(t, name, err, "UNAUTHENTICATED REVOKED")
			_, err = f.refresh(l)
			expect(t, name+", refreshing", err, "TOKEN_INVALID")
		}

		u := f.user("ada")
		l := f.login("ada", client(1))
		for _, role := range []store.Role{store.RoleAdmin, store.RoleUser} {
			f.exec(`UPDATE users SET role = $2 WHERE id = $1`, u.ID, role)
			if v := f.viewer(l); v.User.Role != role {
				t.Errorf("role %s, want %s", v.User.Role, role)
			}
		}
	})
}

func TestAccessToken_E5_F2(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		eve := f.user("eve")
		l := f.login("ada", client(1))
		f.pass(l.Tokens.AccessTokenExpiresAt.Sub(f.Now()) - time.Microsecond)
		f.viewer(l)
		f.pass(time.Microsecond)
		_, err := f.Identify(t.Context(), l.Tokens.AccessToken)
		expect(t, "expired", err, "UNAUTHENTICATED EXPIRED")
		expect(t, "none", auth.MissingToken(), "UNAUTHENTICATED MISSING")
		for _, garbage := range []string{"", "x", l.Tokens.AccessToken[1:], l.Tokens.AccessToken + "A", strings.Repeat("x", 10_000), "lko_" + strings.Repeat("A", 43)} {
			_, err := f.Identify(t.Context(), garbage)
			expect(t, "garbage", err, "UNAUTHENTICATED INVALID")
		}
		f.exec(`UPDATE sessions SET user_id = $1`, eve.ID)
		_, err = f.Identify(t.Context(), f.access(l))
		expect(t, "another user's session", err, "UNAUTHENTICATED REVOKED")
	})
}

func TestOwnAndForeignSessions(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		f.user("eve")
		admin := f.user("adam")
		f.exec(`UPDATE users SET role = 'ADMIN' WHERE id = $1`, admin.ID)
		all := []*auth.Login{}
		for _, name := range []string{"ada", "ada", "ada", "eve", "adam"} {
			all = append(all, f.login(name, client(1)))
			f.pass(time.Second)
		}
		_, err := f.refresh(all[0]) // now the latest used
		must(t, err)
		ada, eve, adam := f.viewer(all[0]), f.viewer(all[3]), f.viewer(all[4])
		list, err := f.Sessions(t.Context(), ada.User.ID)
		must(t, err)
		var ids []string
		for i := range list {
			ids = append(ids, list[i].ID)
		}
		if want := []string{all[0].Session.ID, all[2].Session.ID, all[1].Session.ID}; !slices.Equal(ids, want) {
			t.Errorf("sessions %v, want %v", ids, want)
		}
		for name, tt := range map[string]struct {
			viewer *auth.Viewer
			sees   bool
		}{"own": {ada, true}, "another's": {eve, false}, "an administrator": {adam, true}, "nobody": {nil, false}} {
			s, err := f.Session(t.Context(), as(tt.viewer, client(1)), all[1].Session.ID)
			if tt.sees && (err != nil || s.ID != all[1].Session.ID) || !tt.sees && !auth.IsAbsent(err) {
				t.Errorf("%s: %v, seen by them: %t", name, err, tt.sees)
			}
		}

		expect(t, "revoking another's", f.RevokeSession(t.Context(), as(eve, client(1)), auth.RevokeSessionInput{SessionID: all[1].Session.ID}), "NOT_FOUND")
		expect(t, "an administrator revoking another's", f.RevokeSession(t.Context(), as(adam, client(1)), auth.RevokeSessionInput{SessionID: all[1].Session.ID}), "NOT_FOUND")
		expect(t, "revoking nothing", f.RevokeSession(t.Context(), as(eve, client(1)), auth.RevokeSessionInput{SessionID: "x"}), "NOT_FOUND")
		f.live("nothing revoked", all, 0, 1, 2, 3, 4)
		expect(t, "revoking one's own", f.RevokeSession(t.Context(), as(ada, client(1)), auth.RevokeSessionInput{SessionID: all[1].Session.ID}), "ok")
		expect(t, "revoking it again", f.RevokeSession(t.Context(), as(ada, client(1)), auth.RevokeSessionInput{SessionID: all[1].Session.ID}), "NOT_FOUND")
		f.live("one revoked", all, 0, 2, 3, 4)
		_, err = f.Identify(t.Context(), all[1].Tokens.AccessToken)
		expect(t, "its access token", err, "UNAUTHENTICATED REVOKED")
		_, err = f.refresh(all[1])
		expect(t, "its refresh token", err, "TOKEN_INVALID")

		all = append(all, f.login("ada", client(2)), f.login("ada", client(3)))
		f.exec(`UPDATE sessions SET expires_at = created_at WHERE id = $1`, all[2].Session.ID)
		if n, err := f.RevokeOtherSessions(t.Context(), as(ada, client(1))); n != 2 || err != nil {
			t.Errorf("revoked %d others (%v), want 2", n, err)
		}
		f.viewer(all[0])
		f.viewer(all[3])
		if n, err := f.RevokeOtherSessions(t.Context(), as(ada, client(1))); n != 0 || err != nil {
			t.Errorf("revoked %d others (%v), want none", n, err)
		}
		expect(t, "revoking this one", f.RevokeSession(t.Context(), as(ada, client(1)), auth.RevokeSessionInput{SessionID: ada.Session.ID}), "ok")
	})
}

func TestLogout_E5(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ada")
		var all []*auth.Login
		for range 6 {
			all = append(all, f.login("ada", client(1)))
		}
		logout := func(access string, refresh ...string) {
			t.Helper()
			expect(t, "logout", f.Logout(t.Context(), client(1), access, refresh...), "ok")
		}
		logout("")
		logout("garbage", "garbage", "", all[0].Tokens.AccessToken)
		logout(all[0].Tokens.AccessToken + "A")
		f.live("nothing given", all, 0, 1, 2, 3, 4, 5)
		logout(all[0].Tokens.AccessToken)
		f.live("an access token", all, 1, 2, 3, 4, 5)
		logout("garbage", *all[1].Tokens.RefreshToken)
		f.live("a refresh token beside garbage", all, 2, 3, 4, 5)
		l := all[2]
		for range 6 {
			var err error
			l, err = f.refresh(l)
			must(t, err)
		}
		f.pass(time.Hour)
		logout("", *all[2].Tokens.RefreshToken)
		f.live("a refresh token traded long ago", all, 3, 4, 5)
		logout(all[3].Tokens.AccessToken, *all[4].Tokens.RefreshToken, *all[4].Tokens.RefreshToken)
		f.live("an expired access token and another's refresh token, twice", all, 5)
		logout(all[3].Tokens.AccessToken, *all[4].Tokens.RefreshToken)
		f.live("dead ones", all, 5)
	})
}
