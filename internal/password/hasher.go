package password

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"latchkey/internal/trace"
)

// Hasher hashes and compares passwords, a bounded number at once, while the others
// wait in a short queue, where callers take turns: see queue.
//
// The methods that hash or compare return a [*BusyError] if there is no room in the queue
// for them, or no room any more, and after the deadline if no worker has begun by then.
// If ctx ends first they return its error. An error that is ErrNotBegun says that nothing
// was done, and never will be.
type Hasher struct {
	params   Params
	deadline time.Duration
	standIn  string
	machines []Machine

	mu      sync.Mutex
	ready   *sync.Cond // a job may be next
	queue   queue
	samples samples // what usual hashes took
	refused uint64  // that were told to come again

	hashed func(took time.Duration) // or nil
}

// NewHasher returns a Hasher whose new hashes have params. As many hashes run at once as
// there are machines; queueLen is how many more may wait at most, and deadline how
// long: no more wait than are done by then. It starts nothing: see Run.
func NewHasher(params Params, machines []Machine, queueLen int, deadline time.Duration) (*Hasher, error) {
	if err := params.check(); err != nil {
		return nil, err
	}
	workers := len(machines)
	if workers < 1 || queueLen < 1 || deadline <= 0 {
		return nil, fmt.Errorf("password: %d workers, a queue of %d and a deadline of %v are too little",
			workers, queueLen, deadline)
	}
	h := &Hasher{
		params: params, deadline: deadline, standIn: params.standIn().String(), machines: machines,
		queue: newQueue(workers, queueLen, deadline),
	}
	h.ready = sync.NewCond(&h.mu)
	return h, nil
}

// Watch has f told how long each hash took, without its wait. f must not block. Call it
// before Run.
func (h *Hasher) Watch(f func(took time.Duration)) { h.hashed = f }

// Load is how busy a Hasher is.
type Load struct {
	Workers int    // hashes at once
	Waiting int    // hashes in the queue
	Refused uint64 // hashes that got a BusyError, since the start
}

// Load returns how busy h is.
func (h *Hasher) Load() Load {
	h.mu.Lock()
	defer h.mu.Unlock()
	return Load{Workers: h.queue.workers, Waiting: len(h.queue.jobs), Refused: h.refused}
}

// Hash returns a new hash of password. Its other errors are those of [Params.Hash].
func (h *Hasher) Hash(ctx context.Context, who Caller, password string) (string, error) {
	password = Normalize(password)
	if err := h.params.fits(password); err != nil {
		return "", err
	}
	var phc string
	var hashErr error
	j := &job{who: who, usual: true, work: func(m Machine) { phc, hashErr = m.Hash(h.params, password) }}
	if err := h.do(ctx, j); err != nil {
		return "", err
	}
	return phc, hashErr
}

// Verify returns nil if the hash phc was made of password, and ErrMismatch if it was not.
// If phc is malformed it returns ErrMalformed at once.
func (h *Hasher) Verify(ctx context.Context, who Caller, phc, password string) error {
	if err := Check(phc); err != nil {
		return err
	}
	return h.compare(ctx, who, phc, password)
}

// VerifyStandIn returns ErrMismatch after as long as Verify takes with a hash that Hash
// made. Logins that have no hash to compare with call it, so that their time does not tell
// that there is none (C2).
func (h *Hasher) VerifyStandIn(ctx context.Context, who Caller, password string) error {
	if err := h.compare(ctx, who, h.standIn, password); err != nil {
		return err
	}
	return ErrMismatch // also for the one in 2^184 that meets the random result
}

// Spend takes as long as Verify with a hash that Hash made, but keeps no worker busy. It is
// for answers that need no hash and must take as long as those that do. It waits for its
// turn as Verify would, and then for as long as a hash took lately.
func (h *Hasher) Spend(ctx context.Context, who Caller) error {
	return h.do(ctx, &job{who: who, usual: true, timed: true, work: func(m Machine) { _ = m.Verify(h.standIn, "") }})
}

// NeedsRehash reports whether phc is of a lesser kind or cost than new hashes: see
// [Params.NeedsRehash].
func (h *Hasher) NeedsRehash(phc string) bool { return h.params.NeedsRehash(phc) }

func (h *Hasher) compare(ctx context.Context, who Caller, phc, password string) error {
	var result error
	j := &job{who: who, usual: !h.params.NeedsRehash(phc), work: func(m Machine) { result = m.Verify(phc, password) }}
	if err := h.do(ctx, j); err != nil {
		return err
	}
	return result
}

// job is one hash.
type job struct {
	who   Caller
	work  func(Machine)
	usual bool          // it costs what a new hash does
	timed bool          // it only takes the time of a hash; work is done only to learn how long that is
	done  chan struct{} // closed when work has returned, or out is set
	out   bool          // it gave way to another

	// Of the queue:
	turns [levels]*turn
	came  int
	guess time.Duration
}

// do waits until a worker has done the work of j. If it returns an error, the work was not
// done, or it may still be running since ctx ended: then the caller must not read what it
// writes.
func (h *Hasher) do(ctx context.Context, j *job) error {
	ctx, span := trace.Start(ctx, trace.Internal, "hash")
	defer span.End()
	if err := ctx.Err(); err != nil {
		return notBegun{err}
	}
	j.done = make(chan struct{})
	h.mu.Lock()
	if out := h.queue.enter(j, time.Now()); out != nil {
		out.out = true
		close(out.done)
	}
	h.ready.Signal()
	h.mu.Unlock()
	deadline := time.NewTimer(h.deadline)
	defer deadline.Stop()
	select {
	case <-j.done:
		if j.out {
			return h.busy()
		}
		return nil
	case <-ctx.Done():
	case <-deadline.C:
		if h.leave(j) {
			return h.busy()
		}
		// A worker began in time, or it gave way just now.
		select {
		case <-j.done:
			if j.out {
				return h.busy()
			}
			return nil
		case <-ctx.Done():
		}
	}
	if h.leave(j) {
		return notBegun{ctx.Err()}
	}
	return ctx.Err()
}

// leave takes a job whose caller no longer waits out of the queue, and reports whether it
// was there.
func (h *Hasher) leave(j *job) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.queue.remove(j)
}

// Err says why hashes cannot be made; nil if nothing is known to be wrong.
func (h *Hasher) Err() error {
	errs := make([]error, len(h.machines))
	for i, m := range h.machines {
		errs[i] = m.Err()
	}
	return errors.Join(errs...)
}

// busy returns the error of a full queue, with about how long what waits will take.
func (h *Hasher) busy() *BusyError {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.refused++
	rounds := 1 + len(h.queue.jobs)/h.queue.workers
	return &BusyError{RetryAfter: max(time.Second, h.queue.mean*time.Duration(rounds))}
}
