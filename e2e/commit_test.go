package e2e_test

import (
	"slices"
	"testing"
	"time"

	"latchkey/internal/testenv"
)

// What the statements look like that give the transactions of commit_test.go away.
const (
	registering  = "INSERT INTO registrations"
	confirming   = "INSERT INTO users"
	loggingIn    = "INSERT INTO sessions"
	rotating     = "UPDATE sessions SET generation"
	ending       = "DELETE FROM sessions WHERE id"
	settingHash  = "UPDATE users SET password_hash = $3"
	readdressing = "UPDATE users SET pending_email = $3"
	moving       = "UPDATE users SET email = pending_email"
	deleting     = "DELETE FROM users"
	claiming     = "FOR UPDATE SKIP LOCKED"
	delivered    = "DELETE FROM outbox WHERE id"
)

// behindProxy is two replicas of production with PostgreSQL behind a proxy.
func behindProxy(t *testing.T) (*testenv.Stack, *testenv.Proxy) {
	t.Helper()
	s := testenv.NewProduction(t)
	postgres := s.Through(t, "DATABASE_URL")
	s.Add(t)
	s.Add(t)
	s.AwaitReady(t)
	return s, postgres
}

// mustNotKnow sends a request and cuts the service off from the answer to the
// commit that it leads to. All that can be said then is UNAVAILABLE.
func mustNotKnow(t *testing.T, s *testenv.Stack, postgres *testenv.Proxy, sql string, r testenv.Request) {
	t.Helper()
	happened := postgres.CutCommit(sql)
	mustBeUnavailable(t, s.URL(), map[string]testenv.Request{sql: r})
	select {
	case <-happened:
	default:
		t.Fatalf("no commit of %q was cut off: this proves nothing", sql)
	}
}

// mustOwn fails the test unless p has as many devices by name as given.
func mustOwn(t *testing.T, s *testenv.Stack, p *testenv.Person, sessions int) {
	t.Helper()
	if n := count(t, s, `SELECT count(*) FROM sessions WHERE user_id = $1`, p.ID); n != sessions {
		t.Errorf("%d sessions, want %d", n, sessions)
	}
}

// mustLogIn fails the test unless p can, or cannot with a wrong password.
func mustLogIn(t *testing.T, s *testenv.Stack, p *testenv.Person, password string, can bool) {
	t.Helper()
	a := testenv.Post(t, s.URL(), loginRequest(p.Username, password, testenv.ClientAddress()))
	if got := a.Payload(t, "login"); (got.Tokens != nil) != can {
		t.Errorf("login: %s", a.Body)
	}
}

// A registration whose commit nobody knows of is there with its mail. Whoever
// registers again does not stand in their own way, and either link confirms.
func TestUnsureRegistration_R1_R4(t *testing.T) {
	t.Parallel()
	s, postgres := behindProxy(t)
	p := newcomerAt(domain())
	mustNotKnow(t, s, postgres, registering, registerRequest(p))
	if n := count(t, s, `SELECT count(*) FROM registrations WHERE email_key = $1`, p.Email); n != 1 {
		t.Fatalf("%d registrations, want the one that was committed", n)
	}
	first := s.AwaitMails(t, p.Email, 1)[0]
	again := s.Register(t, p)
	if len(s.Mails(t, p.Email)) != 2 {
		t.Errorf("%d mails for two registrations", len(s.Mails(t, p.Email)))
	}

	// The link of the first, and the commit of its confirmation is not known either.
	token := testenv.LinkToken(t, first.Links[0])
	mustNotKnow(t, s, postgres, confirming, confirmRequest(token, p.Password, p.Client))
	if n := count(t, s, `SELECT count(*) FROM users WHERE email_key = $1`, p.Email); n != 1 {
		t.Fatalf("%d users, want the one that was committed", n)
	}
	for _, token := range []string{token, again} {
		mustSay(t, testenv.Post(t, s.URL(), confirmRequest(token, p.Password, p.Client)), "confirmEmail", "TOKEN_INVALID")
	}
	got := s.Login(t, p)
	if got.Tokens == nil {
		t.Fatalf("login: %+v", got)
	}
	p.ID = got.User.ID
	mustOwn(t, s, p, 2) // the device that confirmed, without knowing, has one
	for _, base := range s.Replicas {
		mustBe(t, base.URL, got.Tokens.AccessToken, p.ID)
	}
	testenv.Await(t, patience, "the outbox to be empty", func() bool { return count(t, s, `SELECT count(*) FROM outbox`) == 0 })
}

