package e2e_test

import (
	"crypto/sha1"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/internal/testenv"
)

// Passwords of the lists below, which nothing else is wrong with.
const (
	stolenPassword  = "a stolen horse battery"
	stolenComposed  = "caf\u00e9 of stolen horses" // as the list has it
	stolenOtherwise = "cafe\u0301 of stolen horses"
)

// setEverywhere tries to set a password wherever one is set, and fails the test unless it
// is refused for being stolen each time and nothing comes of it.
func setEverywhere(t *testing.T, s *testenv.Stack, stolen string) {
	t.Helper()
	ada := s.Join(t)
	token := resetToken(t, s, ada)
	wants := func(field, input string, a *testenv.Answer) {
		t.Helper()
		mustSay(t, a, field, "PASSWORD_BREACHED")
		if e := a.Payload(t, field).Errors[0]; !slices.Equal(e.Field, []string{"input", input}) || !strings.Contains(e.Message, "in a list of stolen passwords") {
			t.Errorf("%s: %+v", field, e)
		}
	}
	newcomer := testenv.Newcomer()
	newcomer.Password = stolen
	wants("register", "password", testenv.Post(t, s.URL(), registerRequest(newcomer)))
	if n := count(t, s, `SELECT count(*) FROM registrations WHERE email_key = $1`, newcomer.Email); n != 0 {
		t.Errorf("%d registrations", n)
	}
	wants("changePassword", "newPassword", testenv.Post(t, s.URL(), asking("changePassword", ada.Access, ada.Client, "currentPassword", ada.Password, "newPassword", stolen)))
	wants("resetPassword", "newPassword", testenv.Post(t, s.URL(), asking("resetPassword", "", ada.Client, "token", token, "newPassword", stolen)))
	page := s.URL() + "/email/reset-password"
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	body := formOf("token", token, "email", ada.Email, "do", "set", "password", stolen)
	if p := exchange(t, http.MethodPost, page, body, form...); p.status != http.StatusUnprocessableEntity || !strings.Contains(p.body, "in a list of stolen passwords") {
		t.Errorf("the page: %d %s", p.status, cut(p.body))
	}
	if p := exchange(t, http.MethodPost, page, body, append(form, "Accept", "application/json")...); p.status != http.StatusUnprocessableEntity || !strings.Contains(p.body, "PASSWORD_BREACHED") {
		t.Errorf("the page in JSON: %d %s", p.status, p.body)
	}
	mustPrint(t, s, stolen+"\n", 1, []string{"password: This password is in a list of stolen passwords."},
		"user", "create", "--email", newcomer.Email, "--username", newcomer.Username)
	if n := count(t, s, `SELECT count(*) FROM users WHERE email_key = $1`, newcomer.Email); n != 0 {
		t.Errorf("%d users", n)
	}

	// Nothing happened: the password is the one of before, and the link is good.
	mustBe(t, s.URL(), ada.Access, ada.ID)
	if got := s.Login(t, ada); got.Tokens == nil {
		t.Errorf("login: %+v", got)
	}
	mustSay(t, testenv.Post(t, s.URL(), asking("resetPassword", "", ada.Client, "token", token, "newPassword", "a fine new horse")), "resetPassword")
}

// keepsStolen makes somebody who set a password before anybody knew that it was stolen.
func keepsStolen(t *testing.T, s *testenv.Stack, stolen string) *testenv.Person {
	t.Helper()
	p := testenv.Newcomer()
	p.Password = stolen
	env := append(slices.Clone(s.Env), "BREACHED_PASSWORDS=off")
	if out, errOut, code := testenv.Command(t, s.Replicas[0].Dir, stolen+"\n", env, "user", "create", "--email", p.Email, "--username", p.Username); code != 0 {
		t.Fatalf("%s%s", out, errOut)
	}
	return p
}

