package outbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"
)

func TestWorkersShareTheOutbox(t *testing.T) {
	each(t, func(t *testing.T, x *world) {
		const n = 40
		for i := range n {
			x.add("", fmt.Sprint("p", i))
		}
		var wg sync.WaitGroup
		for range 3 {
			other := x.worker(4, 4)
			wg.Go(func() {
				if err := other.Tick(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		got := x.sent()
		slices.Sort(got)
		if len(got) != n || len(slices.Compact(got)) != n {
			t.Errorf("%d rows, want %d, each once", len(got), n)
		}
		x.wantOutbox("", 0, 0)
	})
}

func TestRunWakesAndDrains_R5(t *testing.T) {
	x := several(t, 4, 4, "")
	cancel, ended := x.run()
	x.add("", "first")
	x.w.Wake()
	next(t, x.arrived, "the first row")

	// One that hangs does not stop the others, and is finished before Run ends.
	hang := make(chan struct{})
	release := sync.OnceFunc(func() { close(hang) })
	defer release()
	x.set(func(_ context.Context, _, name string) error {
		if name == "slow" {
			<-hang
		}
		return nil
	})
	x.add("", "slow")
	x.w.Wake()
	for i := range 8 {
		x.add("", fmt.Sprint("quick", i))
		x.w.Wake()
	}
	for range 8 {
		next(t, x.arrived, "the quick rows")
	}
	cancel()
	x.add("", "late")
	release()
	next(t, ended, "Run to end")
	// The late one came while Run was ending: it was sent or waits for the next start.
	x.mu.Lock()
	defer x.mu.Unlock()
	o, err := x.outboxes[""].Outbox(t.Context(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if got := x.delivered; !slices.Contains(got, "slow") || len(got)+int(o.Waiting) != 11 || (o.Waiting == 1) == slices.Contains(got, "late") {
		t.Errorf("%d wait, got %v", o.Waiting, got)
	}
}

func TestBrokenOffMailGoesBack_R5(t *testing.T) {
	x := several(t, 4, 4, "")
	hung := make(chan struct{})
	x.set(func(ctx context.Context, _, _ string) error {
		close(hung)
		<-ctx.Done()
		return errAway
	})
	x.add("", "slow")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- x.w.Tick(ctx) }()
	next(t, hung, "the row")
	cancel()
	if err := next(t, ended, "Tick"); !errors.Is(err, context.Canceled) {
		t.Errorf("Tick: got %v", err)
	}
	if x.w.away("") {
		t.Error("it was taken for the server's fault")
	}
	rows, err := x.outboxes[""].ClaimMail(t.Context(), x.now(), x.now().Add(lease), 1, false)
	if err != nil || len(rows) != 1 || rows[0].Attempts != 0 {
		t.Errorf("back in the outbox: got %+v, %v", rows, err)
	}
}

// A Worker may be woken before it runs, and as often as one likes.
func TestWakeNeverBlocks(t *testing.T) {
	w := several(t, 1, 1, "").w
	for range 3 {
		w.Wake()
	}
	if len(w.wake) != 1 {
		t.Errorf("%d wake-ups wait, want 1", len(w.wake))
	}
}

func TestNewWantsAll(t *testing.T) {
	x := several(t, 4, 4, "")
	for name, change := range map[string]func(c *Config){
		"nothing":         func(c *Config) { *c = Config{} },
		"no rows":         func(c *Config) { c.Rows = Rows{} },
		"no hands":        func(c *Config) { c.Hands, c.HandsEach = 0, 0 },
		"more than hands": func(c *Config) { c.HandsEach = c.Hands + 1 },
	} {
		c := x.w.c
		change(&c)
		if _, err := New(c); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
