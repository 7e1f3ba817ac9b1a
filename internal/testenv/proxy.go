package testenv

import (
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"
)

// Proxy stands between the service and one of its servers and fails as networks
// and servers do. It begins by passing everything on.
type Proxy struct {
	Addr   string // host:port where it listens
	target string

	mu       sync.Mutex
	flowing  *sync.Cond // on mu: hanging has changed
	hanging  bool
	listener net.Listener // nil while it refuses
	conns    map[net.Conn]bool
	jobs     sync.WaitGroup
}

// NewProxy starts a proxy in front of the server at target, host:port. It ends
// with the test.
func NewProxy(t testing.TB, target string) *Proxy {
	t.Helper()
	p := &Proxy{Addr: "127.0.0.1:" + FreePort(t), target: target, conns: map[net.Conn]bool{}}
	p.flowing = sync.NewCond(&p.mu)
	targets.Store(p.Addr, target)
	p.Pass(t)
	t.Cleanup(func() {
		p.Refuse()
		p.jobs.Wait()
	})
	return p
}

// Pass passes everything on, what was held too.
func (p *Proxy) Pass(t testing.TB) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hanging = false
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

// keep has c be reset with the others, and says whether l still listens.
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

// drop closes c, if a reset has not.
func (p *Proxy) drop(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
	_ = c.Close()
}

// flow waits while the proxy hangs, and says whether c is still to be served.
func (p *Proxy) flow(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
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
	var back sync.WaitGroup
	back.Go(func() {
		p.copy(client, server, client)
		_ = client.(*net.TCPConn).CloseWrite()
	})
	p.copy(server, client, client)
	_ = server.(*net.TCPConn).CloseWrite() // it answers what it has, and closes
	back.Wait()
}

func (p *Proxy) copy(to io.Writer, from io.Reader, client net.Conn) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if !p.flow(client) {
			return
		}
		if _, writeErr := to.Write(buf[:n]); err != nil || writeErr != nil {
			return
		}
	}
}

// targets says what stands behind the address of a proxy.
var targets sync.Map

// direct is the URL of what stands behind the proxy that rawURL names.
func direct(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil {
		return rawURL
	}
	if target, ok := targets.Load(u.Host); ok {
		u.Host = target.(string)
	}
	return u.String()
}

// Through puts a proxy between a server and the replicas that are added from now
// on. setting names the server: DATABASE_URL, REDIS_URL or MAIL_SERVER.
func (s *Stack) Through(t testing.TB, setting string) *Proxy {
	t.Helper()
	if setting == "MAIL_SERVER" {
		p := NewProxy(t, net.JoinHostPort(s.Setting("MAIL_SERVER"), s.Setting("MAIL_PORT")))
		_, port, _ := net.SplitHostPort(p.Addr)
		s.Env = append(s.Env, "MAIL_SERVER=127.0.0.1", "MAIL_PORT="+port)
		return p
	}
	u, err := url.Parse(s.Setting(setting))
	if err != nil || u.Host == "" {
		t.Fatalf("%s is no URL", setting)
	}
	p := NewProxy(t, u.Host)
	u.Host = p.Addr
	s.Env = append(s.Env, setting+"="+u.String())
	return p
}
