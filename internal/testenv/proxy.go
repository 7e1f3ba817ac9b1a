package testenv

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// Proxy stands between the service and one of its servers and fails as networks
// and servers do. It begins by passing everything on.
type Proxy struct {
	Addr   string // host:port where it listens
	target string

	newTap func(p *Proxy) tap // for each connection

	mu       sync.Mutex
	flowing  *sync.Cond // on mu: hanging has changed
	hanging  bool
	delay    time.Duration   // of each piece that passes, either way
	armed    *cut            // nil if nothing is to be cut
	cutFor   map[string]bool // to whom a cut happened
	listener net.Listener    // nil while it refuses
	conns    map[net.Conn]bool
	jobs     sync.WaitGroup
}

// NewProxy starts a proxy in front of the server at target, host:port, which
// speaks any protocol. It ends with the test.
func NewProxy(t testing.TB, target string) *Proxy {
	t.Helper()
	return newProxy(t, target, func(*Proxy) tap { return deaf{} })
}

func newProxy(t testing.TB, target string, newTap func(p *Proxy) tap) *Proxy {
	t.Helper()
	p := &Proxy{Addr: "127.0.0.1:" + FreePort(t), target: target, newTap: newTap, conns: map[net.Conn]bool{}, cutFor: map[string]bool{}}
	p.flowing = sync.NewCond(&p.mu)
	targets.Store(p.Addr, target)
	p.Pass(t)
	t.Cleanup(func() {
		p.Refuse()
		p.jobs.Wait()
	})
	return p
}

// Pass passes everything on, what was held too, as fast as it comes.
func (p *Proxy) Pass(t testing.TB) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hanging, p.delay = false, 0
	p.flowing.Broadcast()
	if p.listener != nil {
		return
	}
	l, err := net.Listen("tcp", p.Addr)
	if err != nil {
		t.Fatal(err)
	}
	p.listener = l
	p.jobs.Go(func() { p.accept(l) })
}

// Refuse resets all connections and refuses new ones, as if nobody listened.
func (p *Proxy) Refuse() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener != nil {
		_ = p.listener.Close()
		p.listener = nil
	}
	p.reset()
}

// Hang accepts connections and holds whatever is sent, both ways and on those
// that there are too. Passing or resetting ends it.
func (p *Proxy) Hang() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hanging = true
}

// Slow has each piece of what is sent, either way, arrive this much later, until
// it passes or resets. A question and its answer take twice as long.
func (p *Proxy) Slow(delay time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = delay
}

// Reset resets all connections and loses what was held; new ones pass.
func (p *Proxy) Reset(t testing.TB) {
	t.Helper()
	p.mu.Lock()
	p.reset()
	p.mu.Unlock()
	p.Pass(t)
}

func (p *Proxy) reset() {
	for c := range p.conns {
		_ = c.(*net.TCPConn).SetLinger(0) // close with RST
		_ = c.Close()
		delete(p.conns, c)
	}
	p.hanging = false
	p.flowing.Broadcast()
}

func (p *Proxy) accept(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return // closed
		}
		if p.keep(l, c) {
			p.jobs.Go(func() { p.serve(c) })
		}
	}
}

// keep has c be reset with the others, and reports whether l still listens.
func (p *Proxy) keep(l net.Listener, c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener != l {
		_ = c.Close()
		return false
	}
	p.conns[c] = true
	return true
}

// sever resets c alone.
func (p *Proxy) sever(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conns[c] {
		_ = c.(*net.TCPConn).SetLinger(0)
		_ = c.Close()
		delete(p.conns, c)
	}
}

// drop closes c, if a reset has not.
func (p *Proxy) drop(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
	_ = c.Close()
}

// flow waits while the proxy hangs, or as long as it is slow, and reports whether c
// is still to be served.
func (p *Proxy) flow(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if delay := p.delay; delay > 0 {
		p.mu.Unlock()
		time.Sleep(delay)
		p.mu.Lock()
	}
	for p.hanging && p.conns[c] {
		p.flowing.Wait()
	}
	return p.conns[c]
}

func (p *Proxy) serve(client net.Conn) {
	defer p.drop(client)
	if !p.flow(client) {
		return
	}
	server, err := net.DialTimeout("tcp", p.target, 5*time.Second)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	tap := p.newTap(p)
	var back sync.WaitGroup
	back.Go(func() {
		p.copy(client, server, client, tap.answered)
		_ = client.(*net.TCPConn).CloseWrite()
	})
	p.copy(server, client, client, func(b []byte) ([]byte, bool) {
		tap.asked(b)
		return b, false
	})
	_ = server.(*net.TCPConn).CloseWrite() // it answers what it has, and closes
	back.Wait()
}

// copy passes on what through lets pass, and severs the client where it says so.
func (p *Proxy) copy(to io.Writer, from io.Reader, client net.Conn, through func(b []byte) (pass []byte, cut bool)) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if !p.flow(client) {
			return
		}
		pass, cut := through(buf[:n])
		if cut {
			p.sever(client)
			return
		}
		if _, writeErr := to.Write(pass); err != nil || writeErr != nil {
			return
		}
	}
}
