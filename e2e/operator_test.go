package e2e_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/internal/testenv"
)

type finding struct{ Check, Verdict, Text, Advice string }

// examine runs latchkey doctor with more settings than the stack's and returns
// the worst verdict of each check. The exit code must fit.
func examine(t *testing.T, s *testenv.Stack, dir string, more ...string) (worst map[string]string, all []finding) {
	t.Helper()
	began := time.Now()
	out, errOut, code := testenv.Command(t, dir, "", slices.Concat(s.Env, more), "doctor", "--json")
	if took := time.Since(began); took > 25*time.Second {
		t.Errorf("doctor took %v", took)
	}
	worst = map[string]string{}
	rank := map[string]int{"": 0, "ok": 1, "warn": 2, "fail": 3}
	for lines := bufio.NewScanner(strings.NewReader(out)); lines.Scan(); {
		var f finding
		if err := json.Unmarshal(lines.Bytes(), &f); err != nil {
			t.Fatalf("doctor: %v: %s", err, lines.Text())
		}
		if f.Text == "" || (f.Verdict == "ok") != (f.Advice == "") {
			t.Errorf("doctor: %+v", f)
		}
		if all = append(all, f); rank[f.Verdict] > rank[worst[f.Check]] {
			worst[f.Check] = f.Verdict
		}
	}
	want := 0
	if slices.ContainsFunc(all, func(f finding) bool { return f.Verdict == "fail" }) {
		want = 1
	}
	if code != want {
		t.Errorf("doctor: exit code %d, want %d\n%s%s", code, want, out, errOut)
	}
	for _, name := range []string{"SECRET_KEY", "MAIL_PASSWORD", "DATABASE_URL"} {
		if secret := s.Setting(name); secret != "" && strings.Contains(out+errOut, secret) {
			t.Errorf("doctor shows %s:\n%s%s", name, out, errOut)
		}
	}
	return worst, all
}

func mustFind(t *testing.T, what string, all []finding, got, want map[string]string) {
	t.Helper()
	if !maps.Equal(got, want) {
		t.Errorf("%s: got %v, want %v:\n%+v", what, got, want, all)
	}
}

// but is what a healthy stack is found to be, but for these.
func but(base map[string]string, pairs ...string) map[string]string {
	m := maps.Clone(base)
	for i := 0; i+1 < len(pairs); i += 2 {
		if m[pairs[i]] = pairs[i+1]; pairs[i+1] == "" {
			delete(m, pairs[i])
		}
	}
	return m
}

func TestDoctorEmbedded(t *testing.T) {
	t.Parallel()
	empty := t.TempDir()
	healthy := map[string]string{
		"configuration": "ok", "keys": "ok", "hashing": "ok", "breaches": "ok", "database": "ok", "factors": "ok", "outbox": "ok", "mail": "ok", "url": "ok", "browsers": "ok", "passkeys": "warn", "proxies": "ok", // at an address
	}
	s := testenv.Embedded(t)
	url := "PUBLIC_URL=" + s.Replicas[0].URL

	// Before the first start it says so, and makes nothing.
	got, all := examine(t, s, empty, "PUBLIC_URL=http://127.0.0.1:1")
	mustFind(t, "before the first start", all, got, but(healthy, "database", "warn", "factors", "", "outbox", "", "url", "warn"))
	if entries, err := os.ReadDir(empty); len(entries) > 0 || err != nil {
		t.Errorf("doctor made %v, %v", entries, err)
	}
	got, all = examine(t, s, s.Replicas[0].Dir, url)
	mustFind(t, "without an administrator", all, got, but(healthy, "database", "warn"))
	makeAdmin(t, s)
	got, all = examine(t, s, s.Replicas[0].Dir, url)
	mustFind(t, "healthy", all, got, healthy)

	got, all = examine(t, s, s.Replicas[0].Dir, url, "CORS_ORIGINS=https://app.example.com", "MAIL_SERVER=127.0.0.1", "MAIL_PORT=1")
	mustFind(t, "another site, no mail server", all, got, but(healthy, "browsers", "warn", "mail", "fail"))
	if err := os.Chmod(s.Replicas[0].Dir+"/data", 0o755); err != nil { //nolint:gosec // that is the point
		t.Fatal(err)
	}
	got, all = examine(t, s, s.Replicas[0].Dir, url)
	mustFind(t, "a folder that others read", all, got, but(healthy, "database", "warn"))
}

