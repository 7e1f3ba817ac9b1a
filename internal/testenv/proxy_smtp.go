package testenv

import (
	"bytes"
	"sync"
)

// CutDelivery has the server take the next mail to somebody whose mail was not cut
// before, and then resets the connection without the answer, so that nobody there
// can know. The proxy is one that Through put before a mail server without TLS.
// The channel is closed when it has happened.
func (p *Proxy) CutDelivery() (happened <-chan struct{}) { return p.arm("") }

// smtpTap follows whom a mail is for and what the server answers.
type smtpTap struct {
	p *Proxy

	mu       sync.Mutex
	envelope []byte // what the client said of the mail, up to its content
	answers  []byte // the beginning of a line
	data     bool   // the server waits for the content of a mail, or has it
}

func newSMTPTap(p *Proxy) tap { return &smtpTap{p: p} }

func (c *smtpTap) asked(b []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.data {
		c.envelope = append(c.envelope, b...)
	}
}

func (c *smtpTap) answered(b []byte) (pass []byte, severs bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answers = append(c.answers, b...)
	for {
		line, rest, whole := bytes.Cut(c.answers, []byte("\n"))
		switch {
		case !whole:
			return b, false
		case bytes.HasPrefix(line, []byte("354")):
			c.data = true
		case c.data:
			to := c.envelope[max(0, bytes.LastIndex(c.envelope, []byte("RCPT TO:"))):]
			c.data, c.envelope = false, nil
			if armed := c.p.wanted(""); armed != nil && bytes.HasPrefix(line, []byte("250")) && c.p.take(armed, string(to)) {
				return nil, true
			}
		}
		c.answers = rest
	}
}