// A refresh whose commit nobody knows of costs no session, however often: the
// same token gets the same successor from every replica.
func TestUnsureRefresh_E2_R1(t *testing.T) {
	t.Parallel()
	s, postgres := behindProxy(t)
	ada := s.Join(t)
	mustNotKnow(t, s, postgres, loggingIn, loginRequest(ada.Username, ada.Password, ada.Client))
	mustOwn(t, s, ada, 2)
	token := ada.Refresh
	for range testenv.Repeats(t, 5, 50) {
		mustNotKnow(t, s, postgres, rotating, refreshRequest(token))
		var successors []string
		for range 2 {
			for _, p := range s.Replicas {
				_, next := refresh(t, p.URL, token)
				successors = append(successors, next)
			}
		}
		if next := slices.Compact(slices.Clone(successors)); len(next) != 1 || next[0] == token {
			t.Fatalf("one token has %d successors", len(next))
		}
		token = successors[0]
	}
	access, _ := refresh(t, s.URL(), token)
	mustBe(t, s.URL(), access, ada.ID)
	mustOwn(t, s, ada, 2)
}

// What ends sessions has ended them, whether it is known or not, and doing it
// again says so.
func TestUnsureEnd_E5_R1(t *testing.T) {
	t.Parallel()
	s, postgres := behindProxy(t)
	ada := s.Join(t)
	logout := func(token string) testenv.Request {
		return testenv.Request{Query: testenv.LogoutOp, Variables: testenv.Input("refreshToken", token)}
	}
	one, two := s.Login(t, ada).Tokens, s.Login(t, ada).Tokens
	mustNotKnow(t, s, postgres, ending, logout(one.RefreshToken))
	mustSay(t, testenv.Post(t, s.URL(), logout(one.RefreshToken)), "logout")
	id := devices(t, s.URL(), two.AccessToken)[0].ID
	revoke := testenv.Request{Query: revokeOp, Variables: testenv.Input("sessionId", id), Bearer: ada.Access}
	mustNotKnow(t, s, postgres, ending, revoke)
	mustSay(t, testenv.Post(t, s.URL(), revoke), "revokeSession", "NOT_FOUND")
	for _, p := range s.Replicas {
		for _, gone := range []testenv.Payload{{Tokens: one}, {Tokens: two}} {
			mustBeRevoked(t, p.URL, gone.Tokens.AccessToken)
			mustSay(t, testenv.Post(t, p.URL, refreshRequest(gone.Tokens.RefreshToken)), "refresh", "TOKEN_INVALID")
		}
	}
	mustOwn(t, s, ada, 1)

	leave := asking("deleteAccount", ada.Access, ada.Client, "password", ada.Password)
	mustNotKnow(t, s, postgres, deleting, leave)
	if a := testenv.Post(t, s.URL(), leave); a.Code() != "UNAUTHENTICATED" {
		t.Errorf("deleteAccount again: %s", a.Body)
	}
	mustOwn(t, s, ada, 0)
	awaitMail(t, s, ada.Email, "Your account was deleted", 0)
}

