package e2e_test

import (
	"testing"

	"latchkey/internal/testenv"
)

// Who has used up their changes of username learns of no name whether it is taken,
// and who only looks has no more than their looks.
func TestUsernameOracle_B6(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
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
		looks := 0
		for ; looks < 200; looks++ {
			if a := change(bob, ada.Username); a.Code() == "RATE_LIMITED" {
				break
			} else if got := codes(a.Payload(t, "changeUsername")); len(got) != 1 || got[0] != "USERNAME_TAKEN" {
				t.Fatalf("look %d: got %s", looks+1, a.Body)
			}
		}
		if looks < 30 || looks > 60 { // both sides may have counted, while Redis was slow
			t.Errorf("%d looks, want 30", looks)
		}
		if a := change(bob, testenv.Username()); a.Code() != "RATE_LIMITED" {
			t.Errorf("a free name beyond the looks: got %s", a.Body)
		}
	})
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
