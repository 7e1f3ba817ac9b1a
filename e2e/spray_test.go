package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
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

// What is refused for want of a token or of a role, for its form or for its size, and to
// pages and OAuth clients that may not ask, is summed up, by whose token it came or from
// where; those who only lack a token all together.
func TestRefusedAccess_O4(t *testing.T) {
	t.Parallel()
	s := testenv.Embedded(t, "OAUTH_CLIENTS="+oauthClients)
	ada, client := s.Join(t), "10.7.7.7"
	all := secrets{"the client": client, "what was typed": typed}
	post := func(query, bearer string) {
		testenv.Post(t, s.URL(), testenv.Request{Query: query, Bearer: bearer, Client: client})
	}
	for range 3 {
		post(`{ users { nodes { id } } }`, ada.Access)
		post(`{ users { nodes { id } } }`, "")
		post(`{ me { id } }`, "no token of ours")
		post(`{ `+typed, "")
		post(`{ me { sessions { id user { sessions { id } } } } }`, "")
		postJSON(t, s.URL(), `{"query":"`+strings.Repeat("x", 110<<10)+`"}`, "X-Forwarded-For", client)
		speak(t, s, tokenPath, formOf("grant_type", "password", "username", "ada", "password", typed, "client_id", shopID, "client_secret", typed), client)
		speak(t, s, tokenPath, formOf("grant_type", "password"), client)
		speak(t, s, tokenPath, passwordForm(ada), client, "Origin", foreignOrigin)
		exchange(t, http.MethodGet, s.URL()+"/wp-admin", "", "X-Forwarded-For", client)
	}
	s.Replicas[0].Signal(t, syscall.SIGTERM)
	s.Replicas[0].Wait(t, time.Minute)
	rows, err := s.DB(t).Query(t.Context(), `SELECT kind, details, actor_kind, way, COALESCE(user_id, ''), COALESCE(client, ''), count FROM security_events
		WHERE kind IN ('ACCESS_REFUSED', 'REQUEST_REFUSED') ORDER BY kind, way, details`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var got []string
	for rows.Next() {
		var kind, details, actor, way, userID, network string
		var n int
		if err := rows.Scan(&kind, &details, &actor, &way, &userID, &network, &n); err != nil {
			t.Fatal(err)
		}
		reason := strings.TrimSuffix(strings.TrimPrefix(details, `{"reason":"`), `"}`)
		got = append(got, strings.TrimSpace(fmt.Sprintf("%s %s %s %s x%d %s %s", kind, reason, actor, way, n, strings.ReplaceAll(userID, ada.ID, "ada"), network)))
	}
	const from = "10.7.7.0/24"
	want := []string{
		"ACCESS_REFUSED forbidden USER API x3 ada " + from,
		"ACCESS_REFUSED unauthenticated NOBODY API x6",
		"ACCESS_REFUSED forbidden NOBODY OAUTH x3  " + from,
		"REQUEST_REFUSED bad_user_input NOBODY API x3  " + from,
		"REQUEST_REFUSED graphql_parse_failed NOBODY API x3  " + from,
		"REQUEST_REFUSED graphql_validation_failed NOBODY API x3  " + from,
		"REQUEST_REFUSED invalid_client NOBODY OAUTH x3  " + from,
		"REQUEST_REFUSED invalid_request NOBODY OAUTH x3  " + from,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	all.mustBeMissingIn(t, s.Log())
}
