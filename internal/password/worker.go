package password

import (
	"context"
	"sync"
	"time"
)

// Run hashes until ctx ends, and returns when the hashes begun by then are done.
// What waits then is left to its deadline, so the server's requests should end
// first. Call it once.
func (h *Hasher) Run(ctx context.Context) {
	defer context.AfterFunc(ctx, func() {
		h.mu.Lock() // or a worker that is about to wait would miss it
		defer h.mu.Unlock()
		h.ready.Broadcast()
	})()
	var workers sync.WaitGroup
	for _, m := range h.machines {
		workers.Go(func() { h.worker(ctx, m) })
	}
	workers.Wait()
}

func (h *Hasher) worker(ctx context.Context, m Machine) {
	for j := h.next(ctx); j != nil; j = h.next(ctx) {
		began := time.Now()
		j.work(m)
		took := time.Since(began)
		h.end(j, took, true)
		if h.hashed != nil {
			h.hashed(took)
		}
	}
}

// next waits for the next job that a worker has to do, and begins it. Jobs before it that
// only take time are begun, too. It returns nil when ctx has ended.
func (h *Hasher) next(ctx context.Context) *job {
	h.mu.Lock()
	defer h.mu.Unlock()
	for ctx.Err() == nil {
		j := h.queue.next()
		if j == nil {
			h.ready.Wait()
			continue
		}
		now := time.Now()
		if j.timed {
			took, ok := h.samples.draw(now)
			if ok {
				h.queue.begin(j, now)
				time.AfterFunc(took, func() { h.end(j, took, false) })
				continue
			}
			j.timed = false // a stand-in for once, to learn what a hash takes now
		}
		h.queue.begin(j, now)
		return j
	}
	return nil
}

// end lets the caller of a job go on, after the job took a while. hashed says whether a
// worker did it.
func (h *Hasher) end(j *job, took time.Duration, hashed bool) {
	h.mu.Lock()
	h.queue.end(j, took, time.Now())
	if hashed {
		h.queue.measured(took)
		if j.usual {
			h.samples.add(took, time.Now())
		}
	}
	h.ready.Broadcast() // a client may have another one under way
	h.mu.Unlock()
	close(j.done)
}
