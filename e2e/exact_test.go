package e2e_test

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"latchkey/internal/testenv"
)

// twoOnRedis is production with two replicas on a Redis of the test's own.
func twoOnRedis(t *testing.T) (*testenv.Stack, *testenv.Redis) {
	t.Helper()
	redis := testenv.StartRedis(t)
	return testenv.Production(t, "REDIS_URL="+redis.URL), redis
}

// Of forty wrong logins at once by one client at one name, over two replicas, ten are
// compared, however busy that makes the machine: again and again, and nobody leaves Redis.
func TestFortyAtOnce_C4(t *testing.T) {
	t.Parallel()
	s, _ := twoOnRedis(t)
	for round := range 5 {
		client, nobody := testenv.ClientAddress(), testenv.Username()
		compared := 0
		for _, a := range togetherUntilServed(t, 40, alternating(s), func(int) testenv.Request { return loginRequest(nobody, typed, client) }) {
			switch a.Code() {
			case "":
				mustSay(t, a, "login", "INVALID_CREDENTIALS")
				compared++
			case "RATE_LIMITED":
			default:
				t.Fatalf("got %s", a.Body)
			}
		}
		if compared != pairTries {
			t.Errorf("round %d: %d of 40 were compared, want %d", round, compared, pairTries)
		}
	}
	if log := s.Log(); strings.Contains(log, "redis does not answer") {
		t.Errorf("Redis was left, which was there all the time:\n%s", grep(log, "redis"))
	}
}

// grep returns the lines of a log that contain text.
func grep(log, text string) (lines string) {
	for line := range strings.Lines(log) {
		if strings.Contains(line, text) {
			lines += line
		}
	}
	return lines
}

// One address gets ten mails of a kind within an hour, however many clients ask for them
// at once at two replicas that have hashes to make as well.
func TestTenMailsAnHour_C6(t *testing.T) {
	t.Parallel()
	s, _ := twoOnRedis(t)
	ada := s.Join(t)
	before := len(s.Mails(t, ada.Email))
	stop, busy := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(busy)
		for {
			select {
			case <-stop:
				return
			default:
				_, _ = testenv.TryPost(s.URL(), loginRequest(testenv.Username(), typed, testenv.ClientAddress()))
			}
		}
	}()
	for range 2 {
		for _, a := range together(t, 20, alternating(s), func(int) testenv.Request {
			return asking("requestPasswordReset", "", testenv.ClientAddress(), "email", ada.Email)
		}) {
			mustSay(t, a, "requestPasswordReset")
		}
	}
	testenv.Await(t, mailWithin, "the mails to be sent, held or dropped", func() bool {
		return count(t, s, `SELECT count(*) FROM outbox WHERE dedupe IS NULL OR dedupe NOT LIKE '%|held'`) == 0
	})
	close(stop)
	<-busy
	if n := len(s.Mails(t, ada.Email)) - before; n != 10 {
		t.Errorf("%d mails within an hour, want 10", n)
	}
	if log := s.Log(); strings.Contains(log, "redis does not answer") {
		t.Errorf("Redis was left, which was there all the time:\n%s", grep(log, "redis"))
	}
}

// Tries that are abandoned do not fill Redis. When it is full of something else,
// readiness says so, and notices and resets leave all the same, with links that work at
// either replica, also when it has room again.
func TestFullRedis_D2_R2_R7(t *testing.T) {
	t.Parallel()
	s, redis := twoOnRedis(t)
	redis.Do(t, "CONFIG SET maxmemory 4mb") // noeviction is Redis's own default
	ada := s.Join(t)
	for range 100 {
		for i := range s.Replicas {
			abandon(t, s.Replicas[i].URL, loginRequest(testenv.Username(), typed, testenv.ClientAddress()))
		}
	}
	// The few whose hash had begun stay counted, on four keys each.
	testenv.Await(t, patience, "Redis to hold less than one key for each", func() bool {
		n, err := strconv.Atoi(redis.Do(t, "DBSIZE")[1:])
		return err == nil && n < 200
	})
	redis.Do(t, "SETRANGE other 4194304 x")
	for _, p := range s.Replicas {
		awaitWrites(t, p.URL, `"redis writes"`)
	}
	mustSay(t, testenv.Post(t, s.URL(), asking("changeUsername", ada.Access, ada.Client, "username", testenv.Username())), "changeUsername")
	notice := awaitMail(t, s, ada.Email, "Your username was changed", 0).Links
	mustSay(t, testenv.Post(t, s.URL(), asking("requestPasswordReset", "", ada.Client, "email", ada.Email)), "requestPasswordReset")
	reset := awaitMail(t, s, ada.Email, "Set a new password", 0).Links[0]
	undo := notice[len(notice)-1]
	for _, p := range s.Replicas {
		for _, link := range []string{undo, reset} {
			if page := browse(t, p.URL, "GET", link); page.status != http.StatusOK {
				t.Errorf("a link while Redis is full: %d", page.status)
			}
		}
	}
	redis.Do(t, "CONFIG SET maxmemory 0")
	for _, p := range s.Replicas {
		awaitWrites(t, p.URL, "")
	}
	token := testenv.LinkToken(t, reset)
	done := 0
	for _, a := range togetherUntilServed(t, 10, alternating(s), func(int) testenv.Request {
		return asking("resetPassword", "", testenv.ClientAddress(), "token", token, "newPassword", "a horse in a full stable")
	}) {
		if len(a.Errors) == 0 && len(codes(a.Payload(t, "resetPassword"))) == 0 {
			done++
		}
	}
	if done != 1 {
		t.Errorf("%d of 10 reset the password by one link, want 1", done)
	}
}

// abandon sends a request and does not wait for its answer.
func abandon(t testing.TB, base string, r testenv.Request) {
	t.Helper()
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	body := variablesBody(r)
	_, _ = fmt.Fprintf(c, "POST /graphql HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nX-Forwarded-For: %s\r\nContent-Length: %d\r\n\r\n%s", u.Host, r.Client, len(body), body)
}
