package e2e_test

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/internal/testenv"
)

const (
	answerWithin  = 3 * time.Second  // UNAVAILABLE, however PostgreSQL fails: R1
	recoverWithin = 20 * time.Second // R1: by itself
)

// mustBeUnavailable sends requests at once and fails the test unless each is
// answered with UNAVAILABLE and when to come again. It returns how long the
// slowest answer took.
func mustBeUnavailable(t *testing.T, base string, requests map[string]testenv.Request) time.Duration {
	t.Helper()
	var (
		all     sync.WaitGroup
		slowest atomic.Int64
	)
	for name, r := range requests {
		all.Go(func() {
			began := time.Now()
			a, err := testenv.TryPost(base, r)
			atomicMax(&slowest, int64(time.Since(began)))
			switch {
			case err != nil:
				t.Errorf("%s: %v", name, err)
			case a.Status != http.StatusOK || a.Code() != "UNAVAILABLE" || a.Errors[0].Extensions.RetryAfter < 1:
				t.Errorf("%s: got %d %s, want UNAVAILABLE with retryAfter", name, a.Status, a.Body)
			case strings.Contains(strings.ToLower(string(a.Body)), "sql") || strings.Contains(string(a.Body), "127.0.0.1"):
				t.Errorf("%s: the answer tells of the inside: %s", name, a.Body)
			}
		})
	}
	all.Wait()
	return time.Duration(slowest.Load())
}

// mustBeUnavailableSoon is the same, at least twice since what fails first may
// fail differently later, and fails the test too if an answer took longer than
// answerWithin in each of a few rounds: the machine may be busy with something
// else.
func mustBeUnavailableSoon(t *testing.T, base string, requests func() map[string]testenv.Request) {
	t.Helper()
	slowest := mustBeUnavailable(t, base, requests())
	for range rounds {
		again := mustBeUnavailable(t, base, requests())
		if slowest = min(slowest, again); slowest <= answerWithin {
			return
		}
	}
	t.Errorf("an answer took %v, want %v at most", slowest, answerWithin)
}

func atomicMax(v *atomic.Int64, n int64) {
	for old := v.Load(); n > old && !v.CompareAndSwap(old, n); old = v.Load() {
	}
}

// outage is a way in which a server behind a proxy fails, and its end. What was
// sent while it hangs is lost, unless it passes in the end.
func outage(t testing.TB, p *testenv.Proxy, how string) (fail, mend func()) {
	pass, reset := func() { p.Pass(t) }, func() { p.Reset(t) }
	switch how {
	case "refuses":
		return p.Refuse, pass
	case "hangs":
		return p.Hang, reset
	case "hangs and passes":
		return p.Hang, pass
	case "is slow": // R2: three questions of a login in time, and nearly too late
		return func() { p.Slow(12 * time.Millisecond) }, pass
	case "is too slow":
		return func() { p.Slow(150 * time.Millisecond) }, pass
	case "resets":
		return reset, pass
	}
	t.Fatalf("nothing fails as %q says", how)
	return nil, nil
}

// PostgreSQL refuses, hangs and resets: everything that needs it is UNAVAILABLE
// in time, and all is well soon after it is.
func TestPostgresFails_R1(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"refuses", "hangs", "resets"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			s := testenv.NewProduction(t)
			postgres := s.Through(t, "DATABASE_URL")
			s.Add(t)
			if how == "hangs" { // on one of them nothing but a call's own time ends a call
				s.Env = append(s.Env, "DATABASE_URL="+s.Setting("DATABASE_URL")+"&connect_timeout=30")
			}
			s.Add(t)
			s.AwaitReady(t)
			ada := s.Join(t)
			asks := func() map[string]testenv.Request {
				return map[string]testenv.Request{
					"me":      {Query: testenv.MeOp, Bearer: ada.Access},
					"login":   loginRequest(ada.Username, ada.Password, ada.Client),
					"refresh": refreshRequest(ada.Refresh),
					"logout":  {Query: testenv.LogoutOp, Variables: testenv.Input("refreshToken", ada.Refresh)},
					"resend":  resendRequest(testenv.Address(), testenv.ClientAddress()),
					"sign up": registerRequest(testenv.Newcomer()),
					"revoke":  {Query: revokeOp, Variables: testenv.Input("sessionId", "x"), Bearer: ada.Access},
					"others":  {Query: revokeOthersOp, Bearer: ada.Access},
				}
			}
			fail, mend := outage(t, postgres, how)
			fail()
			if how != "resets" {
				for _, p := range s.Replicas {
					mustBeUnavailableSoon(t, p.URL, asks)
					awaitReadiness(t, p.URL, http.StatusServiceUnavailable, `"postgresql"`)
				}
			}
			if how == "hangs" {
				mustNotWait(t, s.Replicas[1].URL)
			}
			mend()
			for _, p := range s.Replicas {
				testenv.Await(t, recoverWithin, "me to answer", func() bool {
					a, err := testenv.TryPost(p.URL, testenv.Request{Query: testenv.MeOp, Bearer: ada.Access})
					return err == nil && len(a.Errors) == 0
				})
				awaitReadiness(t, p.URL, http.StatusOK, "")
				if got := s.Login(t, ada); got.Tokens == nil {
					t.Errorf("login: %+v", got)
				}
			}
			access, _ := refresh(t, s.URL(), ada.Refresh)
			mustBe(t, s.URL(), access, ada.ID)
			s.Join(t) // registering, mail and confirming are back too
		})
	}
}

