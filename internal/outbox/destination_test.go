package outbox

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var errAway = Unreachable("mail server unreachable")

// onlyDead is how destinations meet rows where those named dead do so and the
// others take them.
func onlyDead(meet func(ctx context.Context) error) func(context.Context, string, string) error {
	return func(ctx context.Context, to, _ string) error {
		if to[:4] == "dead" {
			return meet(ctx)
		}
		return nil
	}
}

func TestAwayDelaysNoOther(t *testing.T) {
	x := several(t, 4, 2, "dead", "well")
	x.set(onlyDead(func(context.Context) error { return errAway }))
	const n = 6
	for i := range n {
		x.add("dead", fmt.Sprint("dead", i))
		x.add("well", fmt.Sprint("well", i))
	}
	if got := x.sent(); len(got) != n {
		t.Fatalf("at once: %v, want all that goes to the other", got)
	}
	x.wantOutbox("dead", n, 0)
	x.tried("dead")
	for range 5 { // within 30 s nobody tries again
		x.pass(5 * time.Second)
		x.add("well", "later")
		if got := x.sent(); len(got) != 1 {
			t.Errorf("while one is away: %v, want the row of the other", got)
		}
	}
	if got := x.tried("dead"); got != 0 {
		t.Errorf("%d tries within 30 s", got)
	}
	for range 10 {
		x.pass(probeEvery)
		x.tick()
	}
	if got := x.tried("dead"); got != 10 {
		t.Errorf("%d probes, want 10", got)
	}
	x.set(nil)
	x.pass(probeEvery)
	if got := x.sent(); len(got) != n {
		t.Errorf("when it is back: %v", got)
	}
	x.wantOutbox("dead", 0, 0)

	var states []string
	for _, l := range x.logged() {
		if l.Message != "mail sent" {
			states = append(states, l.Level+" "+l.Message+" "+l.Destination+" "+l.Reason)
		}
	}
	want := []string{"warn mail server away, the outbox waits dead mail server unreachable", "info mail server back dead "}
	if diff := cmp.Diff(want, states); diff != "" {
		t.Errorf("each change of state once (-want +got):\n%s", diff)
	}
}

func TestHangDelaysNoOther(t *testing.T) {
	x := several(t, 4, 2, "dead", "well")
	hung, hang := make(chan struct{}, 100), make(chan struct{})
	release := sync.OnceFunc(func() { close(hang) })
	defer release()
	x.set(onlyDead(func(context.Context) error { hung <- struct{}{}; <-hang; return nil }))
	const n = 12
	for i := range n {
		x.add("dead", fmt.Sprint("dead", i))
		x.add("well", fmt.Sprint("well", i))
	}
	cancel, ended := x.run()
	for range n {
		if got := next(t, x.arrived, "the rows of the other"); got[:4] != "well" {
			t.Errorf("%s arrived", got)
		}
	}
	for range 2 {
		next(t, hung, "a row that hangs")
	}
	if got := x.tried("dead"); got != 2 {
		t.Errorf("%d hands for a destination that hangs, want 2", got)
	}
	release()
	for range n {
		next(t, x.arrived, "the rows of the one that hung")
	}
	cancel()
	next(t, ended, "Run to end")
	x.wantOutbox("dead", 0, 0)
	x.wantOutbox("well", 0, 0)
}

// However many are away and hang when they are probed, half of the hands are for
// those that are not.
func TestProbesLeaveHands(t *testing.T) {
	dead := []string{"dead0", "dead1", "dead2", "dead3", "dead4"}
	x := several(t, 4, 2, append(dead, "well")...)
	x.set(onlyDead(func(context.Context) error { return errAway }))
	for _, to := range dead {
		x.add(to, to)
	}
	x.tick()
	hung, hang := make(chan struct{}, 100), make(chan struct{})
	release := sync.OnceFunc(func() { close(hang) })
	defer release()
	x.set(onlyDead(func(context.Context) error { hung <- struct{}{}; <-hang; return nil }))
	x.pass(probeEvery)
	x.run()
	for range 2 {
		next(t, hung, "a probe")
	}
	const n = 12
	for i := range n {
		x.add("well", fmt.Sprint("well", i))
	}
	x.w.Wake()
	for range n {
		next(t, x.arrived, "the rows of the other")
	}
	if len(hung) > 0 {
		t.Errorf("%d probes more than 2 at once", len(hung))
	}
	release()
	for range dead {
		next(t, x.arrived, "the rows of those that hung")
	}
}

// Those that are not away come first, the others by who was not probed for
// longest.
func TestOrder(t *testing.T) {
	x := several(t, 4, 2, "a", "b", "c", "d")
	for to, ago := range map[string]time.Duration{"a": time.Second, "c": time.Minute} {
		d := x.w.at(to)
		d.away, d.probeAt = true, x.now().Add(-ago)
	}
	due := []string{"a", "b", "c", "d"}
	if x.w.order(due); !slices.Equal(due, []string{"b", "d", "c", "a"}) {
		t.Errorf("got %v", due)
	}
}
