package e2e_test

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"latchkey/internal/testenv"
)

// Who forgets LATCHKEY_ENV behind a name that people reach is told so, and has no
// server, whose inbox would be every account.
func TestForgottenEnvironment_F5(t *testing.T) {
	t.Parallel()
	for _, env := range [][]string{nil, {"LATCHKEY_ENV=development"}} {
		env = append([]string{
			"PUBLIC_URL=https://auth.example.org", "TRUSTED_PROXIES=127.0.0.1", "HOST=127.0.0.1", "PORT=9", "GORACE=atexit_sleep_ms=0",
		}, env...)
		dir := t.TempDir()
		if message := mustNotStart(t, "a public name", dir, env, "PUBLIC_URL"); !strings.Contains(message, "LATCHKEY_ENV=production") {
			t.Errorf("the message does not say what to set:\n%s", message)
		}
		if out, message, code := testenv.Command(t, dir, "", env, "doctor"); code != 2 || !strings.Contains(message, "PUBLIC_URL") {
			t.Errorf("doctor: exit code %d:\n%s%s", code, out, message)
		}
	}
}

// The inbox and the explorer are for this machine: no proxy passes them on, and no
// other machine reads them.
func TestDevelopmentIsForThisMachine_F5(t *testing.T) {
	t.Parallel()
	s := testenv.NewEmbedded(t, "HOST=0.0.0.0")
	s.Add(t)
	s.AwaitReady(t)
	s.Register(t, testenv.Newcomer()) // whose link is in the inbox
	paths := []string{"/dev/mail", "/dev/mail.json", "/dev/mail/1"}
	refuses := func(what, base string, header ...string) {
		t.Helper()
		for _, path := range paths {
			if p := exchange(t, "GET", base+path, "", header...); p.status != http.StatusForbidden || strings.Contains(p.body, "lko_") {
				t.Errorf("%s, GET %s: got %d: %s", what, path, p.status, cut(p.body))
			}
		}
		if p := exchange(t, "GET", base+"/", "", header...); p.status != http.StatusOK || strings.Contains(p.body, "explorer") {
			t.Errorf("%s, the explorer: got %d: %s", what, p.status, cut(p.body))
		}
	}
	exchange(t, "GET", s.URL()+"/dev/mail.json", "").mustShow(t, http.StatusOK, "lko_")
	exchange(t, "GET", s.URL()+"/", "").mustShow(t, http.StatusOK, "explorer")
	for _, header := range [][]string{
		{"X-Forwarded-For", "203.0.113.9"}, {"X-Forwarded-For", "127.0.0.1"}, {"X-Forwarded-For", ""}, {"X-Forwarded-Host", "localhost"},
		{"X-Forwarded-Proto", "http"}, {"X-Real-IP", "127.0.0.1"}, {"Forwarded", "for=127.0.0.1"}, {"Via", "1.1 proxy"},
	} {
		refuses(strings.Join(header, ": "), s.URL(), header...)
	}
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(s.Replicas[0].URL, "http://"))
	asked := 0
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addresses {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Is4() && !p.Addr().IsLoopback() {
			refuses(a.String(), "http://"+net.JoinHostPort(p.Addr().String(), port))
			asked++
		}
	}
	if asked == 0 {
		t.Log("this machine has no address but loopback ones: none of another was tried")
	}
}

// The inbox survives a power cut, its links too, and is empty in production, where
// mails leave.
func TestInboxIsKept_F5(t *testing.T) {
	t.Parallel()
	testenv.EachStack(t, func(t *testing.T, s *testenv.Stack) {
		ada := testenv.Newcomer()
		token := s.Register(t, ada)
		if len(s.Replicas) > 1 {
			if kept := column(t, s, `SELECT id FROM inbox`); len(kept) != 0 {
				t.Errorf("production keeps %d mails", len(kept))
			}
			return
		}
		s.Restart(t, 0)
		if got := s.Mails(t, ada.Email); len(got) != 1 || testenv.LinkToken(t, got[0].Links[0]) != token {
			t.Errorf("after a restart there are %d mails", len(got))
		}
		a := testenv.Post(t, s.URL(), testenv.Request{Query: testenv.ConfirmOp, Variables: testenv.Input("token", token), Client: ada.Client})
		if a.Payload(t, "confirmEmail").Tokens == nil {
			t.Errorf("confirmEmail: %s", a.Body)
		}
	})
}

// A page under a stranger's name that was made to mean this machine (DNS rebinding)
// reads nothing of a server for development, its API included.
func TestRebinding_F5(t *testing.T) {
	t.Parallel()
	s := sharedEmbedded.use(t)
	for _, host := range []string{"evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.evil.example"} {
		for _, path := range []string{"/", "/dev/mail.json", "/readyz", "/livez", linkPath, "/.well-known/jwks.json", "/nowhere"} {
			if p := exchange(t, "GET", s.URL()+path, "", "Host", host); p.status != http.StatusMisdirectedRequest {
				t.Errorf("%s, GET %s: got %d: %s", host, path, p.status, cut(p.body))
			}
		}
		for path, body := range map[string]string{"/graphql": typenameBody, "/auth/token": "grant_type=password", linkPath: "do=confirm"} {
			if p := exchange(t, "POST", s.URL()+path, body, "Host", host, "Content-Type", "application/json"); p.status != http.StatusMisdirectedRequest {
				t.Errorf("%s, POST %s: got %d: %s", host, path, p.status, cut(p.body))
			}
		}
	}
}
