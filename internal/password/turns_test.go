package password

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// turns is a Hasher with one worker, who is busy until the test lets him, and what
// was done by then.
type turns struct {
	*Hasher
	free    chan struct{}
	running <-chan error
	order   []string
	results []<-chan error
}

func newTurns(t *testing.T, room int) *turns {
	q := &turns{Hasher: newHasher(t, cheapArgon2id, 1, room, time.Hour), free: make(chan struct{})}
	start(t, q.Hasher)
	// What a hash takes is known.
	if err := work(t.Context(), q.Hasher, Caller{Client: "before"}, func() { <-time.After(time.Second) }); err != nil {
		t.Fatal(err)
	}
	q.running = begin(t.Context(), q.Hasher, func() { <-q.free })
	return q
}

// wait adds a job that takes a while.
func (q *turns) wait(t *testing.T, who Caller, took time.Duration) {
	q.results = append(q.results, beginFor(t.Context(), q.Hasher, who, func() {
		<-time.After(took)
		q.order = append(q.order, who.Client)
	}))
}

// done lets the worker work until nobody waits, and returns whose turn it was one
// after the other.
func (q *turns) done(t *testing.T) []string {
	t.Helper()
	close(q.free)
	for _, r := range append(q.results, q.running) {
		if err := <-r; err != nil && !errors.Is(err, ErrBusy) {
			t.Error(err)
		}
	}
	if n := len(q.queue.jobs); n != 0 {
		t.Errorf("%d jobs still wait", n)
	}
	for at, turn := range q.queue.turns {
		if turn.waiting != 0 || turn.timed != 0 || turn.running != 0 {
			t.Errorf("%+v of %+v is not over", turn, at)
		}
	}
	return q.order
}

func mustBe(t *testing.T, got []string, want string) {
	t.Helper()
	if got := strings.Join(got, " "); got != want {
		t.Errorf("order\n%s, want\n%s", got, want)
	}
}

func home(client string) Caller { return Caller{Network: client, Client: client} }

// Who comes when others wait already goes before all that these want beyond their
// first, and where there is no room, the last of those who want most gives way.
func TestClientsTakeTurns_R7(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newTurns(t, 8)
		for range 6 {
			q.wait(t, home("a"), time.Second)
		}
		for range 2 {
			q.wait(t, home("b"), time.Second)
		}
		q.wait(t, home("owner"), time.Second)
		select {
		case err := <-q.results[5]:
			if !errors.Is(err, ErrBusy) || !errors.Is(err, ErrNotBegun) {
				t.Errorf("who gave way: got %v, want ErrBusy", err)
			}
		default:
			t.Fatal("nobody gave way")
		}
		q.results = slices.Delete(q.results, 5, 6)
		mustBe(t, q.done(t), "b owner a b a a a a")
	})
}

// A network of many clients has no more than one of one.
func TestNetworksTakeTurns_R7(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newTurns(t, 100)
		for _, client := range strings.Fields("a b c d") {
			q.wait(t, Caller{Network: "one", Client: client}, time.Second)
			q.wait(t, Caller{Network: "one", Client: client}, time.Second)
		}
		for range 4 {
			q.wait(t, home("e"), time.Second)
		}
		mustBe(t, q.done(t), "a e b e c e d e a b c d")
	})
}

// Half of the time is kept for those who are known, and no more.
func TestKnownHaveHalf_R7(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newTurns(t, 100)
		for _, client := range strings.Fields("a b c d") {
			q.wait(t, home(client), time.Second)
		}
		for _, client := range strings.Fields("K L M N O P") {
			q.wait(t, Caller{Known: true, Network: client, Client: client}, time.Second)
		}
		mustBe(t, q.done(t), "a K b L c M d N O P")
	})
}

// What is shared out is time: who has hashes that take four times as long has one
// for four.
func TestTurnsAreTime_R7(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newTurns(t, 100)
		for range 3 {
			q.wait(t, home("slow"), 4*time.Second)
		}
		for range 8 {
			q.wait(t, home("quick"), time.Second)
		}
		got := strings.Join(q.done(t), " ")
		if first := strings.Split(got, "slow"); strings.Count(first[1], "quick") != 4 {
			t.Errorf("order %s, want four of the quick between two of the slow", got)
		}
	})
}

// What waits is what can be done in time.
func TestRoomIsTime_R7(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHasher(t, cheapArgon2id, 1, 128, 2500*time.Millisecond)
		start(t, h)
		if err := work(t.Context(), h, Caller{}, func() { <-time.After(250 * time.Millisecond) }); err != nil {
			t.Fatal(err)
		}
		blocked := make(chan struct{})
		running := begin(t.Context(), h, func() { <-blocked })
		var waiting []<-chan error
		for range 10 {
			waiting = append(waiting, begin(t.Context(), h, func() {}))
		}
		if err := work(t.Context(), h, Caller{}, func() {}); !errors.Is(err, ErrBusy) {
			t.Errorf("the eleventh: got %v, want ErrBusy", err)
		}
		close(blocked)
		for _, c := range append(waiting, running) {
			if err := <-c; err != nil {
				t.Error(err)
			}
		}
	})
}

// Who asks over and over while there is no room goes behind those who do not.
func TestAskingInVain_R7(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newTurns(t, 4)
		for range 50 {
			for _, client := range strings.Fields("a b c d e f") {
				q.wait(t, home(client), time.Second)
			}
		}
		q.wait(t, home("owner"), time.Second)
		if got := q.done(t); got[0] != "owner" || len(got) != 4 {
			t.Errorf("order %v, want the owner and three others", got)
		}
	})
}

// A job whose caller left is gone, with its place.
func TestLeavingEmptiesThePlace_R7(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newTurns(t, 2)
		ctx, leave := context.WithCancel(t.Context())
		for range 2 {
			q.results = append(q.results, beginFor(ctx, q.Hasher, home("gone"), func() { t.Error("a job was done whose caller left") }))
		}
		leave()
		synctest.Wait()
		for _, r := range q.results {
			if err := <-r; !errors.Is(err, context.Canceled) || !errors.Is(err, ErrNotBegun) {
				t.Errorf("got %v, want Canceled, not begun", err)
			}
		}
		q.results = nil
		q.wait(t, home("a"), time.Second)
		q.wait(t, home("b"), time.Second)
		mustBe(t, q.done(t), "a b")
	})
}

// Nothing is kept of those who called long ago.
func TestTurnsAreForgotten_R7(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHasher(t, cheapArgon2id, 1, 8, time.Minute)
		start(t, h)
		for i := range 100 {
			if err := work(t.Context(), h, home(strconv.Itoa(i)), func() {}); err != nil {
				t.Fatal(err)
			}
		}
		<-time.After(memory + time.Second)
		if err := work(t.Context(), h, home("new"), func() {}); err != nil {
			t.Fatal(err)
		}
		if n := len(h.queue.turns); n != 1+1+2 {
			t.Errorf("%d turns are remembered, want those of the whole, a half, a network and a client", n)
		}
	})
}
