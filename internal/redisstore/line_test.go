package redisstore_test

import (
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// A line is a way to a Redis that a test can cut.
type line struct {
	addr     string
	listener net.Listener

	mu    sync.Mutex
	state lineState
	conns []net.Conn
}

type lineState int

const (
	works  lineState = iota
	resets           // ends connections, new ones too
	hangs            // takes connections and answers nothing
)

// cut returns a line to the Redis at rawURL in the given state, and a URL that
// leads through it.
func cut(t *testing.T, rawURL string, state lineState) (*line, string) {
	t.Helper()
	u, err := url.Parse(rawURL)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &line{addr: u.Host, listener: listener, state: state}
	var serving sync.WaitGroup
	serving.Go(l.serve)
	t.Cleanup(func() {
		listener.Close()
		l.set(resets)
		serving.Wait()
	})
	through := strings.ReplaceAll(rawURL, u.Host, listener.Addr().String())
	return l, through
}

func (l *line) serve() {
	for {
		conn, err := l.listener.Accept()
		if err != nil {
			return
		}
		l.mu.Lock()
		l.conns = append(l.conns, conn)
		state := l.state
		l.mu.Unlock()
		switch state {
		case resets:
			conn.Close()
		case works:
			server, err := net.Dial("tcp", l.addr)
			if err != nil {
				conn.Close()
				continue
			}
			go l.pass(server, conn)
			go l.pass(conn, server)
		}
	}
}

// pass carries bytes while the line works.
func (l *line) pass(to, from net.Conn) {
	defer to.Close()
	buf := make([]byte, 4096)
	for {
		n, err := from.Read(buf)
		l.mu.Lock()
		state := l.state
		l.mu.Unlock()
		if state == hangs {
			io.Copy(io.Discard, from) // and holds the other side open until this one ends
			return
		}
		if _, e := to.Write(buf[:n]); err != nil || e != nil || state != works {
			return
		}
	}
}

func (l *line) set(state lineState) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state = state
	if state != hangs {
		for _, c := range l.conns {
			c.Close()
		}
		l.conns = nil
	}
}
