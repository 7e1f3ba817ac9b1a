// Package e2e_test meets the service as its users do: the program itself, over
// HTTP, with its mails, on both stacks and with their servers failing.
package e2e_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/internal/db"
	"latchkey/internal/testenv"
)

// sideBySide is how many tests run at once: they wait for servers most of the
// time, so more than there are cores.
const sideBySide = "6"

func TestMain(m *testing.M) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given {
		if err := flag.Set("test.parallel", sideBySide); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// Operations beside testenv's.
const (
	devicesOp = `{ me { id username email role createdAt updatedAt lastLoginAt disabledAt
		sessions { id current deviceName userAgent ipAddress createdAt lastUsedAt expiresAt } } }`
	revokeOp       = `mutation ($i: RevokeSessionInput!) { revokeSession(input: $i) { revokedSessionId errors { code field } } }`
	revokeOthersOp = `mutation { revokeOtherSessions { count errors { code } } }`
	userOp         = `query ($id: ID!) { user(id: $id) { id username createdAt email role updatedAt lastLoginAt disabledAt sessions { id } } }`
	nodeOp         = `query ($id: ID!) { node(id: $id) { __typename id ... on User { username email } ... on Session { current deviceName } } }`
)

// person is what the API shows of a user.
type person struct {
	ID, Username string
	CreatedAt    string
	Email, Role  *string
	UpdatedAt    *string
	LastLoginAt  *string
	DisabledAt   *string
	Sessions     []device
}

type device struct {
	ID         string
	Current    bool
	DeviceName string
	UserAgent  *string
	IPAddress  *string
	ExpiresAt  time.Time
}

// me asks who the bearer of an access token is. "" is nobody.
func me(t testing.TB, base, access string) *testenv.Answer {
	t.Helper()
	return testenv.Post(t, base, testenv.Request{Query: testenv.MeOp, Bearer: access})
}

// mustBe fails the test unless the bearer is this user.
func mustBe(t testing.TB, base, access, id string) {
	t.Helper()
	a := me(t, base, access)
	var p *person
	if a.Into(t, "me", &p); len(a.Errors) > 0 || p == nil || p.ID != id {
		t.Fatalf("me: got %s, want the user %s", a.Body, id)
	}
}

// mustBeRevoked fails the test unless the access token's session has ended.
func mustBeRevoked(t testing.TB, base, access string) {
	t.Helper()
	a := me(t, base, access)
	if a.Code() != "UNAUTHENTICATED" || a.Errors[0].Extensions.Reason != "REVOKED" {
		t.Fatalf("me of an ended session: got %s, want UNAUTHENTICATED, REVOKED", a.Body)
	}
}

// devices lists the bearer's devices.
func devices(t testing.TB, base, access string) []device {
	t.Helper()
	a := testenv.Post(t, base, testenv.Request{Query: devicesOp, Bearer: access})
	var p *person
	if a.Into(t, "me", &p); p == nil {
		t.Fatalf("devices: %s", a.Body)
	}
	return p.Sessions
}

func loginRequest(login, password, client string) testenv.Request {
	return testenv.Request{Query: testenv.LoginOp, Variables: testenv.Input("login", login, "password", password), Client: client}
}

func registerRequest(p *testenv.Person) testenv.Request {
	return testenv.Request{
		Query: testenv.RegisterOp, Variables: testenv.Input("email", p.Email, "username", p.Username, "password", p.Password), Client: p.Client,
	}
}

func resendRequest(email, client string) testenv.Request {
	return testenv.Request{Query: testenv.ResendOp, Variables: testenv.Input("email", email), Client: client}
}

func confirmRequest(token, password, client string) testenv.Request {
	in := testenv.Input("token", token)
	if password != "" {
		in = testenv.Input("token", token, "password", password)
	}
	return testenv.Request{Query: testenv.ConfirmOp, Variables: in, Client: client}
}

// asking is a mutation with one input, which answers with the user if it has one.
func asking(mutation, access, client string, input ...any) testenv.Request {
	name := strings.ToUpper(mutation[:1]) + mutation[1:]
	selection := "user { id username email pendingEmail role disabledAt } errors { code message field limit }"
	switch mutation {
	case "requestPasswordReset", "register":
		selection = "errors { code message field limit }"
	case "deleteAccount":
		selection = "deletedUserId errors { code message field limit }"
	}
	return testenv.Request{
		Query:  "mutation ($i: " + name + "Input!) { " + mutation + "(input: $i) { " + selection + " } }",
		Bearer: access, Client: client, Variables: testenv.Input(input...),
	}
}

// awaitMail waits for a mail with this subject that came after the first n, and
// returns the newest.
func awaitMail(t testing.TB, s *testenv.Stack, to, subject string, n int) (m testenv.Inbound) {
	t.Helper()
	testenv.Await(t, patience, "a mail "+subject, func() bool {
		list := s.Mails(t, to)
		for _, m = range list[:max(0, len(list)-n)] {
			if m.Subject == subject {
				return true
			}
		}
		return false
	})
	return m
}

func refreshRequest(token string) testenv.Request {
	return testenv.Request{Query: testenv.RefreshOp, Variables: testenv.Input("refreshToken", token)}
}

// refresh trades a refresh token and fails the test if it gets none.
func refresh(t testing.TB, base, token string) (access, next string) {
	t.Helper()
	a := testenv.Post(t, base, refreshRequest(token))
	got := a.Payload(t, "refresh")
	if got.Tokens == nil {
		t.Fatalf("refresh: %s", a.Body)
	}
	return got.Tokens.AccessToken, got.Tokens.RefreshToken
}

// codes are the codes of a payload's errors, in order.
func codes(p testenv.Payload) []string {
	list := []string{}
	for _, e := range p.Errors {
		list = append(list, e.Code)
	}
	return list
}

// mustSay fails the test unless the field's payload has exactly these codes.
func mustSay(t testing.TB, a *testenv.Answer, field string, want ...string) {
	t.Helper()
	if got := codes(a.Payload(t, field)); len(a.Errors) > 0 || !slices.Equal(got, want) {
		t.Fatalf("%s: got %s, want the codes %v", field, a.Body, want)
	}
}

// unmarshal reads a field of the answer's data, in goroutines that must not end
// the test.
func unmarshal(a *testenv.Answer, field string, into any) error {
	return json.Unmarshal(a.Data[field], into)
}

// together sends n requests at the same moment and returns the answers. base
// says where each goes.
func together(t testing.TB, n int, base func(i int) string, request func(i int) testenv.Request) []*testenv.Answer {
	t.Helper()
	return togetherBy(t, testenv.TryPost, n, base, request)
}

// togetherUntilServed is together for requests that need a hash each: whoever is
// told that too many wait comes again, as they should.
func togetherUntilServed(t testing.TB, n int, base func(i int) string, request func(i int) testenv.Request) []*testenv.Answer {
	t.Helper()
	return togetherBy(t, testenv.Insist, n, base, request)
}

func togetherBy(
	t testing.TB, send func(string, testenv.Request) (*testenv.Answer, error), n int, base func(i int) string, request func(i int) testenv.Request,
) []*testenv.Answer {
	t.Helper()
	answers, errs := make([]*testenv.Answer, n), make([]error, n)
	var ready, done sync.WaitGroup
	start := make(chan struct{})
	ready.Add(n)
	for i := range n {
		done.Go(func() {
			r, at := request(i), base(i)
			ready.Done()
			<-start
			answers[i], errs[i] = send(at, r)
		})
	}
	ready.Wait()
	close(start)
	done.Wait()
	for i, err := range errs {
		if err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
	}
	return answers
}

// alternating spreads requests over the replicas.
func alternating(s *testenv.Stack) func(i int) string {
	return func(i int) string { return s.Replicas[i%len(s.Replicas)].URL }
}

// count is the only number that a query answers with.
func count(t testing.TB, s *testenv.Stack, sql string, args ...any) int {
	t.Helper()
	var (
		n   int
		err error
	)
	for range rounds { // the machine may be busy
		if err = s.DB(t).QueryRow(t.Context(), sql, args...).Scan(&n); !errors.Is(err, db.ErrUnavailable) {
			break
		}
	}
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return n
}

// domain is one that no other test mails to.
func domain() string { return testenv.Username() + ".example.org" }

// newcomerAt is a newcomer with an address at the domain.
func newcomerAt(domain string) *testenv.Person {
	p := testenv.Newcomer()
	p.Email = fmt.Sprintf("%s@%s", p.Username, domain)
	return p
}
