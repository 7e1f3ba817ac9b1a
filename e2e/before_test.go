package e2e_test

import (
	"net/http"
	"testing"

	"latchkey/internal/testenv"
)

// The version before the newest migration works beside today's, which has migrated, and
// people notice nothing, whichever answers them. TestFromEachStep_O7 shows of the tables alone
// what this shows of programs, which takes a second build.
func TestVersionBefore_O7(t *testing.T) {
	t.Parallel()
	testenv.NeedHistory(t)
	s := testenv.NewProduction(t, "DATABASE_URL="+testenv.PostgresURL(t))
	was := s.AddBefore(t, "")
	was.AwaitReady(t)
	ada, bob := s.Join(t), testenv.Newcomer()
	waits := s.Register(t, bob)
	now := s.Add(t) // which migrates
	now.AwaitReady(t)

	if got := testenv.Post(t, now.URL, confirmRequest(waits, "", bob.Client)).Payload(t, "confirmEmail"); got.Tokens == nil {
		t.Errorf("a link of the version before: %+v", got)
	}
	for range 2 { // its refresh token goes to and fro
		for _, at := range []*testenv.Process{now, was} {
			ada.Access, ada.Refresh = refresh(t, at.URL, ada.Refresh)
			mustBe(t, was.URL, ada.Access, ada.ID)
			mustBe(t, now.URL, ada.Access, ada.ID)
		}
	}
	for _, at := range []*testenv.Process{was, now} {
		other := now
		if at == now {
			other = was
		}
		p := testenv.Newcomer()
		mustSay(t, testenv.Post(t, at.URL, registerRequest(p)), "register")
		link := awaitMail(t, s, p.Email, "Confirm your email", 0).Links[0]
		browse(t, now.URL, http.MethodGet, link).mustShow(t, http.StatusOK, p.Username).press(t, now.URL, p.Client, "confirm", "").mustShow(t, http.StatusOK, "confirmed")
		got := testenv.Post(t, at.URL, loginRequest(p.Username, p.Password, p.Client)).Payload(t, "login")
		if got.Tokens == nil {
			t.Fatalf("login at %s: %+v", at.URL, got)
		}
		name := testenv.Username()
		mustSay(t, testenv.Post(t, other.URL, asking("changeUsername", got.Tokens.AccessToken, p.Client, "username", name)), "changeUsername")
		mustSay(t, testenv.Post(t, at.URL, loginRequest(p.Username, p.Password, p.Client)), "login", "INVALID_CREDENTIALS")
		mustSay(t, testenv.Post(t, at.URL, asking("changePassword", got.Tokens.AccessToken, p.Client, "currentPassword", p.Password, "newPassword", "another horse "+name)), "changePassword")
		mustSay(t, testenv.Post(t, other.URL, asking("deleteAccount", got.Tokens.AccessToken, p.Client, "password", "another horse "+name)), "deleteAccount")
		mustBeRevoked(t, at.URL, got.Tokens.AccessToken)
	}
}

// Who goes back to the version before finds everything that there was, and so does who comes
// again: on SQLite, where one server runs at a time.
func TestVersionBeforeOnSQLite_O7(t *testing.T) {
	t.Parallel()
	testenv.NeedHistory(t)
	s := testenv.NewEmbedded(t)
	first := s.AddBefore(t, "")
	first.AwaitReady(t)
	ada := s.Join(t)
	on := func(add func() *testenv.Process) {
		t.Helper()
		s.Replicas[0].Kill()
		s.Replicas = nil
		add().AwaitReady(t)
		ada.Access, ada.Refresh = refresh(t, s.URL(), ada.Refresh)
		mustBe(t, s.URL(), ada.Access, ada.ID)
		if got := s.Login(t, ada); got.Tokens == nil {
			t.Errorf("login: %+v", got)
		}
		s.Join(t)
	}
	on(func() *testenv.Process { return s.AddIn(t, first.Dir) })
	on(func() *testenv.Process { return s.AddBefore(t, first.Dir) })
	on(func() *testenv.Process { return s.AddIn(t, first.Dir) })
}