// A password that a file knows is refused wherever one is set, and nobody is asked. Logins
// do not look.
func TestStolenPassword_T1(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var asked []string
	away := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { // what would bring calls out
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, r.RequestURI)
		http.Error(w, "no network", http.StatusBadGateway)
	}))
	t.Cleanup(away.Close)
	list := testenv.StolenList(t, stolenPassword, stolenComposed, "password", "another horse")
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		setEverywhere(t, s, stolenPassword)
		setEverywhere(t, s, stolenOtherwise)
		if got := s.Login(t, keepsStolen(t, s, stolenPassword)); got.Tokens == nil {
			t.Errorf("login with a stolen password: %+v", got)
		}
		mustNotTell(t, s, stolenPassword, stolenComposed, stolenOtherwise)
		mu.Lock()
		defer mu.Unlock()
		if len(asked) > 0 {
			t.Errorf("asked %q", asked)
		}
	}, "BREACHED_PASSWORDS="+list, "BREACHED_FAILURE=refuse", "HTTP_PROXY="+away.URL, "HTTPS_PROXY="+away.URL)
}

// mustNotTell fails the test if the log has one of these, or the beginning of its hash.
func mustNotTell(t *testing.T, s *testenv.Stack, passwords ...string) {
	t.Helper()
	log := s.Log()
	for _, p := range passwords {
		for _, secret := range []string{p, hashOf(p)[:5], strings.ToLower(hashOf(p)[:5]), "/range/" + hashOf(p)[:1]} {
			if strings.Contains(log, secret) {
				t.Errorf("the log has %q", secret)
			}
		}
	}
}

func hashOf(password string) string { return fmt.Sprintf("%X", sha1.Sum([]byte(password))) }

// pwned is a service by the protocol of Pwned Passwords that knows some passwords, and
// does what it is told instead.
type pwned struct {
	*httptest.Server
	known []string

	mu      sync.Mutex
	instead http.HandlerFunc
	asked   []*http.Request
}

func newPwned(t *testing.T, known ...string) *pwned {
	t.Helper()
	p := &pwned{known: known}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	t.Cleanup(p.CloseClientConnections)
	return p
}

func (p *pwned) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.asked = append(p.asked, r)
	instead := p.instead
	p.mu.Unlock()
	if instead != nil {
		instead(w, r)
		return
	}
	p.answer(w, r)
}

// answer writes the range that is asked for.
func (p *pwned) answer(w io.Writer, r *http.Request) {
	prefix := strings.TrimPrefix(r.URL.Path, "/range/")
	rows := []string{fmt.Sprintf("%035X:0", 1), fmt.Sprintf("%035X:4", 2)}
	for i, known := range p.known {
		if h := hashOf(known); h[:5] == prefix {
			rows = append(rows, h[5:]+":"+strconv.Itoa(i+1))
		}
	}
	slices.Sort(rows)
	_, _ = io.WriteString(w, strings.Join(rows, "\r\n"))
}

// does has it do something else; nil is what it did.
func (p *pwned) does(instead http.HandlerFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.instead = instead
}

func (p *pwned) requests() []*http.Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.asked)
}

// troubles are services that are none.
var troubles = map[string]http.HandlerFunc{
	"no answer": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	"too slow": func(w http.ResponseWriter, r *http.Request) {
		for i := 0; r.Context().Err() == nil; i++ {
			_, _ = fmt.Fprintf(w, "%035X:1\r\n", i)
			_ = http.NewResponseController(w).Flush()
			time.Sleep(50 * time.Millisecond)
		}
	},
	"503": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "later", http.StatusServiceUnavailable) },
	"garbage": func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "<!doctype html><title>Log in to the WLAN</title>")
	},
	"empty": func(http.ResponseWriter, *http.Request) {},
	"endless": func(w http.ResponseWriter, r *http.Request) {
		for block := strings.Repeat(fmt.Sprintf("%035X:1\r\n", 7), 1000); r.Context().Err() == nil; {
			if _, err := io.WriteString(w, block); err != nil {
				return
			}
		}
	},
	"hung up": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
}

// A service that is none costs no registration where failures are accepted, and the log
// says how many were not looked up.
func TestServiceAwayAccepted_T1_T2(t *testing.T) {
	t.Parallel()
	p := newPwned(t, stolenPassword)
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		for name, trouble := range troubles {
			newcomer := testenv.Newcomer()
			p.does(trouble)
			a := testenv.Post(t, s.URL(), registerRequest(newcomer))
			mustSay(t, a, "register")
			if n := count(t, s, `SELECT count(*) FROM registrations WHERE email_key = $1`, newcomer.Email); n != 1 {
				t.Errorf("%s: %d registrations", name, n)
			}
			mustNotTell(t, s, newcomer.Password)
		}
		if log := s.Log(); !strings.Contains(log, "new passwords were taken without looking") || !strings.Contains(log, `"count":1`) {
			t.Error("the log does not say so")
		}
	}, "BREACHED_PASSWORDS="+p.URL+"/range/")
}

