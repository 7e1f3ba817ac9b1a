package e2e_test

import (
	"strings"
	"testing"
	"time"

	"latchkey/internal/testenv"
)

// Of 50 that confirm with one token at once, over two replicas, one succeeds and
// there is one account.
func TestConfirmRace_D2(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		ada := testenv.Newcomer()
		token := s.Register(t, ada)
		answers := together(t, 50, alternating(s), func(int) testenv.Request {
			return confirmRequest(token, "", testenv.ClientAddress())
		})
		var won []testenv.Payload
		for _, a := range answers {
			if got := a.Payload(t, "confirmEmail"); got.Tokens != nil {
				won = append(won, got)
			} else {
				mustSay(t, a, "confirmEmail", "TOKEN_INVALID")
			}
		}
		if len(won) != 1 {
			t.Fatalf("%d of 50 succeeded, want 1", len(won))
		}
		if n := count(t, s, `SELECT count(*) FROM users WHERE email_key = $1`, ada.Email); n != 1 {
			t.Errorf("%d accounts, want 1", n)
		}
		if n := count(t, s, `SELECT count(*) FROM sessions s JOIN users u ON u.id = s.user_id WHERE u.email_key = $1`, ada.Email); n != 1 {
			t.Errorf("%d sessions, want 1", n)
		}
		mustBe(t, s.URL(), won[0].Tokens.AccessToken, won[0].User.ID)
	})
}

// Several registrations of one address confirmed at once: one account.
func TestConfirmRaceOfOneAddress_B1(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		email := testenv.Address()
		people, tokens := make([]*testenv.Person, 4), make([]string, 4)
		for i := range people {
			people[i] = testenv.Newcomer()
			if people[i].Email = email; i%2 == 1 {
				people[i].Email = strings.ToUpper(email)
			}
			before := len(s.Mails(t, email))
			mustSay(t, testenv.Post(t, s.URL(), registerRequest(people[i])), "register")
			tokens[i] = testenv.LinkToken(t, s.AwaitMails(t, email, before+1)[0].Links[0])
		}
		answers := togetherUntilServed(t, len(people), alternating(s), func(i int) testenv.Request {
			return confirmRequest(tokens[i], people[i].Password, people[i].Client)
		})
		won := 0
		for _, a := range answers {
			if a.Payload(t, "confirmEmail").Tokens != nil {
				won++
			} else {
				mustSay(t, a, "confirmEmail", "TOKEN_INVALID")
			}
		}
		if n := count(t, s, `SELECT count(*) FROM users WHERE email_key = $1`, email); won != 1 || n != 1 {
			t.Errorf("%d succeeded and made %d accounts, want 1 and 1", won, n)
		}
	})
}

// Of those who register one username at once, in whatever case and over two
// replicas, one gets it.
func TestUsernameRace_B4(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		name := testenv.Username()
		variants := []string{name, strings.ToUpper(name), strings.ToUpper(name[:1]) + name[1:], name[:8] + strings.ToUpper(name[8:])}
		answers := togetherUntilServed(t, 16, alternating(s), func(i int) testenv.Request {
			p := testenv.Newcomer()
			p.Username = variants[i%len(variants)]
			return registerRequest(p)
		})
		won := 0
		for _, a := range answers {
			if len(a.Payload(t, "register").Errors) == 0 && len(a.Errors) == 0 {
				won++
			} else {
				mustSay(t, a, "register", "USERNAME_TAKEN")
			}
		}
		rows := count(t, s, `SELECT count(*) FROM registrations WHERE username_key = $1`, name)
		if won != 1 || rows != 1 {
			t.Errorf("%d succeeded and left %d registrations, want 1 and 1", won, rows)
		}
	})
}

// 40 refreshes with one token at once, over two replicas, time and again: no
// error, and one successor, which works.
func TestRefreshRace_E3(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		ada := s.Join(t)
		token := ada.Refresh
		for round := range testenv.Repeats(t, 10, 50) {
			answers := togetherBy(t, insistOnRefresh, 40, alternating(s), func(int) testenv.Request { return refreshRequest(token) })
			successors := map[string]bool{}
			for _, a := range answers {
				got := a.Payload(t, "refresh")
				if got.Tokens == nil || len(got.Errors) > 0 || len(a.Errors) > 0 {
					t.Fatalf("round %d: %s", round, a.Body)
				}
				successors[got.Tokens.RefreshToken] = true
				mustBe(t, s.URL(), got.Tokens.AccessToken, ada.ID)
			}
			if len(successors) != 1 || successors[token] {
				t.Fatalf("round %d: %d successors, want 1", round, len(successors))
			}
			for token = range successors {
			}
		}
		if n := len(devices(t, s.URL(), ada.Access)); n != 1 {
			t.Errorf("%d sessions of one device", n)
		}
	})
}

// insistOnRefresh comes again where a database had no time, as it may on a busy
// machine, and takes it for an answer where too many came with one token.
func insistOnRefresh(base string, r testenv.Request) (*testenv.Answer, error) {
	for end := time.Now().Add(time.Minute); ; {
		a, err := testenv.TryPost(base, r)
		if err != nil || a.Code() != "UNAVAILABLE" || time.Now().After(end) || strings.Contains(a.Errors[0].Message, "Too much at once") {
			return a, err
		}
	}
}

