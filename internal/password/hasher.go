package password

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// ErrBusy is what errors.Is finds in a *BusyError.
var ErrBusy = errors.New("password: too many hashes wait")

// BusyError says that nothing was hashed because too much waits already.
type BusyError struct {
	// RetryAfter is about how long what waits now will take, at least a second.
	RetryAfter time.Duration
}

func (e *BusyError) Error() string {
	return fmt.Sprintf("%v, try again in %v", ErrBusy, e.RetryAfter)
}

func (e *BusyError) Is(target error) bool { return target == ErrBusy }

// ReserveProcs returns how many workers a Hasher should have on this machine, one a
// core, and raises GOMAXPROCS by that number. A hash does not let go of its processor
// until it is done: without spare ones everything else would wait for the workers. With
// them the kernel shares the cores out. From then on GOMAXPROCS no longer follows a CPU
// limit that changes. Call it once, when the process starts.
func ReserveProcs() (workers int) {
	workers = runtime.GOMAXPROCS(0)
	runtime.GOMAXPROCS(2 * workers)
	return workers
}

// Hasher hashes and compares passwords: a bounded number at once, while others wait in a
// short queue in the order in which they came.
//
// Hash, Verify and VerifyStandIn return a [*BusyError] at once if the queue is full, and
// after the deadline if no worker has begun by then. If ctx ends first they return its
// error, and what has not begun is never done. who says for whom they work. Nobody gets
// more than a quarter of the queue, so that one alone cannot keep the others from logging
// in; "" may have all of it.
type Hasher struct {
	params   Params
	workers  int
	deadline time.Duration
	standIn  hash
	jobs     chan *job
	share    int          // how much of the queue one who gets
	mean     atomic.Int64 // nanoseconds a job takes, lately; 0 before the first

	mu      sync.Mutex
	waiting map[string]int // jobs not begun, by whom they are for
}

// NewHasher returns a Hasher whose new hashes have params. workers is how many
// hashes run at once, queueLen how many more may wait, and deadline how long.
// It starts nothing: see Run.
func NewHasher(params Params, workers, queueLen int, deadline time.Duration) (*Hasher, error) {
	if err := params.check(); err != nil {
		return nil, err
	}
	if workers < 1 || queueLen < 1 || deadline <= 0 {
		return nil, fmt.Errorf("password: %d workers, a queue of %d and a deadline of %v are too little",
			workers, queueLen, deadline)
	}
	return &Hasher{
		params: params, workers: workers, deadline: deadline,
		standIn: params.standIn(),
		jobs:    make(chan *job, queueLen),
		share:   max(1, queueLen/4),
		waiting: map[string]int{},
	}, nil
}

// Hash returns a new hash of password. Its other errors are those of [Params.Hash].
func (h *Hasher) Hash(ctx context.Context, who, password string) (string, error) {
	password = Normalize(password)
	if err := h.params.fits(password); err != nil {
		return "", err
	}
	var phc string
	var hashErr error
	if err := h.do(ctx, who, func() { phc, hashErr = h.params.hash(password) }); err != nil {
		return "", err
	}
	return phc, hashErr
}

// Verify returns nil if the hash phc was made of password, and ErrMismatch if it was not.
// If phc is malformed it returns ErrMalformed at once.
func (h *Hasher) Verify(ctx context.Context, who, phc, password string) error {
	parsed, err := parse(phc)
	if err != nil {
		return err
	}
	return h.compare(ctx, who, parsed, password)
}

// VerifyStandIn returns ErrMismatch after as long as Verify takes with a hash that Hash
// made. Logins that have no hash to compare with call it, so that their time does not tell
// that there is none (C2).
func (h *Hasher) VerifyStandIn(ctx context.Context, who, password string) error {
	if err := h.compare(ctx, who, h.standIn, password); err != nil {
		return err
	}
	return ErrMismatch // also for the one in 2^184 that meets the random result
}

// NeedsRehash reports whether phc is of a lesser kind or cost than new hashes: see
// [Params.NeedsRehash].
func (h *Hasher) NeedsRehash(phc string) bool { return h.params.NeedsRehash(phc) }

func (h *Hasher) compare(ctx context.Context, who string, parsed hash, password string) error {
	var result error
	if err := h.do(ctx, who, func() { result = compare(parsed, password) }); err != nil {
		return err
	}
	return result
}

// job is one hash. A worker begins it or its caller leaves it, whoever is first.
type job struct {
	claimed atomic.Bool
	who     string
	work    func()
	done    chan struct{} // closed when work has returned
}

// claim reports whether the caller is the first to call it for j: the worker that begins
// the job, or whoever gives it up.
func (h *Hasher) claim(j *job) bool {
	if !j.claimed.CompareAndSwap(false, true) {
		return false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.waiting[j.who]--; h.waiting[j.who] == 0 {
		delete(h.waiting, j.who)
	}
	return true
}

// enqueue puts work into the queue as a job. It returns nil if the queue is full, or the
// share of who is.
func (h *Hasher) enqueue(who string, work func()) *job {
	j := &job{who: who, work: work, done: make(chan struct{})}
	h.mu.Lock()
	defer h.mu.Unlock()
	if who != "" && h.waiting[who] >= h.share {
		return nil
	}
	select {
	case h.jobs <- j:
		h.waiting[who]++
		return j
	default:
		return nil
	}
}

// do waits until a worker has called work. If it returns an error, work was not called,
// or it may still be running since ctx ended: then the caller must not read what it
// writes.
func (h *Hasher) do(ctx context.Context, who string, work func()) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	j := h.enqueue(who, work)
	if j == nil {
		return h.busy()
	}
	deadline := time.NewTimer(h.deadline)
	defer deadline.Stop()
	select {
	case <-j.done:
		return nil
	case <-ctx.Done():
		h.claim(j)
		return ctx.Err()
	case <-deadline.C:
		if h.claim(j) {
			return h.busy()
		}
	}
	// A worker began in time.
	select {
	case <-j.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// busy returns the error of a full queue, with about how long what waits will take.
func (h *Hasher) busy() *BusyError {
	rounds := 1 + len(h.jobs)/h.workers
	return &BusyError{RetryAfter: max(time.Second, time.Duration(h.mean.Load())*time.Duration(rounds))}
}

// Run hashes until ctx ends, and returns when the hashes begun by then are done.
// What waits then is left to its deadline, so the server's requests should end
// first. Call it once.
func (h *Hasher) Run(ctx context.Context) {
	var workers sync.WaitGroup
	for range h.workers {
		workers.Go(func() { h.worker(ctx) })
	}
	workers.Wait()
}

// worker does jobs on a thread of its own with a lower priority, so that the
// kernel lets requests go first. That holds for bcrypt. x/crypto's Argon2 hands
// even a single lane to another goroutine, which runs on any thread, with that
// thread's priority.
func (h *Hasher) worker(ctx context.Context) {
	runtime.LockOSThread() // and never unlocked: the thread ends with the worker
	lowerPriority()
	for {
		// Asked alone first: with jobs waiting too, select picks either.
		if ctx.Err() != nil {
			return
		}
		select {
		case <-ctx.Done():
			return
		case j := <-h.jobs:
			if !h.claim(j) {
				continue
			}
			begin := time.Now()
			j.work()
			h.measured(time.Since(begin))
			close(j.done)
		}
	}
}

// measured updates the mean with the duration of a job, which counts for an eighth. It
// does not matter if another worker's update is lost.
func (h *Hasher) measured(d time.Duration) {
	mean := h.mean.Load()
	if mean == 0 {
		mean = int64(d)
	}
	h.mean.Store(mean + (int64(d)-mean)/8)
}