// Where they are refused it is UNAVAILABLE, for as long as the service is away and no
// longer; logins go on.
func TestServiceAwayRefused_T1_T2(t *testing.T) {
	t.Parallel()
	for stack, start := range map[string]func(testing.TB, ...string) *testenv.Stack{"embedded": testenv.Embedded, "production": testenv.Production} {
		t.Run(stack, func(t *testing.T) {
			t.Parallel()
			p := newPwned(t, stolenPassword)
			s := start(t, "BREACHED_PASSWORDS="+p.URL+"/range/", "BREACHED_FAILURE=refuse")
			ada := s.Join(t)
			token := resetToken(t, s, ada)
			for name, trouble := range troubles {
				p.does(trouble)
				for what, r := range map[string]testenv.Request{
					"register":       registerRequest(testenv.Newcomer()),
					"changePassword": asking("changePassword", ada.Access, ada.Client, "currentPassword", ada.Password, "newPassword", "a fine new horse of "+testenv.Username()),
					"resetPassword":  asking("resetPassword", "", ada.Client, "token", token, "newPassword", "a fine new horse of "+testenv.Username()),
				} {
					if what != "register" && name != "503" {
						continue // one is as another, and changes are limited
					}
					a, err := testenv.TryPost(s.URL(), r)
					if err != nil || a.Code() != "UNAVAILABLE" || a.Errors[0].Extensions.RetryAfter < 1 {
						t.Errorf("%s: %s: %s, %v", name, what, a.Body, err)
					}
				}
				if got := s.Login(t, ada); got.Tokens == nil {
					t.Errorf("%s: login: %+v", name, got)
				}
			}
			page := exchange(t, http.MethodPost, s.URL()+"/email/reset-password", formOf("token", token, "email", ada.Email, "do", "make"),
				"Content-Type", "application/x-www-form-urlencoded", "Accept", "application/json")
			if page.status != http.StatusServiceUnavailable || !strings.Contains(page.body, "UNAVAILABLE") {
				t.Errorf("the page: %d %s", page.status, page.body)
			}
			newcomer := testenv.Newcomer()
			mustPrint(t, s, newcomer.Password+"\n", 1, []string{"stolen passwords: "}, "user", "create", "--email", newcomer.Email, "--username", newcomer.Username)
			p.does(nil)
			setEverywhere(t, s, stolenPassword)
			mustNotTell(t, s, stolenPassword, ada.Password, newcomer.Password)
		})
	}
}