// PostgreSQL is slow: what can be answered in time is, the rest is UNAVAILABLE in
// time, and a refresh that was given up is not lost.
func TestPostgresSlow_R1(t *testing.T) {
	t.Parallel()
	s, postgres := behindProxy(t)
	ada := s.Join(t)
	token := ada.Refresh
	for delay, served := range map[time.Duration]bool{50 * time.Millisecond: true, 2 * time.Second: false} {
		postgres.Slow(delay)
		if served {
			access, next := refresh(t, s.URL(), token)
			mustBe(t, s.URL(), access, ada.ID)
			token = next
		} else {
			mustBeUnavailableSoon(t, s.URL(), func() map[string]testenv.Request {
				return map[string]testenv.Request{
					"me":       {Query: testenv.MeOp, Bearer: ada.Access},
					"login":    loginRequest(ada.Username, ada.Password, ada.Client),
					"refresh":  refreshRequest(token),
					"register": registerRequest(testenv.Newcomer()),
				}
			})
		}
		postgres.Pass(t)
	}
	for _, p := range s.Replicas {
		awaitReadiness(t, p.URL, http.StatusOK, "")
		access, next := refresh(t, p.URL, token)
		mustBe(t, p.URL, access, ada.ID)
		token = next
	}
	s.Join(t)
}

// chain refreshes over and over, as a device does, until stop is closed. What
// is UNAVAILABLE it tries again with the same token.
type chain struct {
	token            string
	answered, failed atomic.Int64
	lost             atomic.Pointer[string] // how the session was lost
}

func (c *chain) run(s *testenv.Stack, stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		default:
		}
		a, err := testenv.TryPost(s.URL(), refreshRequest(c.token))
		if err != nil {
			c.fail(err.Error())
			return
		}
		if a.Code() == "UNAVAILABLE" {
			c.failed.Add(1)
			continue
		}
		var p struct {
			Tokens *struct{ RefreshToken string }
		}
		if err := unmarshal(a, "refresh", &p); err != nil || p.Tokens == nil {
			c.fail(string(a.Body))
			return
		}
		c.token = p.Tokens.RefreshToken
		c.answered.Add(1)
	}
}

func (c *chain) fail(why string) { c.lost.Store(&why) }

// Devices go on refreshing while PostgreSQL comes and goes: none is logged out.
func TestNoRefreshTokenLost_R1(t *testing.T) {
	t.Parallel()
	s := testenv.NewProduction(t)
	postgres := s.Through(t, "DATABASE_URL")
	s.Add(t)
	s.Add(t)
	s.AwaitReady(t)
	ada := s.Join(t)
	chains := []*chain{{token: ada.Refresh}}
	for range 5 {
		chains = append(chains, &chain{token: s.Login(t, ada).Tokens.RefreshToken})
	}
	stop := make(chan struct{})
	var running sync.WaitGroup
	for _, c := range chains {
		running.Go(func() { c.run(s, stop) })
	}
	// each waits until every chain has n more of what count counts.
	each := func(what string, n int64, count func(c *chain) int64) {
		t.Helper()
		from := make([]int64, len(chains))
		for i, c := range chains {
			from[i] = count(c)
		}
		testenv.Await(t, patience, what, func() bool {
			done := true
			for i, c := range chains {
				if why := c.lost.Load(); why != nil {
					t.Fatalf("a device was logged out: %s", *why)
				}
				done = done && count(c) >= from[i]+n
			}
			return done
		})
	}
	answered := func(c *chain) int64 { return c.answered.Load() }
	failed := func(c *chain) int64 { return c.failed.Load() }
	for _, how := range []string{"refuses", "hangs", "hangs and passes", "refuses", "hangs"} {
		each("refreshes", 5, answered)
		fail, mend := outage(t, postgres, how)
		fail()
		each("failures", 1, failed)
		mend()
	}
	for range 10 {
		each("refreshes", 2, answered)
		postgres.Reset(t)
	}
	each("refreshes", 5, answered)
	close(stop)
	running.Wait()
	for i, c := range chains {
		access, _ := refresh(t, s.URL(), c.token)
		mustBe(t, s.URL(), access, ada.ID)
		t.Logf("device %d: %d refreshes, %d UNAVAILABLE", i, c.answered.Load(), c.failed.Load())
	}
}

// A server whose database is away comes up, says so, and is ready when it is there,
// also if that goes away again amid the migration.
func TestPostgresAwayAtStart_R1(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"refuses", "hangs"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			s := testenv.NewProduction(t, "DATABASE_URL="+testenv.PostgresURL(t))
			postgres := s.Through(t, "DATABASE_URL")
			if how == "refuses" {
				postgres.Refuse()
			} else {
				postgres.Hang()
			}
			base := s.Add(t).URL
			testenv.Await(t, patience, "the server to live", func() bool {
				p, err := tryGet(base + "/livez")
				return err == nil && p.status == http.StatusOK
			})
			mustBeUnavailableSoon(t, base, func() map[string]testenv.Request {
				return map[string]testenv.Request{
					"login":    loginRequest("ada", "correct horse", testenv.ClientAddress()),
					"register": registerRequest(testenv.Newcomer()),
				}
			})
			awaitReadiness(t, base, http.StatusServiceUnavailable, `"postgresql"`)
			postgres.Pass(t)
			for range 20 {
				if page, err := tryGet(base + "/readyz"); err != nil || page.status == http.StatusOK {
					break
				}
				postgres.Reset(t)
			}
			s.AwaitReady(t)
			s.Join(t)
		})
	}
}
