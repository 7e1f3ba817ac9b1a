package e2e_test

import (
	"encoding/json"
	"strings"
	"syscall"
	"testing"
	"time"

	"latchkey/internal/testenv"
)

// refused is the line of a minute in the log.
type refused struct {
	Event, Level, Message string
	Count, Names, Clients int
	API, OAuth            map[string]int
}

// One password each at thirty accounts from thirty networks passes no limit. It shows in
// the log in sums, which name nobody: so do refresh tokens that come again.
func TestSpray_O5(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		people := []*testenv.Person{s.Join(t), s.Join(t), s.Join(t)}
		all := secrets{"what was typed": typed}
		for _, p := range people {
			all.person(p.Username, p)
		}
		try := func(login string) {
			client := testenv.ClientAddress()
			all["the client at "+login], all["the name "+login] = client, login
			mustSay(t, testenv.Post(t, s.URL(), loginRequest(login, typed, client)), "login", "INVALID_CREDENTIALS")
		}
		try(people[0].Email)
		try(people[1].Username)
		client := testenv.ClientAddress()
		mustDeny(t, "a wrong password", speak(t, s, tokenPath, passwordForm(&testenv.Person{Username: people[2].Username, Password: typed}), client), 400, "invalid_grant")
		all["the client of the endpoint"] = client
		for range 27 {
			try(testenv.Username())
		}
		thief := testenv.ClientAddress()
		all["the thief"] = thief
		refresh(t, s.URL(), people[0].Refresh)
		again := refreshRequest(people[0].Refresh)
		again.Client = thief
		mustSay(t, testenv.Post(t, s.URL(), again), "refresh", "TOKEN_INVALID")
		if got := s.Login(t, people[1]); got.Tokens == nil {
			t.Fatalf("login: %+v", got)
		}

		for _, p := range s.Replicas { // the end writes what a minute would
			p.Signal(t, syscall.SIGTERM)
		}
		for _, p := range s.Replicas {
			p.Wait(t, time.Minute)
		}
		sum := refused{API: map[string]int{}, OAuth: map[string]int{}}
		for line := range strings.Lines(s.Log()) {
			var l refused
			if json.Unmarshal([]byte(line), &l) != nil || l.Event != "refusals" || l.Message != "refused" {
				continue
			}
			if l.Level != "info" {
				t.Errorf("a line at %s: %s", l.Level, line)
			}
			sum.Count, sum.Names, sum.Clients = sum.Count+l.Count, sum.Names+l.Names, sum.Clients+l.Clients
			for why, n := range l.API {
				sum.API[why] += n
			}
			for why, n := range l.OAuth {
				sum.OAuth[why] += n
			}
		}
		if sum.Count != 31 || sum.Names != 30 || sum.Clients != 31 || sum.API["wrong_passwords"] != 2 || sum.API["unknown_names"] != 27 ||
			sum.API["reused_tokens"] != 1 || sum.OAuth["wrong_passwords"] != 1 {
			t.Errorf("the log says %+v", sum)
		}
		all.mustBeMissingIn(t, s.Log())
	}, "REFRESH_GRACE=0s")
}
