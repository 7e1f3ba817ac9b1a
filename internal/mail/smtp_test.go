package mail

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"latchkey/internal/cause"
	"latchkey/internal/store"
)

// smtpTo returns a sender for a server on this machine; change may be nil.
func smtpTo(t *testing.T, addr string, roots *x509.CertPool, change func(*SMTPConfig)) *SMTP {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	c := SMTPConfig{Host: host, Port: number, Username: "latchkey", Password: "right", TLS: StartTLS,
		RootCAs: roots, Public: "auth.example.org"}
	if change != nil {
		change(&c)
	}
	s, err := NewSMTP(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func sample() *Message {
	return &Message{ID: "0199-a", Kind: store.MailNewDevice, To: "Ada@example.org", From: "noreply@example.org",
		FromName: `Größe "Ltd"`, Subject: "A new device logged in", Text: "Hello ada·lovelace,\nyour device.\n",
		HTML: "<p>Größe</p>\n", CreatedAt: time.Date(2026, 11, 24, 8, 15, 0, 0, time.UTC)}
}

func TestMessage(t *testing.T) {
	f := newFaulty(t)
	if err := smtpTo(t, f.addr, f.roots, nil).Send(t.Context(), sample()); err != nil {
		t.Fatal(err)
	}
	got := f.mails()
	if len(got) != 1 || got[0].from != "noreply@example.org" || got[0].to != "Ada@example.org" {
		t.Fatalf("got %+v", got)
	}
	h := got[0].msg.Header
	for name, want := range map[string]string{
		"Message-ID": "<0199-a@auth.example.org>", "Auto-Submitted": "auto-generated", "Subject": "A new device logged in",
		"To": "<Ada@example.org>", "Date": "Tue, 24 Nov 2026 08:15:00 +0000", "User-Agent": "", "X-Mailer": "", "MIME-Version": "1.0",
	} {
		if h.Get(name) != want {
			t.Errorf("%s: got %q, want %q", name, h.Get(name), want)
		}
	}
	// Nothing else: no tracking, no way back for a machine's answer.
	names := slices.Sorted(maps.Keys(h))
	if want := []string{"Auto-Submitted", "Content-Type", "Date", "From", "Message-Id", "Mime-Version", "Subject", "To"}; !slices.Equal(names, want) {
		t.Errorf("headers: got %v, want %v", names, want)
	}
	from, err := mail.ParseAddress(h.Get("From"))
	if err != nil || from.Name != `Größe "Ltd"` || from.Address != "noreply@example.org" {
		t.Errorf("From: got %q, %v", h.Get("From"), err)
	}
	kind, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("Content-Type: got %q, %v", kind, err)
	}
	parts := multipart.NewReader(got[0].msg.Body, params["boundary"])
	for _, want := range []struct{ kind, body string }{
		{"text/plain; charset=UTF-8", "Hello ada·lovelace,\nyour device.\n"},
		{"text/html; charset=UTF-8", "<p>Größe</p>\n"},
	} {
		part, err := parts.NextRawPart()
		if err != nil {
			t.Fatal(err)
		}
		if part.Header.Get("Content-Transfer-Encoding") != "quoted-printable" {
			t.Fatalf("encoding: got %q", part.Header.Get("Content-Transfer-Encoding"))
		}
		raw, err := io.ReadAll(quotedprintable.NewReader(part))
		body := strings.ReplaceAll(string(raw), "\r\n", "\n")
		if err != nil || part.Header.Get("Content-Type") != want.kind || body != want.body {
			t.Errorf("got %q: %q, %v; want %q: %q", part.Header.Get("Content-Type"), body, err, want.kind, want.body)
		}
	}
	if _, err := parts.NextPart(); err != io.EOF {
		t.Errorf("a third part: %v", err)
	}
}

func TestSendErrors_R3(t *testing.T) {
	f := newFaulty(t)
	untrusted, _ := net.Listen("tcp", "127.0.0.1:0")
	defer untrusted.Close()
	answer := func(code int, enhanced smtp.EnhancedCode) error {
		return &smtp.SMTPError{Code: code, EnhancedCode: enhanced, Message: "no <ada@example.org> here, see https://x.example/"}
	}
	for name, c := range map[string]struct {
		faults faults
		change func(*SMTPConfig)
		want   error
		text   string
	}{
		"450 at RCPT":     {faults{rcpt: answer(450, smtp.EnhancedCode{4, 2, 1})}, nil, ErrDelayed, "delayed: 450 4.2.1 at RCPT TO"},
		"550 at RCPT":     {faults{rcpt: answer(550, smtp.EnhancedCode{5, 1, 1})}, nil, ErrRefused, "refused: 550 5.1.1 at RCPT TO"},
		"451 at MAIL":     {faults{mail: answer(451, smtp.EnhancedCode{4, 7, 1})}, nil, ErrDelayed, "delayed: 451 4.7.1 at MAIL FROM"},
		"554 of the data": {faults{data: answer(554, smtp.EnhancedCode{5, 7, 1})}, nil, ErrRefused, "refused: 554 5.7.1 after the content"},
		"452 of the data": {faults{data: answer(452, smtp.EnhancedCode{4, 3, 1})}, nil, ErrDelayed, "delayed: 452 4.3.1 after the content"},
		"530 at MAIL":     {faults{mail: answer(530, smtp.EnhancedCode{5, 7, 0})}, nil, ErrUnreachable, "mail server unreachable: 530 5.7.0 at MAIL FROM"},
		"550 at MAIL":     {faults{mail: answer(550, smtp.EnhancedCode{5, 7, 1})}, nil, ErrUnreachable, "mail server unreachable: 550 5.7.1 at MAIL FROM"},
		"dropped":         {faults{drop: true}, nil, ErrDropped, "connection dropped: after the content"},
		"login refused":   {faults{noLogin: true}, nil, ErrUnreachable, "mail server unreachable: AT: wrong user or password: answered 535 at the login"},
		"not trusted":     {faults{}, func(c *SMTPConfig) { c.RootCAs = x509.NewCertPool() }, ErrUnreachable, "mail server unreachable: AT: its certificate is not trusted: the authority is unknown"},
		"not TLS":         {faults{}, func(c *SMTPConfig) { c.TLS = FullTLS }, ErrUnreachable, "mail server unreachable: AT: it does not speak TLS there"},
		"no port":         {faults{}, func(c *SMTPConfig) { c.Port = 1 }, ErrUnreachable, "mail server unreachable: AT: connection refused"},
		"no name":         {faults{}, func(c *SMTPConfig) { c.Host = "mail.invalid" }, ErrUnreachable, "mail server unreachable: AT: its name is not found"},
		"silent": {faults{}, func(c *SMTPConfig) {
			c.Port, c.Timeout = untrusted.Addr().(*net.TCPAddr).Port, 50*time.Millisecond
		}, ErrUnreachable, "mail server unreachable: AT: no answer in time"},
		"slow": {faults{hang: make(chan struct{})}, func(c *SMTPConfig) { c.Timeout = 2 * time.Second }, ErrDropped, "connection dropped: after the content"},
	} {
		t.Run(name, func(t *testing.T) {
			f.set(c.faults)
			s := smtpTo(t, f.addr, f.roots, c.change)
			err, text := s.Send(t.Context(), sample()), strings.Replace(c.text, "AT:", s.at()+":", 1)
			if !errors.Is(err, c.want) || err.Error() != text {
				t.Errorf("got %q, want %q", err, text)
			}
			if c.faults.hang != nil {
				close(c.faults.hang)
			}
		})
	}
}

func TestNoSTARTTLS(t *testing.T) {
	f := newFaulty(t)
	f.stop(t)
	l, err := net.Listen("tcp", f.addr)
	if err != nil {
		t.Fatal(err)
	}
	s := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &session{f: f, conn: c}, nil }))
	s.AllowInsecureAuth = true
	go func() { _ = s.Serve(l) }() // ends with Close
	defer s.Close()
	err = smtpTo(t, f.addr, f.roots, nil).Send(t.Context(), sample())
	if !errors.Is(err, ErrUnreachable) || !strings.HasSuffix(err.Error(), "it offers no STARTTLS") {
		t.Errorf("got %v", err)
	}
	if err := smtpTo(t, f.addr, nil, func(c *SMTPConfig) { c.TLS = NoTLS }).Send(t.Context(), sample()); err != nil {
		t.Errorf("with none: %v", err)
	}
	if n := len(f.mails()); n != 1 {
		t.Errorf("%d mails arrived, want 1", n)
	}
}

