package mail

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// faulty is a mail server in the process whose faults a test chooses.
type faulty struct {
	addr  string
	roots *x509.CertPool
	cert  tls.Certificate

	mu       sync.Mutex
	listener net.Listener
	server   *smtp.Server
	faults   faults
	received []received
	hung     chan struct{} // one for each mail that hangs
}

// faults are what goes wrong. The zero value is none.
type faults struct {
	mail, rcpt, data error
	rcptOf           string        // rcpt is for this recipient alone; "" for all
	drop             bool          // hangs up after the content
	hang             chan struct{} // answers the content only when this is closed
	noLogin          bool          // refuses every password
}

type received struct {
	from, to string
	raw      string
	msg      *mail.Message
}

// id is the mail's Message-ID, without the brackets.
func (r received) id() string { return strings.Trim(r.msg.Header.Get("Message-ID"), "<>") }

// newFaulty starts a server that wants STARTTLS and the login of "latchkey".
func newFaulty(t *testing.T) *faulty {
	t.Helper()
	f := &faulty{hung: make(chan struct{}, 1000)}
	f.cert, f.roots = selfSigned(t)
	f.start(t, "127.0.0.1:0")
	return f
}

func (f *faulty) start(t *testing.T, addr string) {
	t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	s := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &session{f: f, conn: c}, nil }))
	s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{f.cert}}
	s.Domain = "faulty.example"
	s.ErrorLog = log.New(io.Discard, "", 0)
	f.addr, f.server, f.listener = l.Addr().String(), s, l
	go func() { _ = s.Serve(l) }() // ends with Close
	t.Cleanup(func() { _ = s.Close() })
}

// stop makes connections be refused until start is called with f.addr.
func (f *faulty) stop(t *testing.T) {
	t.Helper()
	_ = f.listener.Close() // the server may not have got hold of it yet, or closes it again
	if err := f.server.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		t.Fatal(err)
	}
}

func (f *faulty) set(faults faults) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = faults
}

func (f *faulty) now() faults {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.faults
}

// mails returns what was received since the last call.
func (f *faulty) mails() []received {
	f.mu.Lock()
	defer f.mu.Unlock()
	defer func() { f.received = nil }()
	return f.received
}

// to returns the recipients of mails, sorted.
func to(mails []received) []string {
	list := []string{}
	for _, m := range mails {
		list = append(list, m.to)
	}
	slices.Sort(list)
	return list
}

type session struct {
	f    *faulty
	conn *smtp.Conn
	from string
	rcpt string
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if s.f.now().noLogin || user != "latchkey" || password != "right" {
			return smtp.ErrAuthFailed
		}
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.from = from
	return s.f.now().mail
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.rcpt = to
	if now := s.f.now(); now.rcptOf == "" || now.rcptOf == to {
		return now.rcpt
	}
	return nil
}

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	now := s.f.now()
	if now.hang != nil {
		s.f.hung <- struct{}{}
		<-now.hang
	}
	if now.drop {
		_ = s.conn.Conn().Close()
		return errors.New("dropped")
	}
	if now.data != nil {
		return now.data
	}
	msg, err := mail.ReadMessage(strings.NewReader(string(raw)))
	if err != nil {
		return err
	}
	s.f.mu.Lock()
	s.f.received = append(s.f.received, received{s.from, s.rcpt, string(raw), msg})
	s.f.mu.Unlock()
	return nil
}

func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }

func selfSigned(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(cert)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}
