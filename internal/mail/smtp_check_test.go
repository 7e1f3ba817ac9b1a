package mail

import (
	"crypto/x509"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

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
		{"wrong password", server.SMTP, "wrong", StartTLS, roots, "wrong user or password: answered 535 at the login"},
		{"nobody's certificate", server.SMTP, server.Password, StartTLS, x509.NewCertPool(), "its certificate is not trusted: the authority is unknown"},
		{"tls where it is starttls", server.SMTP, server.Password, FullTLS, roots, "it does not speak TLS there"},
		{"nobody there", "127.0.0.1:1", server.Password, StartTLS, roots, "connection refused"},
	} {
		s := smtpTo(t, c.addr, c.roots, func(config *SMTPConfig) {
			config.Username, config.Password, config.TLS, config.Timeout = server.User, c.password, c.tls, 5*time.Second
		})
		err := s.Check(t.Context(), "auth@latchkey.example")
		if c.want == "" && err != nil || c.want != "" && (!errors.Is(err, ErrUnreachable) || err.Error() != "mail server unreachable: "+c.addr+": "+c.want) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
}

// It goes on to what a mail begins with: a server that greets and then refuses
// everybody is of no use.
func TestCheckRefused_R3(t *testing.T) {
	f := newFaulty(t)
	answer := &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "no <ada@example.org>"}
	for name, c := range map[string]struct {
		faults faults
		want   error
		text   string
	}{
		"nothing":       {faults{}, nil, ""},
		"the sender":    {faults{mail: answer}, ErrUnreachable, "mail server unreachable: " + f.addr + ": answered 554 at MAIL FROM"},
		"the recipient": {faults{rcpt: answer}, ErrRefused, "refused: " + f.addr + ": answered 554 at RCPT TO"},
	} {
		f.set(c.faults)
		err := smtpTo(t, f.addr, f.roots, nil).Check(t.Context(), "auth@latchkey.example")
		if !errors.Is(err, c.want) || err != nil && err.Error() != c.text {
			t.Errorf("it refuses %s: %v, want %q", name, err, c.text)
		}
	}
}