func TestSendEndsWithItsContext(t *testing.T) {
	f := newFaulty(t)
	hang := make(chan struct{})
	defer close(hang)
	f.set(faults{hang: hang})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-f.hung; cancel() }()
	if err := smtpTo(t, f.addr, f.roots, nil).Send(ctx, sample()); !errors.Is(err, ErrDropped) {
		t.Errorf("got %v", err)
	}
}

func TestAddress_D9(t *testing.T) {
	for in, want := range map[string]string{
		"Ada@example.org": "Ada@example.org", "ada@bücher.example": "ada@xn--bcher-kva.example",
		"ada@example.org, eve@evil.com": "", "ada@example.org\r\nBcc: eve@evil.com": "", "Ada <ada@example.org>": "",
		`"eve@evil.com> "@example.org`: "", "ada": "", "@example.org": "", "ada@": "", "a@b@c": "", "ada@[127.0.0.1]": "",
	} {
		got, err := address(in)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("address(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	m := sample()
	m.To = "ada@example.org\r\nBcc: eve@evil.com"
	f := newFaulty(t)
	if err := smtpTo(t, f.addr, f.roots, nil).Send(t.Context(), m); !errors.Is(err, ErrRefused) || strings.Contains(err.Error(), "@") {
		t.Errorf("got %v", err)
	}
}

func TestPublicName(t *testing.T) {
	for public, want := range map[string]string{
		"auth.example.org": "auth.example.org", "localhost": "localhost", "127.0.0.1": "[127.0.0.1]", "::1": "[IPv6:::1]",
	} {
		s, err := NewSMTP(SMTPConfig{Host: "mail.example.org", Port: 587, TLS: StartTLS, Public: public})
		if err != nil || s.c.Public != want {
			t.Errorf("%s: got %v, %v; want %s", public, s, err, want)
		}
	}
}

func TestNewSMTP(t *testing.T) {
	good := SMTPConfig{Host: "mail.example.org", Port: 587, TLS: StartTLS, Public: "auth.example.org"}
	for name, change := range map[string]func(*SMTPConfig){
		"no host": func(c *SMTPConfig) { c.Host = "" }, "no port": func(c *SMTPConfig) { c.Port = 0 },
		"no such TLS": func(c *SMTPConfig) { c.TLS = "on" }, "no public name": func(c *SMTPConfig) { c.Public = "" },
	} {
		c := good
		change(&c)
		if _, err := NewSMTP(c); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// A server may be an IPv6 address, which is dialled as one.
func TestIPv6_R3(t *testing.T) {
	err := smtpTo(t, "[::1]:1", nil, nil).Send(t.Context(), sample())
	if !errors.Is(err, ErrUnreachable) || !strings.HasPrefix(err.Error(), "mail server unreachable: [::1]:1: ") || strings.HasSuffix(err.Error(), cause.Unknown) {
		t.Errorf("got %v, want it to say why nobody is there", err) // it is refused, or this machine has no IPv6
	}
}
