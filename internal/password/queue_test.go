package password

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// begin calls do on a goroutine of its own and waits until it hangs; the
// result comes later. Only within synctest.Test.
func begin(ctx context.Context, h *Hasher, f func()) <-chan error {
	return beginFor(ctx, h, Caller{}, f)
}

func beginFor(ctx context.Context, h *Hasher, who Caller, f func()) <-chan error {
	result := make(chan error, 1)
	go func() { result <- work(ctx, h, who, f) }()
	synctest.Wait()
	return result
}

// work has a worker call f.
func work(ctx context.Context, h *Hasher, who Caller, f func()) error {
	return h.do(ctx, &job{who: who, work: func(Machine) { f() }})
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
		err := h.VerifyStandIn(t.Context(), Caller{Known: true}, "correct horse")
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
		if err := h.VerifyStandIn(t.Context(), Caller{Known: true}, "correct horse"); !errors.Is(err, ErrMismatch) {
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
		err := work(t.Context(), h, Caller{}, func() { t.Error("a job was done after its deadline") })
		if !errors.Is(err, ErrBusy) {
			t.Errorf("got %v, want ErrBusy", err)
		}
		if waited := time.Since(before); waited != deadline {
			t.Errorf("waited %v, want %v", waited, deadline)
		}
		if err := <-running; err != nil {
			t.Errorf("the one that ran: %v", err)
		}
		if err := work(t.Context(), h, Caller{}, func() {}); err != nil {
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
		if err := h.VerifyStandIn(ended, Caller{Known: true}, "correct horse"); !errors.Is(err, context.Canceled) {
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
		if err := work(t.Context(), h, Caller{}, func() {}); err != nil {
			t.Errorf("the next: %v", err)
		}
	})
}

func TestRetryAfter_R7(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHasher(t, cheapArgon2id, 2, 8, time.Hour)
		start(t, h)
		if err := work(t.Context(), h, Caller{}, func() { <-time.After(2 * time.Second) }); err != nil {
			t.Fatal(err)
		}
		blocked := make(chan struct{})
		var results []<-chan error
		for range 2 + 8 {
			results = append(results, begin(t.Context(), h, func() { <-blocked }))
		}
		err := work(t.Context(), h, Caller{}, func() {})
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
		if err := h.VerifyStandIn(t.Context(), Caller{Known: true}, "correct horse"); !errors.Is(err, ErrBusy) {
			t.Errorf("what came later: got %v, want ErrBusy", err)
		}
	})
}

// Whoever watches is told how long each hash took, without its wait, and can see how many
// wait and were told to come again.
func TestLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHasher(t, cheapArgon2id, 1, 1, time.Minute)
		took := make(chan time.Duration, 2)
		h.Watch(func(d time.Duration) { took <- d })
		start(t, h)
		second := func() { time.Sleep(time.Second) }
		blocked := make(chan struct{})
		first := begin(t.Context(), h, func() { <-blocked; second() })
		next := begin(t.Context(), h, second)
		if got, want := h.Load(), (Load{Workers: 1, Waiting: 1}); got != want {
			t.Errorf("one waits: %+v", got)
		}
		if err := <-begin(t.Context(), h, second); !errors.Is(err, ErrBusy) {
			t.Errorf("the third: %v", err)
		}
		close(blocked)
		if err := errors.Join(<-first, <-next); err != nil {
			t.Error(err)
		}
		if got, want := h.Load(), (Load{Workers: 1, Refused: 1}); got != want {
			t.Errorf("at the end: %+v", got)
		}
		if a, b := <-took, <-took; a != time.Second || b != time.Second {
			t.Errorf("told %v and %v", a, b)
		}
	})
}
