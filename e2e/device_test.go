package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"latchkey/internal/testenv"
)

// bringing is a login with a device token.
func bringing(token string, p *testenv.Person, password, client string) testenv.Request {
	r := loginRequest(p.Username, password, client)
	r.Variables = testenv.Input("login", p.Username, "password", password, "deviceToken", token)
	return r
}

// guessing has a client use up its tries at somebody's name.
func (c *counted) guessing(t *testing.T, p *testenv.Person, client string) {
	t.Helper()
	c.mustStopAfter(t, "guesses", pairTries, pairWait, func(int) *testenv.Answer {
		return testenv.Post(t, c.URL(), loginRequest(p.Username, typed, client))
	})
}

// Somebody behind the owner's own address who guesses keeps them out of there, but not
// their device, which brings its token: in the input, in a form, or in the cookie. A token
// that is another's, forged, or of before a new password is as none.
func TestDeviceBesideGuesser_C1_C5(t *testing.T) {
	t.Parallel()
	counting(t, func(t *testing.T, s *counted) {
		ada, eve := s.Join(t), s.Join(t)
		home := ada.Client
		token, other := s.Login(t, ada).DeviceToken, s.Login(t, eve).DeviceToken
		byCookie := func(cookie string) *testenv.Answer {
			return postJSON(t, s.URL(), variablesBody(testenv.Request{
				Query: testenv.LoginOp, Variables: testenv.Input("login", ada.Username, "password", ada.Password, "transport", "COOKIE"),
			}), "Origin", public(s.Stack), "X-Forwarded-For", home, "Cookie", cookie)
		}
		cookie := deviceCookie(t, s.Stack, byCookie("x=y"))
		byForm := speak(t, s.Stack, tokenPath, passwordForm(ada), home).text("device_token")
		s.guessing(t, ada, home)

		without := loginRequest(ada.Username, ada.Password, home)
		s.mustRefuse(t, "without a token", testenv.Post(t, s.URL(), without), pairWait)
		want := shape(testenv.Post(t, s.URL(), without), without)
		for what, bad := range map[string]string{"another's": other, "a forged one": token[:40] + "AAAA" + token[44:], "nonsense": "x", "empty": "", "a refresh token": ada.Refresh} {
			r := bringing(bad, ada, ada.Password, home)
			if got := shape(testenv.Post(t, s.URL(), r), r); got != want && !s.soonDisturbed() {
				t.Errorf("with %s: got\n%s\nwant as without\n%s", what, got, want)
			}
		}
		wrong := bringing(token, ada, typed, home)
		if got := shape(testenv.Post(t, s.URL(), wrong), wrong); got != want && !s.soonDisturbed() {
			t.Errorf("a wrong password with the token: got\n%s\nwant as without\n%s", got, want)
		}
		if got := testenv.Post(t, s.URL(), bringing(token, ada, ada.Password, home)).Payload(t, "login"); got.Tokens == nil || got.DeviceToken == "" || got.DeviceToken == token {
			t.Errorf("the owner with the device's token: %+v", got)
		}
		if a := byCookie(cookie); len(a.Errors) > 0 || a.Payload(t, "login").Tokens == nil {
			t.Errorf("the owner with the device's cookie: %s", a.Body)
		}
		granted(t, speak(t, s.Stack, tokenPath, passwordForm(ada, "device_token", byForm), home))

		changed := testenv.Post(t, s.URL(), asking("changePassword", ada.Access, ada.Client, "currentPassword", ada.Password, "newPassword", "a fine new horse"))
		mustSay(t, changed, "changePassword")
		s.mustRefuse(t, "with a token of before the new password", testenv.Post(t, s.URL(), bringing(token, ada, "a fine new horse", home)), pairWait)
	})
}

// A thousand addresses with one stolen token share one count, which leaves the owner's
// other device and their address alone.
func TestStolenDeviceToken_C4_C5(t *testing.T) {
	t.Parallel()
	counting(t, func(t *testing.T, s *counted) {
		ada := s.Join(t)
		stolen, own := s.Login(t, ada).DeviceToken, s.Login(t, ada).DeviceToken
		most, heard, refused := testenv.Repeats(t, 30, 900), 0, 0
		for refused < most && heard < 100*(1+len(s.Replicas)) {
			for _, a := range togetherUntilServed(t, 10, alternating(s.Stack), func(int) testenv.Request {
				return bringing(stolen, ada, typed, testenv.ClientAddress())
			}) {
				switch a.Code() {
				case "":
					heard++
				case "RATE_LIMITED":
					refused++
				default:
					t.Fatalf("a guess: %s", a.Body)
				}
			}
		}
		if heard > 100 && !s.soonDisturbed() {
			t.Errorf("%d guesses were heard, want 100 at most", heard)
		}
		const hour = 60 * 60
		s.mustRefuse(t, "the right password with the stolen token", testenv.Post(t, s.URL(), bringing(stolen, ada, ada.Password, testenv.ClientAddress())), hour)
		for what, r := range map[string]testenv.Request{
			"the owner's other device in a new network": bringing(own, ada, ada.Password, testenv.ClientAddress()),
			"the owner at an address that they use":     loginRequest(ada.Username, ada.Password, ada.Client),
		} {
			if a := testenv.Post(t, s.URL(), r); a.Code() != "" || a.Payload(t, "login").Tokens == nil {
				t.Errorf("%s: %s", what, a.Body)
			}
		}
	})
}

