package e2e_test

import (
	"testing"

	"latchkey/internal/testenv"
)

// Who has used up their changes of username learns of no name whether it is taken,
// and who only looks has no more than their looks.
func TestUsernameOracle_B6(t *testing.T) {
	t.Parallel()
	s := sharedEmbedded.use(t) // one process, which counts exactly
	ada, bob, eve := s.Join(t), s.Join(t), s.Join(t)
	change := func(p *testenv.Person, username string) *testenv.Answer {
		return testenv.Post(t, s.URL(), asking("changeUsername", p.Access, p.Client, "username", username))
	}
	for range 5 {
		mustSay(t, change(eve, testenv.Username()), "changeUsername")
	}
	for _, name := range []string{ada.Username, testenv.Username(), bob.Username, testenv.Username()} {
		if a := change(eve, name); a.Code() != "RATE_LIMITED" {
			t.Errorf("beyond the changes: got %s", a.Body)
		}
	}
	for range 30 {
		mustSay(t, change(bob, ada.Username), "changeUsername", "USERNAME_TAKEN")
	}
	for _, name := range []string{ada.Username, testenv.Username()} {
		if a := change(bob, name); a.Code() != "RATE_LIMITED" {
			t.Errorf("beyond the looks: got %s", a.Body)
		}
	}
}

// The name of a deleted account is nobody else's for a while.
func TestDeletedName_B7(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		ada, eve := s.Join(t), s.Join(t)
		mustSay(t, testenv.Post(t, s.URL(), asking("deleteAccount", ada.Access, ada.Client, "password", ada.Password)), "deleteAccount")
		mustSay(t, testenv.Post(t, s.URL(), asking("changeUsername", eve.Access, eve.Client, "username", ada.Username)), "changeUsername", "USERNAME_TAKEN")
		newcomer := testenv.Newcomer()
		newcomer.Username = ada.Username
		mustSay(t, testenv.Post(t, s.URL(), registerRequest(newcomer)), "register", "USERNAME_TAKEN")
	})
}

// Names that look like another's or like the operator's are nobody's.
func TestLookalikes_B4(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		random := testenv.Username()[:12]
		ada := testenv.Newcomer()
		ada.Username = random + "-paypal0"
		mustSay(t, testenv.Post(t, s.URL(), confirmRequest(s.Register(t, ada), "", ada.Client)), "confirmEmail")
		eve := s.Join(t)
		for _, ending := range []string{"-paypaI0", "-paypa10", "-paypalO", "-PAYPAIO"} {
			newcomer := testenv.Newcomer()
			newcomer.Username = random + ending
			mustSay(t, testenv.Post(t, s.URL(), registerRequest(newcomer)), "register", "USERNAME_TAKEN")
			mustSay(t, testenv.Post(t, s.URL(), asking("changeUsername", eve.Access, eve.Client, "username", newcomer.Username)), "changeUsername", "USERNAME_TAKEN")
		}
		for _, name := range []string{"admln", "supp0rt", "support-team", "the.adm1n", "no.reply", "latchkey_security"} {
			newcomer := testenv.Newcomer()
			newcomer.Username = name
			mustSay(t, testenv.Post(t, s.URL(), registerRequest(newcomer)), "register", "USERNAME_INVALID")
			mustSay(t, testenv.Post(t, s.URL(), asking("changeUsername", eve.Access, eve.Client, "username", name)), "changeUsername", "USERNAME_INVALID")
		}
	})
}
