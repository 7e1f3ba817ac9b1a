package e2e_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/internal/testenv"
)

// addedByRedis is how much longer a login may take while Redis is away: R2.
const addedByRedis = 100 * time.Millisecond

// redisStack is production on a Redis of its own behind a proxy, one replica: in
// an outage each process counts for itself.
func redisStack(t *testing.T) (*testenv.Stack, *testenv.Redis, *testenv.Proxy) {
	t.Helper()
	redis := testenv.StartRedis(t)
	s := testenv.NewProduction(t, "REDIS_URL="+redis.URL)
	proxy := s.Through(t, "REDIS_URL")
	s.Add(t)
	s.AwaitReady(t)
	return s, redis, proxy
}

// mustLimit fails the test unless a pair's wrong tries are refused from the 11th
// on. On a slow machine one more has come up every 30 s, and Redis may have been
// given up for a moment, so that both sides counted: throttle.Fallback says why
// that is as much as there can be.
func mustLimit(t *testing.T, s *testenv.Stack, login string) {
	t.Helper()
	changes := func() int {
		return strings.Count(s.Log(), "redis does not answer") + strings.Count(s.Log(), "redis answers again")
	}
	before, began, client := changes(), time.Now(), testenv.ClientAddress()
	for heard := 0; ; heard++ {
		a := testenv.Post(t, s.URL(), loginRequest(login, "wrong horse battery", client))
		most := 10 + int(time.Since(began)/(30*time.Second))
		if changes() > before {
			most += 10
		}
		switch {
		case a.Code() == "RATE_LIMITED" && a.Errors[0].Extensions.RetryAfter >= 1 && heard >= 10:
			return
		case len(a.Errors) > 0 || heard >= most:
			t.Fatalf("wrong try %d: got %s", heard+1, a.Body)
		}
		mustSay(t, a, "login", "INVALID_CREDENTIALS")
	}
}

// loginTime is the median of a few logins, and whether one was not served.
func loginTime(t *testing.T, s *testenv.Stack, p *testenv.Person) (usual time.Duration, refused bool) {
	t.Helper()
	var times []time.Duration
	for range 7 {
		began := time.Now()
		a, err := testenv.TryPost(s.URL(), loginRequest(p.Username, p.Password, p.Client))
		if err != nil {
			t.Fatal(err)
		}
		times = append(times, time.Since(began))
		refused = refused || a.Payload(t, "login").Tokens == nil
	}
	return median(times), refused
}

// Redis refuses, hangs or is slow: logins and refreshes go on as fast, guessing stays
// limited, nobody is logged out and nobody comes back, and mail follows.
func TestRedisFails_R2(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"refuses", "hangs", "is slow", "is too slow"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			s, _, redis := redisStack(t)
			ada := s.Join(t)
			gone := s.Login(t, ada).Tokens
			mustSay(t, testenv.Post(t, s.URL(), testenv.Request{Query: testenv.LogoutOp, Variables: testenv.Input("refreshToken", gone.RefreshToken)}), "logout")

			var (
				usual, during time.Duration
				refused       bool
			)
			for range rounds { // the machine may be busy with something else
				redis.Pass(t)
				awaitReadiness(t, s.URL(), http.StatusOK, "")
				usual, _ = loginTime(t, s, ada)
				fail, _ := outage(t, redis, how)
				fail()
				if during, refused = loginTime(t, s, ada); during-usual <= addedByRedis && !refused {
					break
				}
			}
			if t.Logf("a login takes %v, without Redis %v", usual, during); during-usual > addedByRedis || refused {
				t.Errorf("a login takes %v, without Redis %v, refused: %v; want %v more at most", usual, during, refused, addedByRedis)
			}

			answers := how == "is slow" || how == "is too slow" // some time
			if !answers {
				awaitReadiness(t, s.URL(), http.StatusOK, `"redis"`) // it works in a lesser way
			}
			mustBe(t, s.URL(), ada.Access, ada.ID)
			access, _ := refresh(t, s.URL(), ada.Refresh)
			mustBe(t, s.URL(), access, ada.ID)
			mustBeRevoked(t, s.URL(), gone.AccessToken)
			mustSay(t, testenv.Post(t, s.URL(), refreshRequest(gone.RefreshToken)), "refresh", "TOKEN_INVALID")
			mustLimit(t, s, ada.Username)
			bob := testenv.Newcomer()
			mustSay(t, testenv.Post(t, s.URL(), registerRequest(bob)), "register")
			confirm := confirmRequest("lko_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "", bob.Client)
			if answers {
				mustSay(t, testenv.Post(t, s.URL(), confirm), "confirmEmail", "TOKEN_INVALID")
			} else {
				mustBeUnavailable(t, s.URL(), map[string]testenv.Request{"confirmEmail": confirm})
			}

			redis.Pass(t)
			awaitReadiness(t, s.URL(), http.StatusOK, "")
			token := testenv.LinkToken(t, s.AwaitMails(t, bob.Email, 1)[0].Links[0])
			if a := testenv.Post(t, s.URL(), confirmRequest(token, "", bob.Client)); a.Payload(t, "confirmEmail").Tokens == nil {
				t.Errorf("confirmEmail: %s", a.Body)
			}
			mustBe(t, s.URL(), access, ada.ID)
			mustBeRevoked(t, s.URL(), gone.AccessToken)
		})
	}
}

