package testenv

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"latchkey/internal/db"
)

// Stack is the service as its users meet it, in one of the two ways to run it.
type Stack struct {
	Replicas []*Process
	Env      []string // of each replica; of several values of a name the last counts
	Plain    bool     // without the race detector: for tests that measure
	next     atomic.Int64
	mailpit  *Mail // nil where mail stays in the inbox
	opened   sync.Once
	database db.DB // what DB returns
}

// NewEmbedded describes one server on nothing but its own folder: SQLite and the
// development inbox. More settings go before the defaults. Add starts it.
func NewEmbedded(t testing.TB, env ...string) *Stack {
	t.Helper()
	return &Stack{Env: append([]string{"TRUSTED_PROXIES=127.0.0.1"}, env...)}
}

// NewProduction describes replicas in production mode on an empty, migrated
// PostgreSQL database, Redis and a mail server with STARTTLS and a login. More settings go
// before the defaults, and an empty one is as good as none: without DATABASE_URL
// it is SQLite in production. Add starts a replica.
func NewProduction(t testing.TB, env ...string) *Stack {
	t.Helper()
	mailpit := Mailpit(t)
	host, port, _ := strings.Cut(mailpit.SMTP, ":")
	if !slices.ContainsFunc(env, func(v string) bool { return strings.HasPrefix(v, "DATABASE_URL=") }) {
		env = append([]string{"DATABASE_URL=" + MigratedURL(t)}, env...)
	}
	return &Stack{mailpit: &mailpit, Env: append([]string{
		"LATCHKEY_ENV=production", "REDIS_URL=" + Need(t, "TEST_REDIS"),
		"SECRET_KEY=" + rand.Text() + rand.Text(), "PUBLIC_URL=http://localhost:8080", "TRUSTED_PROXIES=127.0.0.1",
		"MAIL_SERVER=" + host, "MAIL_PORT=" + port, "MAIL_USERNAME=" + mailpit.User, "MAIL_PASSWORD=" + mailpit.Password,
		"MAIL_FROM=auth@latchkey.example", "SSL_CERT_FILE=" + mailpit.CA,
	}, env...)}
}

// Embedded is NewEmbedded, started and ready.
func Embedded(t testing.TB, env ...string) *Stack {
	t.Helper()
	s := NewEmbedded(t, env...)
	s.Add(t)
	s.AwaitReady(t)
	return s
}

// Production is NewProduction with two replicas, started at once and ready.
func Production(t testing.TB, env ...string) *Stack {
	t.Helper()
	s := NewProduction(t, env...)
	s.Add(t)
	s.Add(t)
	s.AwaitReady(t)
	return s
}

// Add launches one more replica and does not wait for it.
func (s *Stack) Add(t testing.TB) *Process {
	t.Helper()
	return s.AddIn(t, "")
}

// AddIn is Add in a folder that is there.
func (s *Stack) AddIn(t testing.TB, dir string) *Process {
	t.Helper()
	p := s.launch(t, dir, FreePort(t))
	s.Replicas = append(s.Replicas, p)
	return p
}

// Restart ends a replica like a power cut, if it still runs, launches it anew in
// its folder and on its port, and waits until it is ready.
func (s *Stack) Restart(t testing.TB, i int) {
	t.Helper()
	old := s.Replicas[i]
	old.Kill()
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(old.URL, "http://"))
	s.Replicas[i] = s.launch(t, old.Dir, port)
	s.Replicas[i].AwaitReady(t)
}

func (s *Stack) launch(t testing.TB, dir, port string) *Process {
	t.Helper()
	program := binary
	if s.Plain {
		program = plain
	}
	return launch(t, program, dir, port, s.Env)
}

// AwaitReady waits until all replicas are.
func (s *Stack) AwaitReady(t testing.TB) {
	t.Helper()
	for _, p := range s.Replicas {
		p.AwaitReady(t)
	}
}

// Setting is the value of a name in Env, or "".
func (s *Stack) Setting(name string) string {
	for _, v := range slices.Backward(s.Env) {
		if value, ok := strings.CutPrefix(v, name+"="); ok {
			return value
		}
	}
	return ""
}

// DB is the database that the replicas work on: directly, whatever stands
// between it and them.
func (s *Stack) DB(t testing.TB) db.DB {
	t.Helper()
	s.opened.Do(func() {
		var err error
		if url := s.Setting("DATABASE_URL"); url != "" {
			s.database, err = db.OpenPostgres(t.Context(), direct(url))
		} else {
			data := cmp.Or(s.Setting("DATA_DIR"), filepath.Join(s.Replicas[0].Dir, "data"))
			s.database, err = db.OpenSQLite(filepath.Join(data, "latchkey.db"))
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.database.Close)
	})
	return s.database
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

// Address is one that no other test uses.
func Address() string { return strings.ToLower(rand.Text()) + "@example.org" }

// Username is one that no other test uses.
func Username() string { return "u" + strings.ToLower(rand.Text()[:20]) }

// ClientAddress is an IPv4 address of a client that no other test uses, for
// X-Forwarded-For; Redis counts for all tests together. It is not how its network is
// called, which the log has.
func ClientAddress() string {
	b := make([]byte, 3)
	_, _ = rand.Read(b)
	return fmt.Sprintf("10.%d.%d.%d", b[0], b[1], 1+b[2]%254)
}
