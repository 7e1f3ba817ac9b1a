package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
)

// TLS is how a connection to the mail server is protected.
type TLS string

// The ways there are, as MAIL_TLS names them.
const (
	StartTLS TLS = "starttls" // from a plain connection; a server that does not offer it is unreachable
	FullTLS  TLS = "tls"      // from the first byte
	NoTLS    TLS = "none"     // never, with the password in the clear if the server knows nothing better
)

const (
	stepTimeout = 30 * time.Second // SMTPConfig.Timeout where that is 0
	quitTimeout = 2 * time.Second  // for the goodbye, when the mail is delivered already
)

// SMTPConfig names a mail server.
type SMTPConfig struct {
	Host     string
	Port     int
	Username string // "" is no login
	Password string
	TLS      TLS
	RootCAs  *x509.CertPool // nil: the system's
	Public   string         // the service's own host name, for EHLO and the end of Message-IDs
	Timeout  time.Duration  // bounds connecting up to the login, and again the conversation; 0 is 30 s
}

// SMTP sends through a mail server, each mail over a connection of its own.
type SMTP struct{ c SMTPConfig }

// NewSMTP checks c. It does not connect.
func NewSMTP(c SMTPConfig) (*SMTP, error) {
	if c.Host == "" || c.Port < 1 || c.Port > 65535 {
		return nil, errors.New("mail: no host and port of a mail server")
	}
	if c.TLS != StartTLS && c.TLS != FullTLS && c.TLS != NoTLS {
		return nil, fmt.Errorf("mail: no such TLS mode: %q", c.TLS)
	}
	if c.Public == "" {
		return nil, errors.New("mail: no public host name")
	}
	if ip, err := netip.ParseAddr(c.Public); err == nil { // an address is written as RFC 5321, 4.1.3 says
		c.Public = "[" + c.Public + "]"
		if ip.Is6() {
			c.Public = "[IPv6:" + ip.String() + "]"
		}
	}
	if c.Timeout == 0 {
		c.Timeout = stepTimeout
	}
	return &SMTP{c}, nil
}

// Send implements Sender.
func (s *SMTP) Send(ctx context.Context, m *Message) error {
	msg, err := s.message(m)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // closes the connection
	c, err := s.connect(ctx)
	if err != nil {
		return err
	}
	if err := c.client.SendWithSMTPClient(c.session, msg); err != nil {
		return conversationError(err)
	}
	c.quit() // it is delivered, whatever the server says now
	return nil
}

// at is where the server is, for people and for dialling.
func (s *SMTP) at() string { return net.JoinHostPort(s.c.Host, strconv.Itoa(s.c.Port)) }

// connection is a connection to the mail server that is logged in.
type connection struct {
	client  *gomail.Client
	session *smtp.Client
	conn    net.Conn
}

func (c *connection) quit() {
	_ = c.conn.SetDeadline(time.Now().Add(quitTimeout))
	_ = c.client.CloseWithSMTPClient(c.session)
}

// connect connects and logs in. The connection closes when ctx ends. The error is
// ErrUnreachable.
func (s *SMTP) connect(ctx context.Context) (*connection, error) {
	c, err := s.open(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %s", ErrUnreachable, s.at(), connectReason(err))
	}
	return c, nil
}

// open is connect, whose error may quote what the server said.
func (s *SMTP) open(ctx context.Context) (*connection, error) {
	// A client a mail: it writes to itself while it logs in, and the connection
	// is ours to close, which it forgets when TLS or the login fails.
	var c connection
	var err error
	c.client, err = s.client(func(dialCtx context.Context, network, _ string) (net.Conn, error) { // its own address lacks the brackets of IPv6
		conn, err := s.dial(dialCtx, network)
		if err != nil {
			return nil, err
		}
		c.conn = conn
		context.AfterFunc(ctx, func() { _ = conn.Close() })
		return conn, nil
	})
	if err != nil {
		return nil, err
	}
	if c.session, err = c.client.DialToSMTPClientWithContext(ctx); err != nil {
		return nil, err
	}
	return &c, nil
}

func (s *SMTP) client(dial gomail.DialContextFunc) (*gomail.Client, error) {
	opts := []gomail.Option{
		gomail.WithPort(s.c.Port), gomail.WithTimeout(s.c.Timeout), gomail.WithHELO(s.c.Public),
		gomail.WithDialContextFunc(dial), gomail.WithTLSConfig(s.tlsConfig()),
		gomail.WithoutNoop(), gomail.WithoutRset(), // one mail a connection
		gomail.WithTLSPolicy(gomail.NoTLS),
	}
	// Inside TLS the plainest mechanism is the one that works everywhere;
	// without it, first those that keep the password to themselves.
	mechanisms := []gomail.SMTPAuthType{gomail.SMTPAuthPlain, gomail.SMTPAuthLogin,
		gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthSCRAMSHA1, gomail.SMTPAuthCramMD5}
	switch s.c.TLS {
	case StartTLS:
		opts = append(opts, gomail.WithTLSPolicy(gomail.TLSMandatory))
	case NoTLS:
		mechanisms = []gomail.SMTPAuthType{gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthSCRAMSHA1,
			gomail.SMTPAuthCramMD5, gomail.SMTPAuthPlainNoEnc, gomail.SMTPAuthLoginNoEnc}
	}
	if s.c.Username != "" {
		opts = append(opts, gomail.WithOpportunisticSMTPAuth(mechanisms...),
			gomail.WithUsername(s.c.Username), gomail.WithPassword(s.c.Password))
	}
	return gomail.NewClient(s.c.Host, opts...)
}

func (s *SMTP) dial(ctx context.Context, network string) (net.Conn, error) {
	if s.c.TLS == FullTLS {
		return (&tls.Dialer{Config: s.tlsConfig()}).DialContext(ctx, network, s.at())
	}
	return (&net.Dialer{}).DialContext(ctx, network, s.at())
}

func (s *SMTP) tlsConfig() *tls.Config {
	return &tls.Config{ServerName: s.c.Host, RootCAs: s.c.RootCAs, MinVersion: tls.VersionTLS12}
}

// conversationError turns what went wrong after the login into one of the errors of this
// package. It keeps nothing of the text, which quotes addresses.
func conversationError(err error) error {
	failed, ok := errors.AsType[*gomail.SendError](err)
	if !ok {
		return fmt.Errorf("%w: unknown reason", ErrDropped)
	}
	what := map[gomail.SendErrReason]string{
		gomail.ErrSMTPMailFrom: "at MAIL FROM", gomail.ErrSMTPRcptTo: "at RCPT TO", gomail.ErrSMTPData: "at DATA",
		gomail.ErrWriteContent: "in the content", gomail.ErrSMTPDataClose: "after the content",
	}[failed.Reason]
	if what == "" {
		what = "in the conversation"
	}
	code := failed.ErrorCode()
	if code != 0 {
		what = strings.Join(strings.Fields(strconv.Itoa(code)+" "+failed.EnhancedStatusCode()+" "+what), " ")
	}
	switch {
	// It wants another login than ours, or refuses the sender, who is the same of all
	// mails. Said of a recipient it is about that one, who must not stop the mail of
	// everybody else.
	case failed.Reason == gomail.ErrSMTPMailFrom && code >= 500:
		return fmt.Errorf("%w: %s", ErrUnreachable, what)
	case code >= 500:
		return fmt.Errorf("%w: %s", ErrRefused, what)
	case code >= 400:
		return fmt.Errorf("%w: %s", ErrDelayed, what)
	}
	return fmt.Errorf("%w: %s", ErrDropped, what)
}
