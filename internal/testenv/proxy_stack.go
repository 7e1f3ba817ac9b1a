package testenv

import (
	"net"
	"net/url"
	"sync"
	"testing"
)

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
		p := newProxy(t, net.JoinHostPort(s.Setting("MAIL_SERVER"), s.Setting("MAIL_PORT")), newSMTPTap)
		_, port, _ := net.SplitHostPort(p.Addr)
		s.Env = append(s.Env, "MAIL_SERVER=127.0.0.1", "MAIL_PORT="+port)
		return p
	}
	u, err := url.Parse(s.Setting(setting))
	if err != nil || u.Host == "" {
		t.Fatalf("%s is no URL", setting)
	}
	newTap := func(*Proxy) tap { return deaf{} }
	if setting == "DATABASE_URL" {
		newTap = newPostgresTap
	}
	p := newProxy(t, u.Host, newTap)
	u.Host = p.Addr
	s.Env = append(s.Env, setting+"="+u.String())
	return p
}
