package password

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func newHasher(t testing.TB, p Params, workers, queueLen int, deadline time.Duration) *Hasher {
	t.Helper()
	h, err := NewHasher(p, workers, queueLen, deadline)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// start runs h until the test ends.
func start(t testing.TB, h *Hasher) {
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { h.Run(ctx) })
	t.Cleanup(func() {
		stop()
		running.Wait()
	})
}

// begin calls do on a goroutine of its own and waits until it hangs; the
// result comes later. Only within synctest.Test.
func begin(ctx context.Context, h *Hasher, work func()) <-chan error {
	result := make(chan error, 1)
	go func() { result <- h.do(ctx, work) }()
	synctest.Wait()
	return result
}

func TestNewHasherRefuses_R7(t *testing.T) {
	for _, c := range []struct {
		params            Params
		workers, queueLen int
		deadline          time.Duration
	}{
		{cheapBcrypt, 0, 1, time.Second},
		{cheapBcrypt, 1, 0, time.Second},
		{cheapBcrypt, 1, 1, 0},
		{Params{}, 1, 1, time.Second},
		{Params{Kind: Bcrypt, Cost: 15}, 1, 1, time.Second},
		{Params{Kind: Argon2id, Memory: 1 << 20, Time: 2, Threads: 1}, 1, 1, time.Second},
	} {
		if _, err := NewHasher(c.params, c.workers, c.queueLen, c.deadline); err == nil {
			t.Errorf("%+v was taken", c)
		}
	}
}

func TestHasher_A5(t *testing.T) {
	for kind, p := range cheap {
		h := newHasher(t, p, 2, 8, time.Minute)
		start(t, h)
		ctx := t.Context()
		phc, err := h.Hash(ctx, "cafe\u0301 au lait")
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		if err := h.Verify(ctx, phc, "caf\u00e9 au lait"); err != nil {
			t.Errorf("%s: right password: %v", kind, err)
		}
		if err := h.Verify(ctx, phc, "cafe au lait"); !errors.Is(err, ErrMismatch) {
			t.Errorf("%s: wrong password: got %v, want ErrMismatch", kind, err)
		}
		if err := h.Verify(ctx, phc[1:], "caf\u00e9 au lait"); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: malformed: got %v, want ErrMalformed", kind, err)
		}
		if h.NeedsRehash(phc) {
			t.Errorf("%s: its own hash is below its parameters", kind)
		}
	}
}

func TestHasherBcrypt73Bytes_A4(t *testing.T) {
	h := newHasher(t, cheapBcrypt, 1, 1, time.Minute) // refused before the queue: not started
	_, err := h.Hash(t.Context(), strings.Repeat("x", 73))
	if e, ok := errors.AsType[*TooLongError](err); !ok || e.Limit != 72 {
		t.Errorf("got %v, want a TooLongError of 72", err)
	}
}

// The stand-in costs what a hash in force costs and is the password of nothing.
func TestStandIn_C2(t *testing.T) {
	long := strings.Repeat("x", 73)
	for kind, p := range cheap {
		real, err := parse(mustHash(t, p, "correct horse"))
		if err != nil {
			t.Fatal(err)
		}
		standIn, err := parse(p.standIn().String())
		if err != nil {
			t.Fatalf("%s: the stand-in does not parse: %v", kind, err)
		}
		if got, want := cost(standIn), cost(real); got != want {
			t.Errorf("%s: the stand-in costs %+v, a hash %+v", kind, got, want)
		}
		h := newHasher(t, p, 1, 1, time.Minute)
		start(t, h)
		for _, password := range []string{"correct horse", "", long, "\x00", "\xff"} {
			if err := h.VerifyStandIn(t.Context(), password); !errors.Is(err, ErrMismatch) {
				t.Errorf("%s: %.20q: got %v, want ErrMismatch", kind, password, err)
			}
		}
	}
}

// cost is all of a hash that its time depends on.
func cost(h hash) any {
	switch h := h.(type) {
	case argon2idHash:
		return [...]int{int(h.memory), int(h.time), int(h.threads), len(h.salt), len(h.key)}
	case bcryptHash:
		return h.cost
	}
	return nil
}

func TestQueueFull_R7(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHasher(t, cheapArgon2id, 1, 2, time.Minute)
		start(t, h)
		blocked := make(chan struct{})
		var order []int
		running := begin(t.Context(), h, func() { <-blocked })
		first := begin(t.Context(), h, func() { order = append(order, 1) })
		second := begin(t.Context(), h, func() { order = append(order, 2) })

		before := time.Now()
		err := h.VerifyStandIn(t.Context(), "correct horse")
		busy, ok := errors.AsType[*BusyError](err)
		if !ok || !errors.Is(err, ErrBusy) || busy.RetryAfter != time.Second {
			t.Errorf("got %v, want a BusyError of 1s", err)
		}
		if waited := time.Since(before); waited != 0 {
			t.Errorf("the answer took %v, want none", waited)
		}

		close(blocked)
		for i, c := range []<-chan error{running, first, second} {
			if err := <-c; err != nil {
				t.Errorf("job %d: %v", i, err)
			}
		}
		if len(order) != 2 || order[0] != 1 {
			t.Errorf("order %v, want [1 2]", order)
		}
		if err := h.VerifyStandIn(t.Context(), "correct horse"); !errors.Is(err, ErrMismatch) {
			t.Errorf("afterwards: got %v, want ErrMismatch", err)
		}
	})
}