// What leaves the machine are five hexadecimal digits of a hash, by whatever way a password
// is set; nothing leaves it at a login, nor for what is refused anyhow; and whether an
// address has an account does not show.
func TestWhatLeaves_C2_C3_T2(t *testing.T) {
	t.Parallel()
	for stack, start := range map[string]func(testing.TB, ...string) *testenv.Stack{"embedded": testenv.Embedded, "production": testenv.Production} {
		t.Run(stack, func(t *testing.T) {
			t.Parallel()
			p := newPwned(t, stolenPassword, stolenComposed)
			s := start(t, "BREACHED_PASSWORDS="+p.URL+"/range/", "BREACHED_FAILURE=refuse")
			ada := s.Join(t)
			setEverywhere(t, s, stolenPassword)
			setEverywhere(t, s, stolenOtherwise)
			digits, headers := regexp.MustCompile(`^/range/[0-9A-F]{5}$`), []string{"Accept-Encoding", "Add-Padding", "User-Agent"}
			for _, r := range p.requests() {
				sent := []string{}
				for name := range r.Header {
					sent = append(sent, name)
				}
				slices.Sort(sent)
				if r.Method != http.MethodGet || !digits.MatchString(r.RequestURI) || r.ContentLength != 0 || !slices.Equal(sent, headers) {
					t.Errorf("asked %s %s with %d bytes and %v", r.Method, r.RequestURI, r.ContentLength, r.Header)
				}
				if r.Header.Get("Add-Padding") != "true" || r.Header.Get("User-Agent") != "Latchkey/dev" {
					t.Errorf("with %v", r.Header)
				}
			}

			before := len(p.requests())
			if before == 0 {
				t.Fatal("nobody asked")
			}
			s.Login(t, keepsStolen(t, s, stolenPassword))
			s.Login(t, ada)
			mustSay(t, testenv.Post(t, s.URL(), loginRequest(ada.Username, "wrong "+testenv.Username(), testenv.ClientAddress())), "login", "INVALID_CREDENTIALS")
			for wrong, password := range map[string]string{"PASSWORD_TOO_SHORT": "short", "PASSWORD_TOO_COMMON": "password1", "PASSWORD_INVALID": "a\ttab in it", "PASSWORD_TOO_LONG": times(129, "x")} {
				junk := testenv.Newcomer()
				junk.Password = password
				mustSay(t, testenv.Post(t, s.URL(), registerRequest(junk)), "register", wrong)
				mustSay(t, testenv.Post(t, s.URL(), asking("changePassword", ada.Access, ada.Client, "currentPassword", ada.Password, "newPassword", password)), "changePassword", wrong)
			}
			junk := testenv.Newcomer()
			junk.Email = "no address"
			mustSay(t, testenv.Post(t, s.URL(), registerRequest(junk)), "register", "EMAIL_INVALID")
			junk = testenv.Newcomer()
			junk.Username = ada.Username
			mustSay(t, testenv.Post(t, s.URL(), registerRequest(junk)), "register", "USERNAME_TAKEN")
			mustSay(t, testenv.Post(t, s.URL(), asking("changePassword", ada.Access, ada.Client, "currentPassword", "wrong", "newPassword", "new "+testenv.Username())), "changePassword", "WRONG_PASSWORD")
			mustSay(t, testenv.Post(t, s.URL(), asking("resetPassword", "", ada.Client, "token", "lko_x", "newPassword", "new "+testenv.Username())), "resetPassword", "TOKEN_INVALID")
			if n := len(p.requests()); n != before {
				t.Errorf("%d calls for what is refused anyhow, or logs in", n-before)
			}

			// An address with an account and one without: the same call, and the same answer.
			for _, stolen := range []bool{true, false} {
				answers := map[string]string{}
				for which, email := range map[string]string{"taken": ada.Email, "free": testenv.Address()} {
					newcomer := testenv.Newcomer()
					if newcomer.Email = email; stolen {
						newcomer.Password = unasked(t, p)
					}
					before := len(p.requests())
					a := testenv.Post(t, s.Replicas[0].URL, registerRequest(newcomer))
					answers[which] = strings.ReplaceAll(fmt.Sprint(a.Status, " ", string(a.Body), " calls: ", len(p.requests())-before), email, "X")
				}
				if answers["taken"] != answers["free"] || !strings.Contains(answers["free"], "calls: 1") {
					t.Errorf("stolen %v: a taken address answers %s, a free one %s", stolen, answers["taken"], answers["free"])
				}
				if got := strings.Contains(answers["free"], "PASSWORD_BREACHED"); got != stolen {
					t.Errorf("stolen %v: %s", stolen, answers["free"])
				}
			}
		})
	}
}

// unasked has p know one more password, which nobody has asked it for.
func unasked(t *testing.T, p *pwned) string {
	t.Helper()
	for {
		password := "a stolen horse of " + testenv.Username()
		if !slices.ContainsFunc(p.requests(), func(r *http.Request) bool { return r.URL.Path == "/range/"+hashOf(password)[:5] }) {
			p.mu.Lock()
			p.known = append(slices.Clone(p.known), password)
			p.mu.Unlock()
			return password
		}
	}
}

