package testenv

import (
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// OwnMailpit gives the replicas that are added from now on a mail server of this
// test's own, for what would disturb the others or has to be seen on the wire: it
// speaks neither TLS nor wants a login. It ends with the test.
func (s *Stack) OwnMailpit(t testing.TB) *Mail {
	t.Helper()
	smtp, api := FreePort(t), FreePort(t)
	//lint:ignore G204 a test chooses what it starts
	keep(t, exec.Command(Need(t, "TEST_MAILPIT_PROGRAM"), "--smtp", "127.0.0.1:"+smtp, "--listen", "127.0.0.1:"+api,
		"--database", filepath.Join(t.TempDir(), "mailpit.db"), "--max", "0", "--smtp-disable-rdns", "--disable-version-check", "--enable-chaos"))
	s.mailpit = &Mail{API: "http://127.0.0.1:" + api, SMTP: "127.0.0.1:" + smtp}
	s.Env = append(s.Env, "MAIL_SERVER=127.0.0.1", "MAIL_PORT="+smtp, "MAIL_TLS=none", "MAIL_USERNAME=", "MAIL_PASSWORD=")
	Await(t, time.Minute, "mailpit to answer", func() bool {
		res, err := http.Get(s.mailpit.API + "/livez")
		if err != nil {
			return false
		}
		_ = res.Body.Close()
		c, err := net.Dial("tcp", s.mailpit.SMTP)
		if err != nil {
			return false
		}
		_ = c.Close()
		return res.StatusCode == http.StatusOK
	})
	return s.mailpit
}

// Answer has a server of OwnMailpit answer every recipient with this code, or take
// them all with 0.
func (m *Mail) Answer(t testing.TB, code int) {
	t.Helper()
	trigger := `{}`
	if code != 0 {
		trigger = fmt.Sprintf(`{"ErrorCode": %d, "Probability": 100}`, code)
	}
	req, err := http.NewRequest(http.MethodPut, m.API+"/api/v1/chaos", strings.NewReader(`{"Recipient": `+trigger+`}`))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		t.Fatalf("mailpit's chaos: %s", res.Status)
	}
}