// A login from a network or with a device that is new is told once, and says which; a
// device with its token may be anywhere. The first login of an imported account is told.
func TestNewLogins_A8(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		const subject = "A new login to your account"
		ada := s.Join(t)
		ada.Client = "192.0.2.1"
		told := func(p *testenv.Person) (n int) {
			for _, mail := range s.Mails(t, p.Email) {
				if mail.Subject == subject {
					n++
				}
			}
			return n
		}
		// settled says whether all mails to somebody have left.
		settled := func(p *testenv.Person) func() bool {
			return func() bool { return count(t, s, `SELECT count(*) FROM outbox WHERE recipient_key = $1`, p.Email) == 0 }
		}
		logsIn := func(p *testenv.Person, what string, want int, r testenv.Request) (token string) {
			t.Helper()
			before := told(p)
			a := testenv.Post(t, s.URL(), r)
			got := a.Payload(t, "login")
			if got.Tokens == nil {
				t.Fatalf("%s: %s", what, a.Body)
			}
			testenv.Await(t, patience, "the outbox to settle", settled(p))
			if want > 0 {
				awaitMail(t, s, p.Email, subject, len(s.Mails(t, p.Email))-1)
			}
			if n := told(p) - before; n != want {
				t.Errorf("%s: %d mails, want %d", what, n, want)
			}
			return got.DeviceToken
		}
		from := func(client string) testenv.Request { return loginRequest(ada.Username, ada.Password, client) }
		token := logsIn(ada, "a new network", 1, from("192.0.2.1"))
		mail := awaitMail(t, s, ada.Email, subject, 0)
		for _, says := range []string{"from a network that was not used for it before", "192.0.2.1"} {
			if !strings.Contains(mail.Text, says) {
				t.Errorf("the mail lacks %q:\n%s", says, mail.Text)
			}
		}
		logsIn(ada, "the same network", 0, from("192.0.77.1"))
		logsIn(ada, "the same device elsewhere, with its token", 0, bringing(token, ada, ada.Password, "198.51.100.1"))
		logsIn(ada, "another network, without", 1, from("203.0.113.1"))
		logsIn(ada, "the same again", 0, from("203.0.113.1"))

		old := testenv.Newcomer()
		old.Password = importedPassword
		mustPrint(t, s, importLine(old, importedHashes["bcrypt"]), 0, nil, "import", "-")
		first := loginRequest(old.Username, old.Password, "192.0.2.1")
		logsIn(old, "the first login of an imported account", 1, first)
		logsIn(old, "the second", 0, first)
	})
}

// A device's cookie comes with a login by cookie alone, and from whom may use cookies.
func TestDeviceCookie_I5(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *testenv.Stack) {
		ada := s.Join(t)
		a := testenv.Post(t, s.URL(), loginRequest(ada.Username, ada.Password, ada.Client))
		if got := a.Payload(t, "login"); !strings.HasPrefix(got.DeviceToken, "lkd_") || len(a.Header.Values("Set-Cookie")) > 0 {
			t.Errorf("a login by body: %s, cookies %q", a.Body, a.Header.Values("Set-Cookie"))
		}
		_, cookie := loginByCookie(t, s, ada)
		out := postJSON(t, s.URL(), document(`mutation { logout { errors { code } } }`), "Origin", public(s), "Cookie", cookie)
		if mustClearCookie(t, s, out); strings.Contains(fmt.Sprint(out.Header.Values("Set-Cookie")), "device") {
			t.Error("a logout takes the device's cookie")
		}
		refused := postJSON(t, s.URL(), variablesBody(testenv.Request{
			Query: testenv.LoginOp, Variables: testenv.Input("login", ada.Username, "password", "wrong", "transport", "COOKIE"),
		}), "Origin", public(s), "X-Forwarded-For", ada.Client)
		mustSay(t, refused, "login", "INVALID_CREDENTIALS")
		if refused.Status != http.StatusOK || len(refused.Header.Values("Set-Cookie")) > 0 {
			t.Errorf("a refused login sets %q", refused.Header.Values("Set-Cookie"))
		}
	})
}
