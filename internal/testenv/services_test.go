package testenv

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/smtp"
	"net/url"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
)

// failing records what a test would have failed with.
type failing struct {
	testing.TB
	message string
}

func (f *failing) Helper() {}

func (f *failing) Fatalf(format string, args ...any) {
	f.message = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func TestNeed_Missing(t *testing.T) {
	t.Setenv("TEST_NOTHING", "")
	f := &failing{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		Need(f, "TEST_NOTHING")
	}()
	<-done
	if want := "TEST_NOTHING is not set: run ./test"; !strings.HasPrefix(f.message, want) {
		t.Errorf("failed with %q, want it to begin with %q", f.message, want)
	}
}

func TestPostgresServer(t *testing.T) {
	conn, err := pgx.Connect(t.Context(), Need(t, "TEST_POSTGRES"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	var version int
	var superuser string
	row := conn.QueryRow(t.Context(), `SELECT current_setting('server_version_num')::int, current_setting('is_superuser')`)
	if err := row.Scan(&version, &superuser); err != nil {
		t.Fatal(err)
	}
	if version < 150000 || superuser != "on" {
		t.Errorf("version %d, superuser %s; want 150000 or more, on", version, superuser)
	}
}

func TestRedisServer(t *testing.T) {
	o, err := redis.ParseURL(Need(t, "TEST_REDIS"))
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClient(o)
	defer c.Close()
	if err := c.Ping(t.Context()).Err(); err != nil {
		t.Error(err)
	}
}

func TestRedisSentinel(t *testing.T) {
	o, err := redis.ParseFailoverURL(Need(t, "TEST_REDIS_SENTINEL"))
	if err != nil {
		t.Fatal(err)
	}
	// Asked of Sentinel itself: another package's test may be failing over at the moment.
	c := redis.NewSentinelClient(&redis.Options{Addr: o.SentinelAddrs[0]})
	defer c.Close()
	replicas, err := c.Replicas(t.Context(), o.MasterName).Result()
	if err != nil || len(replicas) != 1 {
		t.Errorf("replicas of %s: %v, %v; want one", o.MasterName, replicas, err)
	}
}

func TestRedisCluster(t *testing.T) {
	o, err := redis.ParseClusterURL(Need(t, "TEST_REDIS_CLUSTER"))
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClusterClient(o)
	defer c.Close()
	if err := c.Set(t.Context(), "testenv", "1", 0).Err(); err != nil {
		t.Error(err)
	}
	err = c.Eval(t.Context(), `return redis.call("EXISTS", KEYS[1], KEYS[2])`, []string{"a", "b"}).Err()
	if err == nil || !strings.Contains(err.Error(), "CROSSSLOT") {
		t.Errorf("a script over two slots: %v, want CROSSSLOT", err)
	}
}

func TestMailpit(t *testing.T) {
	m := Mailpit(t)
	c, err := smtp.Dial(m.SMTP)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.StartTLS(trust(t, m)); err != nil {
		t.Fatal(err)
	}
	deliver(t, c, m)
}

func TestMailpitTLS(t *testing.T) {
	m := MailpitTLS(t)
	conn, err := tls.Dial("tcp", m.SMTP, trust(t, m))
	if err != nil {
		t.Fatal(err)
	}
	c, err := smtp.NewClient(conn, "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	deliver(t, c, m)
}

// trust returns a configuration that trusts nothing but m's certificate.
func trust(t *testing.T, m Mail) *tls.Config {
	t.Helper()
	pem, err := os.ReadFile(m.CA)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		t.Fatalf("no certificate in %s", m.CA)
	}
	return &tls.Config{RootCAs: pool, ServerName: "127.0.0.1"}
}

// deliver sends one mail, which is refused before AUTH and taken after it, and
// looks for it through the API.
func deliver(t *testing.T, c *smtp.Client, m Mail) {
	t.Helper()
	defer c.Close()
	if err := c.Mail("from@example.test"); err == nil {
		t.Error("MAIL was accepted without AUTH")
	}
	host, _, err := net.SplitHostPort(m.SMTP)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Auth(smtp.PlainAuth("", m.User, m.Password, host)); err != nil {
		t.Fatal(err)
	}
	to := strings.ToLower(t.Name()) + "@example.test"
	if err := c.Mail("from@example.test"); err != nil {
		t.Fatal(err)
	}
	if err := c.Rcpt(to); err != nil {
		t.Fatal(err)
	}
	w, err := c.Data()
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(w, "From: <from@example.test>\r\nTo: <%s>\r\nSubject: hello\r\n\r\nhello\r\n", to)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}

	res, err := http.Get(m.API + "/api/v1/search?query=" + url.QueryEscape("to:"+to))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var found struct {
		Messages []struct{ Subject string }
	}
	if err := json.NewDecoder(res.Body).Decode(&found); err != nil {
		t.Fatal(err)
	}
	if len(found.Messages) == 0 || found.Messages[0].Subject != "hello" {
		t.Errorf("the API found %v, want one mail with the subject hello", found.Messages)
	}
}