// A server that is away is found by name, and everything else is looked at all
// the same.
func TestDoctorProduction_R1_R2_R3(t *testing.T) {
	t.Parallel()
	s := testenv.NewProduction(t, "DATABASE_URL="+testenv.PostgresURL(t))
	postgres, redis, smtp := s.Through(t, "DATABASE_URL"), s.Through(t, "REDIS_URL"), s.Through(t, "MAIL_SERVER")
	healthy := map[string]string{ // an address of this machine in production is worth a word
		"configuration": "ok", "keys": "ok", "hashing": "ok", "breaches": "ok", "database": "ok", "factors": "ok", "outbox": "ok", "redis": "ok", "mail": "ok", "url": "ok", "browsers": "warn", "passkeys": "warn", "proxies": "ok",
	}
	dir := t.TempDir()
	got, all := examine(t, s, dir, "PUBLIC_URL=http://127.0.0.1:1")
	mustFind(t, "before the first start", all, got, but(healthy, "database", "warn", "factors", "", "outbox", "", "url", "warn"))
	s.Add(t)
	s.AwaitReady(t)
	makeAdmin(t, s)
	url := "PUBLIC_URL=" + s.Replicas[0].URL
	got, all = examine(t, s, dir, url)
	mustFind(t, "healthy", all, got, healthy)

	for _, how := range []string{"refuses", "hangs"} {
		for _, c := range []struct {
			proxy *testenv.Proxy
			check string
			gone  []string // what cannot be looked at then
		}{{postgres, "database", []string{"factors", "", "outbox", ""}}, {redis, "redis", nil}, {smtp, "mail", nil}} {
			fail, _ := outage(t, c.proxy, how)
			fail()
			got, all := examine(t, s, dir, url)
			mustFind(t, c.check+" "+how, all, got, but(healthy, append([]string{c.check, "fail"}, c.gone...)...))
			c.proxy.Reset(t)
		}
	}
	got, all = examine(t, s, dir, url, "MAIL_PASSWORD=wrong")
	mustFind(t, "a wrong password for mail", all, got, but(healthy, "mail", "fail"))
	host, port, _ := net.SplitHostPort(strings.TrimPrefix(s.Replicas[0].URL, "http://"))
	got, all = examine(t, s, dir, fmt.Sprintf("PUBLIC_URL=https://%s:%s", host, port), "TRUSTED_PROXIES=")
	mustFind(t, "https without a proxy", all, got, but(healthy, "browsers", "ok", "proxies", "warn", "url", "warn"))
}

type listedMail struct {
	ID, Kind, To, State, LastError string
	Tries                          int
}

// outbox is what latchkey mail list prints.
func outbox(t *testing.T, s *testenv.Stack, args ...string) (list []listedMail) {
	t.Helper()
	out := mustPrint(t, s, "", 0, nil, append([]string{"mail", "list", "--json"}, args...)...)
	for lines := bufio.NewScanner(strings.NewReader(out)); lines.Scan(); {
		var m listedMail
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			t.Fatalf("mail list: %v: %s", err, lines.Text())
		}
		list = append(list, m)
	}
	return list
}

// An operator sees what waits while the mail server is away, cancels one mail,
// and has one that was given up tried again.
func TestMailCommands_R3(t *testing.T) {
	t.Parallel()
	for name, settings := range map[string][]string{"sqlite": {"DATABASE_URL=", "REDIS_URL="}, "postgresql": nil} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := testenv.NewProduction(t, settings...)
			smtp := s.Through(t, "MAIL_SERVER")
			smtp.Refuse()
			s.Add(t)
			s.AwaitReady(t)
			mustPrint(t, s, "", 0, nil, "mail", "list")
			if list := outbox(t, s); len(list) > 0 {
				t.Errorf("an empty outbox lists %+v", list)
			}
			ada, bob := testenv.Newcomer(), testenv.Newcomer()
			for _, p := range []*testenv.Person{ada, bob} {
				mustSay(t, testenv.Post(t, s.URL(), registerRequest(p)), "register")
			}
			var list []listedMail
			testenv.Await(t, patience, "a try that failed", func() bool {
				list = outbox(t, s)
				return len(list) == 2 && list[0].LastError+list[1].LastError != ""
			})
			for i, p := range []*testenv.Person{ada, bob} {
				want := listedMail{ID: list[i].ID, Kind: "confirm_registration", To: p.Email, State: "waiting", LastError: list[i].LastError}
				if list[i] != want || want.LastError != "" && !strings.HasSuffix(want.LastError, "connection refused") {
					t.Errorf("listed %+v, want %+v", list[i], want)
				}
			}
			adas, bobs := list[0].ID, list[1].ID
			table := mustPrint(t, s, "", 0, []string{"ID", "LAST ERROR", adas, bob.Email, "connection refused"}, "mail", "list")
			if strings.Contains(table, "http") || strings.Contains(table, "lko_") {
				t.Errorf("mail list shows a link:\n%s", table)
			}

			mustPrint(t, s, "", 0, []string{bobs + " is deleted"}, "mail", "cancel", bobs)
			mustPrint(t, s, "", 1, []string{bobs + ": There is no such mail.", "1 of 1 not done"}, "mail", "cancel", bobs)
			mustPrint(t, s, "", 1, []string{"nonsense: ", "1 of 2 not done", adas + " is due now"}, "mail", "retry", "nonsense", adas)
			// As if it had waited for a day.
			if _, err := s.DB(t).Exec(t.Context(), `UPDATE outbox SET failed_at = created_at, dedupe = NULL WHERE id = $1`, adas); err != nil {
				t.Fatal(err)
			}
			if list := outbox(t, s, "--failed"); len(list) != 1 || list[0].ID != adas || list[0].State != "failed" {
				t.Errorf("given up: %+v", list)
			}
			mustPrint(t, s, "", 1, []string{"warn  outbox", "1 mail given up", "fail  mail", "latchkey: one check failed"}, "doctor")
			smtp.Pass(t)
			mustPrint(t, s, "", 0, []string{"1 due now"}, "mail", "retry", "--all")
			if list := outbox(t, s, "--failed"); len(list) > 0 {
				t.Errorf("still given up: %+v", list)
			}
			testenv.LinkToken(t, awaitMail(t, s, ada.Email, "Confirm your email", 0).Links[0])
			testenv.Await(t, mailWithin, "the outbox to be empty", func() bool { return len(outbox(t, s)) == 0 })
			if mails := s.Mails(t, bob.Email); len(mails) > 0 {
				t.Errorf("a mail that was cancelled arrived: %+v", mails)
			}
		})
	}
}
