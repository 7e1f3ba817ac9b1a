package testenv_test

import (
	"errors"
	"io"
	"net"
	"net/smtp"
	"syscall"
	"testing"
	"time"

	"latchkey/internal/testenv"
)

// echo is a server that sends back what it gets.
func echo(t *testing.T) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(c, c)
				_ = c.Close()
			}()
		}
	}()
	return l.Addr().String()
}

func TestProxy(t *testing.T) {
	t.Parallel()
	p := testenv.NewProxy(t, echo(t))
	dial := func() net.Conn {
		t.Helper()
		c, err := net.Dial("tcp", p.Addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		_ = c.SetDeadline(time.Now().Add(10 * time.Second))
		return c
	}
	say := func(c net.Conn, text string) {
		t.Helper()
		if _, err := c.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	hear := func(c net.Conn, want string) {
		t.Helper()
		got := make([]byte, len(want))
		if _, err := io.ReadFull(c, got); err != nil || string(got) != want {
			t.Fatalf("got %q, %v, want %q", got, err, want)
		}
	}

	old := dial()
	say(old, "a")
	hear(old, "a")

	p.Hang()
	say(old, "b")
	fresh := dial()
	say(fresh, "c")
	for _, c := range []net.Conn{old, fresh} {
		_ = c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		if _, err := c.Read(make([]byte, 1)); !isTimeout(err) {
			t.Errorf("while it hangs: %v", err)
		}
		_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	}
	p.Pass(t)
	hear(old, "b")
	hear(fresh, "c")

	p.Reset(t)
	if _, err := old.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("after a reset: %v", err)
	}
	again := dial()
	say(again, "d")
	hear(again, "d")

	p.Refuse()
	if _, err := net.Dial("tcp", p.Addr); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("while it refuses: %v", err)
	}
	p.Pass(t)
	last := dial()
	say(last, "e")
	if err := last.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(last); err != nil || string(got) != "e" {
		t.Errorf("got %q, %v, want what was sent and its end", got, err)
	}
}

// A mail that comes again while the next cut waits passes, also behind one that was
// refused on the same line; that of another is cut. The server has each of them.
func TestCutDelivery(t *testing.T) {
	t.Parallel()
	s := testenv.NewProduction(t)
	server := s.OwnMailpit(t)
	p := s.Through(t, "MAIL_SERVER")
	send := func(to string, refusedBefore bool) (cut bool) {
		t.Helper()
		c, err := smtp.Dial(p.Addr)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		if refusedBefore {
			server.Answer(t, 550)
			if err := errors.Join(c.Mail("a@example.org"), c.Rcpt("nobody@cut.example")); err == nil {
				t.Fatal("a recipient is taken that the server is to refuse")
			}
			server.Answer(t, 0)
			if err := c.Reset(); err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(c.Mail("a@example.org"), c.Rcpt(to)); err != nil {
			t.Fatal(err)
		}
		w, err := c.Data()
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.Write([]byte("To: " + to + "\r\n\r\nRCPT TO:<other@cut.example>\r\n"))
		return errors.Join(err, w.Close()) != nil
	}
	const one, other = "one@cut.example", "other@cut.example"
	happened := p.CutDelivery()
	if !send(one, false) {
		t.Error("the first mail was not cut")
	}
	<-happened
	happened = p.CutDelivery()
	if send(one, false) || send(one, true) {
		t.Error("a mail was cut that had been cut before")
	}
	if !send(other, false) {
		t.Error("the mail of another was not cut")
	}
	<-happened
	if got := s.Recipients(t, "cut.example"); got[one] != 3 || got[other] != 1 {
		t.Errorf("the server has %v, want 3 and 1", got)
	}
}

func isTimeout(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}