// A refresh token that is too old ends its session, access token included, at
// once and on every replica. Other devices stay, and garbage ends nothing.
func TestReplay_E2(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		ada := s.Join(t)
		other := s.Login(t, ada)
		access, token := ada.Access, ada.Refresh
		for range 6 { // more than may be answered within the grace
			access, token = refresh(t, s.URL(), token)
		}
		garbage := []string{"", "lkr_", token[:len(token)-1], token + "A", token[:len(token)-4] + "AAAA", "lkr_" + strings.Repeat("A", 75), ada.Access}
		for _, g := range garbage {
			mustSay(t, testenv.Post(t, s.URL(), refreshRequest(g)), "refresh", "TOKEN_INVALID")
		}
		mustBe(t, s.URL(), access, ada.ID)

		mustSay(t, testenv.Post(t, s.Replicas[0].URL, refreshRequest(ada.Refresh)), "refresh", "TOKEN_INVALID")
		for _, p := range s.Replicas {
			mustBeRevoked(t, p.URL, access)
			mustSay(t, testenv.Post(t, p.URL, refreshRequest(token)), "refresh", "TOKEN_INVALID")
			mustBe(t, p.URL, other.Tokens.AccessToken, ada.ID)
		}
		refresh(t, s.URL(), other.Tokens.RefreshToken)
	})
}

// Without grace every used refresh token ends its session.
func TestReplayWithoutGrace_E2(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		ada := s.Join(t)
		access, _ := refresh(t, s.URL(), ada.Refresh)
		mustSay(t, testenv.Post(t, s.URL(), refreshRequest(ada.Refresh)), "refresh", "TOKEN_INVALID")
		mustBeRevoked(t, s.URL(), access)
	}, "REFRESH_GRACE=0s")
}

// What ends a session counts on the next request, on the other replica too.
func TestRevocationAtOnce_E5(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		here, there := s.Replicas[0].URL, s.Replicas[len(s.Replicas)-1].URL
		ada := s.Join(t)
		for _, how := range []string{"revoked", "logged out", "logged out by its refresh token", "one of the others"} {
			device := s.Login(t, ada).Tokens
			mustBe(t, there, device.AccessToken, ada.ID)
			switch how {
			case "revoked":
				revokeAt(t, here, ada.Access, devices(t, here, device.AccessToken)[0].ID)
			case "logged out":
				mustSay(t, testenv.Post(t, here, testenv.Request{Query: testenv.LogoutOp, Variables: testenv.Input(), Bearer: device.AccessToken}), "logout")
			case "logged out by its refresh token":
				mustSay(t, testenv.Post(t, here, testenv.Request{Query: testenv.LogoutOp, Variables: testenv.Input("refreshToken", device.RefreshToken)}), "logout")
			case "one of the others":
				a := testenv.Post(t, here, testenv.Request{Query: revokeOthersOp, Bearer: ada.Access})
				var got struct{ Count int }
				if a.Into(t, "revokeOtherSessions", &got); got.Count != 1 {
					t.Errorf("revokeOtherSessions: %s", a.Body)
				}
			}
			mustBeRevoked(t, there, device.AccessToken)
			mustSay(t, testenv.Post(t, there, refreshRequest(device.RefreshToken)), "refresh", "TOKEN_INVALID")
			mustBe(t, there, ada.Access, ada.ID)
		}
	})
}

func revokeAt(t *testing.T, base, access, id string) {
	t.Helper()
	mustSay(t, testenv.Post(t, base, testenv.Request{Query: revokeOp, Variables: testenv.Input("sessionId", id), Bearer: access}), "revokeSession")
}

// A user has 100 sessions at most, also when the logins race over two replicas:
// those beyond end the least recently used.
func TestSessionCap(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		ada := s.Join(t)
		var newest testenv.Payload
		for begun := 1; begun < 108; begun += 8 { // the first is the device that confirmed
			answers := togetherUntilServed(t, 8, alternating(s), func(int) testenv.Request {
				return loginRequest(ada.Username, ada.Password, testenv.ClientAddress())
			})
			for _, a := range answers {
				if newest = a.Payload(t, "login"); newest.Tokens == nil {
					t.Fatalf("login: %s", a.Body)
				}
			}
		}
		if n := len(devices(t, s.URL(), newest.Tokens.AccessToken)); n != 100 {
			t.Errorf("%d sessions after 113 logins, want 100", n)
		}
		if n := count(t, s, `SELECT count(*) FROM sessions WHERE user_id = $1`, ada.ID); n != 100 {
			t.Errorf("%d rows of sessions, want 100", n)
		}
		mustBeRevoked(t, s.URL(), ada.Access)
	})
}

// Open registrations of one client are bounded also when they race.
func TestRegistrationLimitRace(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		client := testenv.ClientAddress()
		var answers []*testenv.Answer
		for range 7 {
			answers = append(answers, togetherUntilServed(t, 4, alternating(s), func(int) testenv.Request {
				p := testenv.Newcomer()
				p.Client = client
				return registerRequest(p)
			})...)
		}
		accepted := 0
		for _, a := range answers {
			switch a.Code() {
			case "":
				mustSay(t, a, "register")
				accepted++
			case "RATE_LIMITED":
				if a.Errors[0].Extensions.RetryAfter < 1 {
					t.Errorf("without retryAfter: %s", a.Body)
				}
			default:
				t.Errorf("register: %s", a.Body)
			}
		}
		rows := count(t, s, `SELECT count(*) FROM registrations WHERE client = $1`, client)
		if accepted != 20 || rows != 20 {
			t.Errorf("%d of 28 accepted, %d rows; want 20 and 20", accepted, rows)
		}
	})
}
