package mail

import (
	"crypto/x509"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"latchkey/internal/testenv"
)

// Check goes as far as a mail would: it finds a wrong password, an untrusted
// certificate, a server that is away and one that does not speak TLS there.
func TestCheck_R3(t *testing.T) {
	server, full := testenv.Mailpit(t), testenv.MailpitTLS(t)
	pem, err := os.ReadFile(server.CA)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	for _, c := range []struct {
		name, addr, password string
		tls                  TLS
		roots                *x509.CertPool
		want                 string // "": no error
	}{
		{"starttls", server.SMTP, server.Password, StartTLS, roots, ""},
		{"tls", full.SMTP, full.Password, FullTLS, roots, ""},
		{"wrong password", server.SMTP, "wrong", StartTLS, roots, "at the login"},
		{"nobody's certificate", server.SMTP, server.Password, StartTLS, x509.NewCertPool(), "its certificate is not trusted"},
		{"tls where it is starttls", server.SMTP, server.Password, FullTLS, roots, "it does not speak TLS there"},
		{"nobody there", "127.0.0.1:1", server.Password, StartTLS, roots, "connection refused"},
	} {
		s := smtpTo(t, c.addr, c.roots, func(config *SMTPConfig) {
			config.Username, config.Password, config.TLS, config.Timeout = server.User, c.password, c.tls, 5*time.Second
		})
		err := s.Check(t.Context())
		if c.want == "" && err != nil || c.want != "" && (!errors.Is(err, ErrUnreachable) || !strings.HasSuffix(err.Error(), c.want)) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
}