// Redis resets its connections over and over, under load: nobody notices.
func TestRedisResets_R2(t *testing.T) {
	t.Parallel()
	s, _, redis := redisStack(t)
	ada := s.Join(t)
	stop := make(chan struct{})
	var resets sync.WaitGroup
	resets.Go(func() {
		for pause := time.NewTicker(20 * time.Millisecond); ; {
			select {
			case <-stop:
				pause.Stop()
				return
			case <-pause.C:
				redis.Reset(t)
			}
		}
	})
	token := ada.Refresh
	for range 15 {
		a, err := testenv.TryPost(s.URL(), loginRequest(ada.Username, ada.Password, ada.Client))
		if err != nil || a.Payload(t, "login").Tokens == nil {
			t.Errorf("login: %v, %v", a, err)
		}
		access, next := refresh(t, s.URL(), token)
		mustBe(t, s.URL(), access, ada.ID)
		token = next
	}
	close(stop)
	resets.Wait()
	awaitReadiness(t, s.URL(), http.StatusOK, "")
	mustLimit(t, s, ada.Username)
	s.Join(t)
}

// Redis loses everything: that costs the links in mails that nobody has used, and
// nothing else.
func TestRedisLosesEverything_R2(t *testing.T) {
	t.Parallel()
	s, redis, _ := redisStack(t)
	ada, bob := s.Join(t), testenv.Newcomer()
	gone := s.Login(t, ada).Tokens
	mustSay(t, testenv.Post(t, s.URL(), testenv.Request{Query: testenv.LogoutOp, Variables: testenv.Input("refreshToken", gone.RefreshToken)}), "logout")
	token := s.Register(t, bob)

	redis.Do(t, "FLUSHALL")
	mustBe(t, s.URL(), ada.Access, ada.ID)
	access, next := refresh(t, s.URL(), ada.Refresh)
	mustBe(t, s.URL(), access, ada.ID)
	refresh(t, s.URL(), next)
	mustBeRevoked(t, s.URL(), gone.AccessToken)
	mustSay(t, testenv.Post(t, s.URL(), refreshRequest(gone.RefreshToken)), "refresh", "TOKEN_INVALID")
	mustLimit(t, s, ada.Username)

	mustSay(t, testenv.Post(t, s.URL(), confirmRequest(token, "", bob.Client)), "confirmEmail", "TOKEN_INVALID")
	mustSay(t, testenv.Post(t, s.URL(), resendRequest(bob.Email, bob.Client)), "resendConfirmation")
	token = testenv.LinkToken(t, s.AwaitMails(t, bob.Email, 2)[0].Links[0])
	if a := testenv.Post(t, s.URL(), confirmRequest(token, "", bob.Client)); a.Payload(t, "confirmEmail").Tokens == nil {
		t.Errorf("confirmEmail: %s", a.Body)
	}
}
