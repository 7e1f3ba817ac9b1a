package e2e_test

import (
	"slices"
	"testing"
	"time"

	"latchkey/internal/testenv"
)

// A login opens a session of its own, whatever the client brings: tokens in the
// header, in the cookie and as the device's name, of its own and of others.
func TestLoginAdoptsNothing_E1(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		ada, eve := s.Join(t), s.Join(t)
		evesAccess, evesCookie := loginByCookie(t, s, eve)
		before := devices(t, s.URL(), ada.Access)
		seen := map[string]bool{ada.Access: true, ada.Refresh: true}
		for range 2 {
			a := postJSON(t, s.URL(), variablesBody(testenv.Request{
				Query: testenv.LoginOp, Variables: testenv.Input("login", ada.Username, "password", ada.Password, "deviceName", before[0].ID),
			}), "Authorization", "Bearer "+evesAccess, "Cookie", evesCookie, "Origin", public(s), "X-Forwarded-For", ada.Client, "X-Session-Id", before[0].ID)
			got := a.Payload(t, "login")
			if got.Tokens == nil || got.User.ID != ada.ID || seen[got.Tokens.AccessToken] || seen[got.Tokens.RefreshToken] {
				t.Fatalf("login: %s", a.Body)
			}
			mustLeaveCookie(t, "a login by body beside another's cookie", a)
			seen[got.Tokens.AccessToken], seen[got.Tokens.RefreshToken] = true, true
			mustBe(t, s.URL(), got.Tokens.AccessToken, ada.ID)
		}
		after := devices(t, s.URL(), ada.Access)
		for _, d := range before {
			if !slices.ContainsFunc(after, func(a device) bool { return a.ID == d.ID && a.DeviceName == d.DeviceName }) {
				t.Errorf("the session %s is gone or another's now", d.ID)
			}
		}
		if len(after) != len(before)+2 {
			t.Errorf("%d sessions after two logins, want %d", len(after), len(before)+2)
		}
		if n := len(devices(t, s.URL(), evesAccess)); n != 2 {
			t.Errorf("the other has %d sessions, want 2", n)
		}
	})
}

// A session ends when it rests, and at its end however busy it is.
func TestSessionEnds_E4(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		ada := s.Join(t)
		// It began between these two.
		login := func() (from, to time.Time, token string) {
			from = time.Now()
			token = s.Login(t, ada).Tokens.RefreshToken
			return from, time.Now(), token
		}
		pass := func(since time.Time, d time.Duration) {
			t.Helper()
			testenv.Await(t, patience, "time to pass", func() bool { return time.Since(since) > d })
		}
		const idle, most = 5 * time.Second, 10 * time.Second
		_, to, token := login()
		pass(to, idle)
		mustSay(t, testenv.Post(t, s.URL(), refreshRequest(token)), "refresh", "TOKEN_INVALID")

		from, to, token := login()
		refreshed := 0
		for next := time.Duration(0); ; next += time.Second {
			pass(to, next)
			got := testenv.Post(t, s.URL(), refreshRequest(token)).Payload(t, "refresh")
			if got.Tokens == nil {
				break
			}
			if token = got.Tokens.RefreshToken; next > most {
				t.Fatalf("a busy session lives for more than %v", most)
			}
			refreshed++
		}
		if lived := time.Since(from); lived < most || refreshed < 3 {
			t.Errorf("a busy session ended after %v and %d refreshes, want %v", lived, refreshed, most)
		}
	}, "ACCESS_TOKEN_TTL=2s", "SESSION_IDLE_TTL=5s", "SESSION_MAX_TTL=10s")
}