// A change of password or address whose commit nobody knows of is in force
// whole, is told once, and its link is used.
func TestUnsureChange_A7_D2_R1(t *testing.T) {
	t.Parallel()
	s, postgres := behindProxy(t)
	ada := s.Join(t)
	notices := func(to, subject string, want int) {
		t.Helper()
		awaitMail(t, s, to, subject, 0)
		n := 0
		for _, m := range s.Mails(t, to) {
			if m.Subject == subject {
				n++
			}
		}
		if n != want {
			t.Errorf("%d mails %q, want %d", n, subject, want)
		}
	}
	other := s.Login(t, ada).Tokens
	old, next, last := ada.Password, "next horse "+ada.Username, "last horse "+ada.Username
	change := asking("changePassword", ada.Access, ada.Client, "currentPassword", old, "newPassword", next)
	mustNotKnow(t, s, postgres, settingHash, change)
	mustSay(t, testenv.Post(t, s.URL(), change), "changePassword", "WRONG_PASSWORD")
	mustBeRevoked(t, s.URL(), other.AccessToken)
	mustBe(t, s.URL(), ada.Access, ada.ID)
	mustLogIn(t, s, ada, old, false)
	mustLogIn(t, s, ada, next, true)
	notices(ada.Email, "Your password was changed", 1)

	// Another address: asked for twice, since nobody knows of the first time.
	from, to := ada.Email, testenv.Address()
	readdress := asking("changeEmail", ada.Access, ada.Client, "email", to, "password", next)
	mustNotKnow(t, s, postgres, readdressing, readdress)
	mustSay(t, testenv.Post(t, s.URL(), readdress), "changeEmail")
	confirm := asking("confirmEmail", "", ada.Client, "token", testenv.LinkToken(t, awaitMail(t, s, to, "Confirm your new email", 0).Links[0]))
	mustNotKnow(t, s, postgres, moving, confirm)
	mustSay(t, testenv.Post(t, s.URL(), confirm), "confirmEmail", "TOKEN_INVALID")
	notices(from, "Your email was changed", 1)
	ada.Email = to

	mustSay(t, testenv.Post(t, s.URL(), asking("requestPasswordReset", "", ada.Client, "email", to)), "requestPasswordReset")
	token := testenv.LinkToken(t, awaitMail(t, s, to, "Set a new password", 0).Links[0])
	reset := asking("resetPassword", "", ada.Client, "token", token, "newPassword", last)
	mustNotKnow(t, s, postgres, settingHash, reset)
	mustSay(t, testenv.Post(t, s.URL(), reset), "resetPassword", "TOKEN_INVALID")
	mustBeRevoked(t, s.URL(), ada.Access)
	mustOwn(t, s, ada, 0)
	mustLogIn(t, s, ada, next, false)
	mustLogIn(t, s, ada, last, true)
	notices(to, "Your password was changed", 1)
	if n := count(t, s, `SELECT count(*) FROM users WHERE id = $1`, ada.ID); n != 1 {
		t.Errorf("%d users", n)
	}
}

// A worker that does not know whether its mail is done with, or whether it has one
// at all, neither loses it nor sends it more than twice, as one mail.
func TestUnsureOutbox_D10_R1(t *testing.T) {
	t.Parallel()
	s, postgres := behindProxy(t)
	for what, c := range map[string]struct {
		sql  string
		most int
	}{"sent": {delivered, 2}, "claimed": {claiming, 1}} {
		at := domain()
		p := newcomerAt(at)
		happened := postgres.CutCommit(c.sql)
		mustSay(t, testenv.Post(t, s.URL(), registerRequest(p)), "register")
		awaitCut(t, happened)
		comeBack(t, s)
		testenv.Await(t, patience, "the outbox to be empty", func() bool { return count(t, s, `SELECT count(*) FROM outbox`) == 0 })
		ids := s.Deliveries(t, at)[p.Email]
		if n := len(ids); n < 1 || n > c.most || len(slices.Compact(ids)) != 1 {
			t.Errorf("%s: %d deliveries under %d Message-IDs, want 1 to %d under one", what, n, len(slices.Compact(ids)), c.most)
		}
	}
}

// awaitCut waits until a cut has happened.
func awaitCut(t *testing.T, happened <-chan struct{}) {
	t.Helper()
	select {
	case <-happened:
	case <-time.After(patience):
		t.Fatal("nothing was cut off")
	}
}

// comeBack has what a worker left behind come back at once: its lease is longer
// than a test should take.
func comeBack(t *testing.T, s *testenv.Stack) {
	t.Helper()
	if _, err := s.DB(t).Exec(t.Context(), `UPDATE outbox SET due_at = created_at`); err != nil {
		t.Fatal(err)
	}
}