// A job waits no longer than the deadline; one that a worker has begun is done.
func TestQueueDeadline_R7(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const deadline = 3 * time.Second
		h := newHasher(t, cheapArgon2id, 1, 8, deadline)
		start(t, h)
		running := begin(t.Context(), h, func() { <-time.After(10 * time.Second) })

		before := time.Now()
		err := h.do(t.Context(), func() { t.Error("a job was done after its deadline") })
		if !errors.Is(err, ErrBusy) {
			t.Errorf("got %v, want ErrBusy", err)
		}
		if waited := time.Since(before); waited != deadline {
			t.Errorf("waited %v, want %v", waited, deadline)
		}
		if err := <-running; err != nil {
			t.Errorf("the one that ran: %v", err)
		}
		if err := h.do(t.Context(), func() {}); err != nil {
			t.Errorf("the next: %v", err)
		}
	})
}

func TestQueueContext_R7(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHasher(t, cheapArgon2id, 1, 8, time.Minute)
		start(t, h)

		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if err := h.VerifyStandIn(ended, "correct horse"); !errors.Is(err, context.Canceled) {
			t.Errorf("ended before: got %v, want Canceled", err)
		}

		blocked := make(chan struct{})
		runCtx, cancelRunning := context.WithCancel(t.Context())
		running := begin(runCtx, h, func() { <-blocked })
		waitCtx, cancelWaiting := context.WithTimeout(t.Context(), time.Second)
		defer cancelWaiting()
		waiting := begin(waitCtx, h, func() { t.Error("a job was done after its context") })
		if err := <-waiting; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("ended while waiting: got %v, want DeadlineExceeded", err)
		}
		cancelRunning()
		if err := <-running; !errors.Is(err, context.Canceled) {
			t.Errorf("ended while running: got %v, want Canceled", err)
		}
		close(blocked)
		if err := h.do(t.Context(), func() {}); err != nil {
			t.Errorf("the next: %v", err)
		}
	})
}

func TestRetryAfter_R7(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHasher(t, cheapArgon2id, 2, 8, time.Hour)
		start(t, h)
		if err := h.do(t.Context(), func() { <-time.After(2 * time.Second) }); err != nil {
			t.Fatal(err)
		}
		blocked := make(chan struct{})
		var results []<-chan error
		for range 2 + 8 {
			results = append(results, begin(t.Context(), h, func() { <-blocked }))
		}
		err := h.do(t.Context(), func() {})
		// Eight wait for two workers: five rounds of 2 s, the one under way with it.
		if busy, ok := errors.AsType[*BusyError](err); !ok || busy.RetryAfter != 10*time.Second {
			t.Errorf("got %v, want a BusyError of 10s", err)
		}
		close(blocked)
		for _, c := range results {
			if err := <-c; err != nil {
				t.Error(err)
			}
		}
	})
}

// As many at once as there are workers, no more and no fewer.
func TestWorkers_R7(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHasher(t, cheapArgon2id, 3, 8, time.Hour)
		start(t, h)
		blocked, begun := make(chan struct{}), make(chan struct{}, 8)
		var results []<-chan error
		for range 8 {
			results = append(results, begin(t.Context(), h, func() {
				begun <- struct{}{}
				<-blocked
			}))
		}
		if n := len(begun); n != 3 {
			t.Errorf("%d jobs at once, want 3", n)
		}
		close(blocked)
		for _, c := range results {
			if err := <-c; err != nil {
				t.Error(err)
			}
		}
	})
}

// Nothing runs before Run. Run finishes what it has begun; what waits then meets
// its deadline, as does what comes later.
func TestRunEnds_R7(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHasher(t, cheapArgon2id, 1, 8, time.Minute)
		blocked, finished := make(chan struct{}), false
		running := begin(t.Context(), h, func() {
			<-blocked
			finished = true
		})
		select {
		case err := <-running:
			t.Fatalf("before Run: %v", err)
		default:
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			h.Run(ctx)
			close(ended)
		}()
		synctest.Wait()
		waiting := begin(t.Context(), h, func() { t.Error("a job was begun after the end") })
		stop()
		synctest.Wait()
		select {
		case <-ended:
			t.Error("Run returned with a job under way")
		default:
		}
		close(blocked)
		<-ended
		if err := <-running; err != nil || !finished {
			t.Errorf("what was under way: %v, finished %t", err, finished)
		}
		if err := <-waiting; !errors.Is(err, ErrBusy) {
			t.Errorf("what waited: got %v, want ErrBusy", err)
		}
		if err := h.VerifyStandIn(t.Context(), "correct horse"); !errors.Is(err, ErrBusy) {
			t.Errorf("what came later: got %v, want ErrBusy", err)
		}
	})
}

// Real hashes, more callers than places, some of whom leave.
func TestFlood_R7(t *testing.T) {
	h := newHasher(t, cheapArgon2id, 2, 4, time.Minute)
	start(t, h)
	phc := mustHash(t, cheapArgon2id, "correct horse")
	var callers sync.WaitGroup
	for i := range 64 {
		callers.Go(func() {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if i%4 == 0 {
				go cancel()
			}
			err := h.Verify(ctx, phc, "correct horse")
			if err != nil && !errors.Is(err, ErrBusy) && !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want nil, ErrBusy or Canceled", err)
			}
			if _, err := h.Hash(ctx, "correct horse"); err != nil && !errors.Is(err, ErrBusy) && !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want nil, ErrBusy or Canceled", err)
			}
		})
	}
	callers.Wait()
}
