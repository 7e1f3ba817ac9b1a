package testenv

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// Stack is the service as its users meet it, in one of the two ways to run it.
type Stack struct {
	Replicas []*Process
	Env      []string // of each replica
	next     atomic.Int64
	mailpit  *Mail // nil where mail stays in the inbox
}

// Embedded starts one server on nothing but its own folder: SQLite and the
// development inbox. More settings go before the defaults.
func Embedded(t testing.TB, env ...string) *Stack {
	t.Helper()
	env = append(env, "TRUSTED_PROXIES=127.0.0.1")
	return &Stack{Replicas: []*Process{Start(t, "", env...)}, Env: env}
}

// Production starts two replicas in production mode on PostgreSQL, Redis and a
// mail server with STARTTLS and a login.
func Production(t testing.TB, env ...string) *Stack {
	t.Helper()
	mailpit := Mailpit(t)
	host, port, _ := strings.Cut(mailpit.SMTP, ":")
	env = append(env,
		"LATCHKEY_ENV=production", "DATABASE_URL="+PostgresURL(t), "REDIS_URL="+Need(t, "TEST_REDIS"),
		"SECRET_KEY="+rand.Text()+rand.Text(), "PUBLIC_URL=http://localhost:8080", "TRUSTED_PROXIES=127.0.0.1",
		"MAIL_SERVER="+host, "MAIL_PORT="+port, "MAIL_USERNAME="+mailpit.User, "MAIL_PASSWORD="+mailpit.Password,
		"MAIL_FROM=auth@latchkey.example", "SSL_CERT_FILE="+mailpit.CA)
	s := &Stack{Env: env, mailpit: &mailpit}
	for range 2 {
		s.Replicas = append(s.Replicas, Launch(t, "", env...))
	}
	for _, p := range s.Replicas {
		p.AwaitReady(t)
	}
	return s
}

// EachStack runs f on both.
func EachStack(t *testing.T, f func(t *testing.T, s *Stack), env ...string) {
	t.Helper()
	t.Run("embedded", func(t *testing.T) { t.Parallel(); f(t, Embedded(t, env...)) })
	t.Run("production", func(t *testing.T) { t.Parallel(); f(t, Production(t, env...)) })
}

// URL is the base of the replica whose turn it is: requests alternate.
func (s *Stack) URL() string {
	return s.Replicas[int(s.next.Add(1))%len(s.Replicas)].URL
}

// Log is what all replicas wrote so far.
func (s *Stack) Log() string {
	var all strings.Builder
	for _, p := range s.Replicas {
		all.WriteString(p.Log())
	}
	return all.String()
}

// Inbound is a mail that arrived.
type Inbound struct {
	To, From, Subject, Text, HTML string
	Links                         []string // of the text part
}

// Mails returns what arrived for an address so far, the newest first.
func (s *Stack) Mails(t testing.TB, to string) []Inbound {
	t.Helper()
	var list []Inbound
	if s.mailpit == nil {
		getJSON(t, s.URL()+"/dev/mail.json?to="+url.QueryEscape(to), &list)
		return list
	}
	var found struct {
		Messages []struct{ ID string }
	}
	getJSON(t, s.mailpit.API+"/api/v1/search?limit=100&query="+url.QueryEscape(`to:"`+to+`"`), &found)
	for _, m := range found.Messages {
		var full struct {
			From struct{ Address string }
			To   []struct{ Address string }

			Subject, Text, HTML string
		}
		getJSON(t, s.mailpit.API+"/api/v1/message/"+m.ID, &full)
		list = append(list, Inbound{
			To: full.To[0].Address, From: full.From.Address, Subject: full.Subject, Text: full.Text, HTML: full.HTML,
			Links: links.FindAllString(full.Text, -1),
		})
	}
	return list
}

var links = regexp.MustCompile(`https?://[^\s<>"]+`)

// AwaitMails waits until at least n mails arrived for an address.
func (s *Stack) AwaitMails(t testing.TB, to string, n int) []Inbound {
	t.Helper()
	var list []Inbound
	Await(t, 20*time.Second, fmt.Sprintf("%d mails", n), func() bool {
		list = s.Mails(t, to)
		return len(list) >= n
	})
	return list
}

// LinkToken is the one-time token in a link.
func LinkToken(t testing.TB, link string) string {
	t.Helper()
	u, err := url.Parse(link)
	if err != nil || u.Query().Get("token") == "" {
		t.Fatalf("a link without a token")
	}
	return u.Query().Get("token")
}

// Address is one that no other test uses.
func Address() string { return strings.ToLower(rand.Text()) + "@example.org" }

// Username is one that no other test uses.
func Username() string { return "u" + strings.ToLower(rand.Text()[:20]) }

// ClientAddress is an IPv4 address of a client that no other test uses, for
// X-Forwarded-For; Redis counts for all tests together.
func ClientAddress() string {
	b := make([]byte, 3)
	_, _ = rand.Read(b)
	return fmt.Sprintf("10.%d.%d.%d", b[0], b[1], b[2])
}

func getJSON(t testing.TB, url string, into any) {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if err := json.NewDecoder(res.Body).Decode(into); err != nil {
		t.Fatalf("GET %s: %s: %v", url, res.Status, err)
	}
}
