package testenv

import (
	"bytes"
	enc "encoding/binary"
	"regexp"
	"sync"
)

// CutCommit has the next transaction with a statement that contains sql commit,
// and then resets its connection without the answer, so that nobody there can
// know. A batch or a single statement that writes is a transaction too. The
// proxy is one that Through put before PostgreSQL. The channel is closed when it
// has happened.
func (p *Proxy) CutCommit(sql string) (happened <-chan struct{}) { return p.arm(sql) }

// postgresTap follows the frontend/backend protocol, version 3, without TLS.
type postgresTap struct {
	p *Proxy

	mu      sync.Mutex
	started bool              // the first message of the client, which has no type, is over
	ready   bool              // so is the login
	asks    []byte            // the beginning of a message
	answers []byte            // of the other side
	texts   map[string]string // of the prepared statements by name

	// Since the connection last was outside a transaction:
	cut    *cut // a statement ran that this is for
	wrote  bool // a statement changed a row
	failed bool
	held   []byte // answers, while cut is there
}

func newPostgresTap(p *Proxy) tap { return &postgresTap{p: p, texts: map[string]string{}} }

func (c *postgresTap) asked(b []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asks = append(c.asks, b...)
	if !c.started {
		if len(c.asks) < 4 || len(c.asks) < int(enc.BigEndian.Uint32(c.asks)) {
			return
		}
		c.asks, c.started = c.asks[enc.BigEndian.Uint32(c.asks):], true
	}
	for {
		kind, body, size := message(c.asks)
		if size == 0 {
			return
		}
		switch kind {
		case 'P': // Parse: name, text
			name, rest := text(body)
			c.texts[name], _ = text(rest)
		case 'B': // Bind: portal, name
			_, rest := text(body)
			name, _ := text(rest)
			c.runs(c.texts[name])
		case 'Q':
			sql, _ := text(body)
			c.runs(sql)
		}
		c.asks = c.asks[size:]
	}
}

func (c *postgresTap) runs(sql string) {
	if c.cut == nil {
		c.cut = c.p.wanted(sql)
	}
}

// changed is the tag of a statement that changed at least one row.
var changed = regexp.MustCompile(`^(INSERT 0|UPDATE|DELETE) [1-9]`)

func (c *postgresTap) answered(b []byte) (pass []byte, severs bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answers = append(c.answers, b...)
	for {
		kind, body, size := message(c.answers)
		if size == 0 {
			return pass, false
		}
		if c.held = append(c.held, c.answers[:size]...); c.cut == nil {
			pass, c.held = append(pass, c.held...), nil
		}
		switch kind {
		case 'C': // CommandComplete
			tag, _ := text(body)
			c.wrote = c.wrote || changed.MatchString(tag)
			c.failed = c.failed || tag == "ROLLBACK"
		case 'E':
			c.failed = true
		case 'Z': // ReadyForQuery; I is outside a transaction
			if outside := body[0] == 'I'; outside {
				if c.ready && c.cut != nil && c.wrote && !c.failed && c.p.take(c.cut, "") {
					return nil, true
				}
				c.cut, c.wrote, c.failed, c.ready = nil, false, false, true
			}
			pass, c.held = append(pass, c.held...), nil
		}
		c.answers = c.answers[size:]
	}
}

// message is the first one of b, or of size 0 if it is not all there.
func message(b []byte) (kind byte, body []byte, size int) {
	if len(b) < 5 {
		return 0, nil, 0
	}
	if size = 1 + int(enc.BigEndian.Uint32(b[1:])); len(b) < size {
		return 0, nil, 0
	}
	return b[0], b[5:size], size
}

// text is the string at the beginning of b, and what follows it.
func text(b []byte) (s string, rest []byte) {
	before, rest, _ := bytes.Cut(b, []byte{0})
	return string(before), rest
}