// Fifty who bring the same password at once have the service asked once, and a sprayer
// has it asked no more often than they may register.
func TestCallsAreFew_C6_T2(t *testing.T) {
	t.Parallel()
	for stack, start := range map[string]func(testing.TB, ...string) *testenv.Stack{"embedded": testenv.Embedded, "production": testenv.Production} {
		t.Run(stack, func(t *testing.T) {
			t.Parallel()
			p := newPwned(t, stolenPassword)
			s := start(t, "BREACHED_PASSWORDS="+p.URL+"/range/", "BREACHED_FAILURE=refuse")
			for _, a := range togetherUntilServed(t, 50, func(int) string { return s.Replicas[0].URL }, func(int) testenv.Request {
				newcomer := testenv.Newcomer()
				newcomer.Password = stolenPassword
				return registerRequest(newcomer)
			}) {
				mustSay(t, a, "register", "PASSWORD_BREACHED")
			}
			if n := len(p.requests()); n != 1 {
				t.Errorf("%d calls for fifty at once", n)
			}
			client, refused := testenv.ClientAddress(), 0
			for range mailCalls + 20 {
				newcomer := testenv.Newcomer()
				newcomer.Client, newcomer.Password = client, unasked(t, p)
				a := testenv.Post(t, s.URL(), registerRequest(newcomer))
				if a.Code() == "RATE_LIMITED" {
					refused++
					continue
				}
				mustSay(t, a, "register", "PASSWORD_BREACHED")
			}
			if n := len(p.requests()) - 1; n+refused != mailCalls+20 || refused == 0 {
				t.Errorf("%d calls, %d refused", n, refused)
			}

			// Who has a link of their own is limited too.
			ada := s.Join(t)
			token, before := resetToken(t, s, ada), len(p.requests())
			tries := 0
			for ; tries < 200; tries++ {
				a := testenv.Post(t, s.URL(), asking("resetPassword", "", testenv.ClientAddress(), "token", token, "newPassword", unasked(t, p)))
				if a.Code() == "RATE_LIMITED" {
					break
				}
				mustSay(t, a, "resetPassword", "PASSWORD_BREACHED")
			}
			if n := len(p.requests()) - before; n != tries || tries > 2*mailCalls {
				t.Errorf("%d calls for %d tries", n, tries)
			}
		})
	}
}

