package testenv

import "strings"

// tap understands what flows over one connection, as far as it takes to find the
// moment of a cut. asked and answered may run at once.
type tap interface {
	asked(b []byte)                               // b goes to the server
	answered(b []byte) (pass []byte, severs bool) // b came from it; what of all that came may go to the client
}

// deaf passes everything on.
type deaf struct{}

func (deaf) asked([]byte) {}

func (deaf) answered(b []byte) ([]byte, bool) { return b, false }

// cut is one that is to happen.
type cut struct {
	text string // that what was asked contains
	done chan struct{}
}

// arm has the next exchange that contains text be cut off from its answer.
func (p *Proxy) arm(text string) <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.armed = &cut{text, make(chan struct{})}
	return p.armed.done
}

// wanted is the cut that text is armed for, or nil.
func (p *Proxy) wanted(text string) *cut {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.armed == nil || !strings.Contains(text, p.armed.text) {
		return nil
	}
	return p.armed
}

// take has the cut happen, unless it did on another connection. Where to is given,
// whom the exchange is for, it happens to nobody twice: what comes again while the
// next cut waits, as on a slow machine, passes.
func (p *Proxy) take(c *cut, to string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.armed != c || p.cutFor[to] {
		return false
	}
	p.armed = nil
	if to != "" {
		p.cutFor[to] = true
	}
	close(c.done)
	return true
}
