// Package hashing has passwords hashed in processes of their own.
//
// A hash keeps a core busy for a long time and needs much memory. In the process that
// answers requests it would take both from them: its scheduler gives a hash as much as
// everybody else, and its collector works for every hash. So a server starts itself again,
// once for each core, as a child that does nothing but hash: as a batch job in a session of
// its own, on one processor, in memory that it keeps.
//
// [Process] is the server's side, and a [password.Machine]; child.go is how one child is
// started, asked and ended. [Serve], in serve.go, is what the child does. frame.go is what
// the two say to each other, over the child's standard input and output. A child has no
// environment and no file, and ends when its input does: with its parent, however that ends.
package hashing

import (
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"latchkey/internal/password"
)

// Process hashes in a process of its own, and starts another when that dies. The hash that
// it was at then fails as if it had not begun. It does one hash at a time.
type Process struct {
	log zerolog.Logger

	asking sync.Mutex // over child
	child  *child     // nil before it is needed, and if it could not be started

	mu  sync.Mutex
	err error
}

// Start starts the first of n processes; the others start when they are needed. The error
// says why there can be none here: then a server hashes by itself. Where they may be no batch
// jobs, which a filter of system calls forbids, the log warns of it.
func Start(n int, log zerolog.Logger) ([]*Process, error) {
	all := make([]*Process, n)
	for i := range all {
		all[i] = &Process{log: log}
	}
	if err := all[0].start(); err != nil {
		return all, err
	}
	if why := all[0].child.pushy; why != nil {
		log.Warn().Err(why).Msg("the processes that hash passwords run at normal priority: a flood of logins slows everything else")
	}
	return all, nil
}

// Hash implements [password.Machine].
func (p *Process) Hash(params password.Params, plain string) (string, error) {
	answer, err := p.ask(hashFrame(params, plain))
	if err != nil {
		return "", err
	}
	return answer.hash()
}

// Verify implements [password.Machine].
func (p *Process) Verify(phc, plain string) error {
	answer, err := p.ask(verifyFrame(phc, plain))
	if err != nil {
		return err
	}
	return answer.verdict()
}

// Err implements [password.Machine]: it is why the process could not be started when that
// was tried last.
func (p *Process) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// Close ends the process. Nothing may be asked of it any more.
func (p *Process) Close() {
	p.asking.Lock()
	defer p.asking.Unlock()
	if p.child != nil {
		_ = p.child.end()
	}
}

// ask sends a question, which it wipes, and returns the answer.
func (p *Process) ask(question frame) (frame, error) {
	defer clear(question)
	p.asking.Lock()
	defer p.asking.Unlock()
	if p.child == nil || p.child.ended() {
		if err := p.start(); err != nil {
			return nil, errGone()
		}
	}
	answer, err := p.child.converse(question)
	if err == nil {
		return answer, nil
	}
	if how := p.child.end(); how != nil {
		err = how
	}
	p.log.Warn().Err(err).Msg("a hashing process ended and is started again")
	_ = p.start() // or by the next who asks
	return nil, errGone()
}

// errGone is what a hash comes to that had no process to the end.
func errGone() error { return &password.BusyError{RetryAfter: time.Second} }

func (p *Process) start() error {
	c, err := launch()
	if err != nil {
		err = fmt.Errorf("hashing process: %w", err)
		p.log.Error().Err(err).Msg("a process to hash passwords in cannot be started")
	}
	p.child = c
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err = err
	return err
}