// The command makes a list of a dump, whole or not at all, and names the line that is wrong.
func TestBreachesBuild_T1(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	lines := []string{}
	for i, p := range []string{stolenPassword, "seen seldom, horse", "password"} {
		lines = append(lines, fmt.Sprintf("%s:%d\r\n", hashOf(p), map[int]int{0: 10, 1: 9, 2: 10434004}[i]))
	}
	slices.Sort(lines)
	if err := os.WriteFile(at("pwned.txt"), []byte(strings.Join(lines, "")), 0o600); err != nil {
		t.Fatal(err)
	}
	mustRun := func(want int, says, stdin string, args ...string) string {
		t.Helper()
		out, errOut, code := testenv.Command(t, dir, stdin, nil, append([]string{"breaches", "build"}, args...)...)
		if code != want || !strings.Contains(errOut, says) {
			t.Fatalf("%v: exit code %d, %s; want %d, %q", args, code, errOut, want, says)
		}
		return out
	}
	printed := mustRun(0, "3 lines: 2 passwords in the list", "", "pwned.txt", "--min-count", "10")
	if out := mustRun(0, "2 passwords", "", "--min-count", "10", "pwned.txt", "-o", "breaches.lkb"); out != "" {
		t.Errorf("it prints %q", cut(out))
	}
	if again := mustRun(0, "2 passwords", strings.Join(lines, ""), "-", "--min-count=10"); again != printed {
		t.Error("another list from standard input")
	}
	made, err := os.ReadFile(at("breaches.lkb"))
	if err != nil || string(made) != printed {
		t.Errorf("-o makes another list: %v", err)
	}

	mustRun(1, "line 3: it is not 40 hexadecimal digits", strings.Join(lines[:2], "")+"x\n", "-", "-o", "breaches.lkb")
	mustRun(1, "line 3: its hash does not come after", strings.Join(append(lines[:2:2], lines[0]), ""), "-", "-o", "breaches.lkb")
	mustRun(1, "there is no line in it", "", "-", "-o", "breaches.lkb")
	mustRun(1, "was not written", "", "pwned.txt", "-o", "nowhere/breaches.lkb")
	mustRun(2, "there is no file", "", "nothing.txt")
	mustRun(2, "name one file", "")
	mustRun(2, "min-count", "", "pwned.txt", "--min-count", "-1")
	if now, err := os.ReadFile(at("breaches.lkb")); err != nil || string(now) != printed {
		t.Error("what failed left another list", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 2 {
		t.Errorf("it leaves %v, %v", left, err)
	}

	// A server takes it, and refuses one that is damaged, by name.
	s := testenv.Embedded(t, "BREACHED_PASSWORDS="+at("breaches.lkb"))
	newcomer := testenv.Newcomer()
	newcomer.Password = stolenPassword
	mustSay(t, testenv.Post(t, s.URL(), registerRequest(newcomer)), "register", "PASSWORD_BREACHED")
	newcomer.Password = "seen seldom, horse"
	mustSay(t, testenv.Post(t, s.URL(), registerRequest(newcomer)), "register")

	// Another list takes its place beneath the running server, which a restart reads.
	mustRun(0, "3 passwords", "", "pwned.txt", "-o", "breaches.lkb")
	another := testenv.Newcomer()
	another.Password = "seen seldom, horse"
	mustSay(t, testenv.Post(t, s.URL(), registerRequest(another)), "register")
	s.Restart(t, 0)
	another = testenv.Newcomer()
	another.Password = "seen seldom, horse"
	mustSay(t, testenv.Post(t, s.URL(), registerRequest(another)), "register", "PASSWORD_BREACHED")

	for name, content := range map[string]string{"cut.lkb": printed[:len(printed)-1], "other.lkb": strings.Join(lines, "")} {
		if err := os.WriteFile(at(name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		server := testenv.Launch(t, "", "BREACHED_PASSWORDS="+at(name))
		if code := server.Wait(t, patience); code != 1 || !strings.Contains(server.Log(), at(name)) || !strings.Contains(server.Log(), "BREACHED_PASSWORDS") {
			t.Errorf("%s: exit code %d\n%s", name, code, server.Log())
		}
	}
	server := testenv.Launch(t, "", "BREACHED_PASSWORDS="+at("nothing.lkb"))
	if code := server.Wait(t, patience); code != 2 || !strings.Contains(server.Log(), "BREACHED_PASSWORDS: must be off, hibp") {
		t.Errorf("exit code %d\n%s", code, server.Log())
	}
}

// The doctor says what the list is, and what its absence costs.
func TestDoctorBreaches_T1(t *testing.T) {
	t.Parallel()
	s := testenv.Embedded(t)
	p := newPwned(t, "password")
	list := testenv.StolenList(t, stolenPassword, "password")
	whole, err := os.ReadFile(list)
	if err != nil {
		t.Fatal(err)
	}
	whole[16] ^= 1 // of the first password
	damaged := filepath.Join(t.TempDir(), "damaged.lkb")
	if err := os.WriteFile(damaged, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(t.TempDir(), "cut.lkb")
	if err := os.WriteFile(cut, whole[:100], 0o600); err != nil {
		t.Fatal(err)
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for name, tt := range map[string]struct{ list, failure, want, says string }{
		"off":                      {"off", "accept", "ok", "not looked up"},
		"a file":                   {list, "accept", "ok", "has 2 passwords and is whole"},
		"damaged passwords":        {damaged, "accept", "warn", "is damaged"},
		"damaged, and refused":     {damaged, "refuse", "fail", "is damaged"},
		"cut off":                  {cut, "accept", "fail", "is damaged"},
		"a service":                {p.URL + "/range/", "refuse", "ok", "answers in"},
		"no service":               {gone.URL + "/range/", "accept", "warn", "connection refused"},
		"no service, and refused":  {gone.URL + "/range/", "refuse", "fail", "nobody registers"},
		"something else's service": {s.Replicas[0].URL + "/range/", "refuse", "fail", "it answers 404"},
	} {
		got, all := examine(t, s, s.Replicas[0].Dir, "BREACHED_PASSWORDS="+tt.list, "BREACHED_FAILURE="+tt.failure)
		said := ""
		for _, f := range all {
			if f.Check == "breaches" {
				said += f.Text + f.Advice
			}
		}
		if got["breaches"] != tt.want || !strings.Contains(said, tt.says) {
			t.Errorf("%s: %s, %q; want %s, %q", name, got["breaches"], said, tt.want, tt.says)
		}
	}
}
