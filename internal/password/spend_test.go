package password

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Those that only take time take as long as hashes, as many at once as there are
// workers, and leave the workers to others.
func TestSpend_C2_R7(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHasher(t, cheapArgon2id, 2, 128, time.Minute)
		h.samples.add(time.Second, time.Now())
		start(t, h)
		began := time.Now()
		ended := make(chan time.Duration, 6)
		for range 6 {
			go func() {
				if err := h.Spend(t.Context(), Caller{Known: true, Client: "guesser"}); err != nil {
					t.Error(err)
				}
				ended <- time.Since(began)
			}()
		}
		synctest.Wait()
		for range 8 {
			if err := work(t.Context(), h, Caller{Known: true, Client: "colleague"}, func() { <-time.After(100 * time.Millisecond) }); err != nil {
				t.Error(err)
			}
		}
		if took := time.Since(began); took != 800*time.Millisecond {
			t.Errorf("eight of a colleague's took %v, want 800 ms", took)
		}
		for i := range 6 {
			if took, want := <-ended, time.Duration(1+i/2)*time.Second; took != want {
				t.Errorf("number %d took %v, want %v", i, took, want)
			}
		}
	})
}

// How long they take is learned from hashes, of which one is made if there was none
// lately, and no more.
func TestSamples_C2_R7(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHasher(t, cheapArgon2id, 1, 128, time.Minute)
		h.samples.add(time.Second, time.Now())
		start(t, h)
		spend := func() time.Duration {
			began := time.Now()
			if err := h.Spend(t.Context(), Caller{Known: true, Client: "guesser"}); err != nil {
				t.Error(err)
			}
			return time.Since(began)
		}
		if took := spend(); took != time.Second || h.samples.n != 1 {
			t.Errorf("took %v and made %d hashes", took, h.samples.n-1)
		}
		<-time.After(8 * time.Second)
		if spend(); h.samples.n != 2 {
			t.Errorf("%d hashes were made when the last was old, want one", h.samples.n-1)
		}
		for i := range 2 * len(h.samples.took) {
			h.samples.add(time.Duration(2+i%2)*time.Second, time.Now())
		}
		var seen [4]int
		for range 100 {
			seen[spend()/time.Second]++
			h.samples.last = time.Now()
		}
		if seen[2]+seen[3] != 100 || seen[2] < 20 || seen[3] < 20 {
			t.Errorf("of 100, %d took 2 s and %d took 3 s, want half and half", seen[2], seen[3])
		}
	})
}

// While the client's turn would be others', one that only takes time gives way to
// hashes, and there are never more than a quarter of the room.
func TestSpendersGiveWay_C5_R7(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newTurns(t, 8)
		office := Caller{Known: true, Network: "office", Client: "office"}
		spend := func() <-chan error {
			result := make(chan error, 1)
			go func() { result <- q.Spend(t.Context(), office) }()
			synctest.Wait()
			return result
		}
		first, second := spend(), spend()
		if err := <-spend(); !errors.Is(err, ErrBusy) {
			t.Errorf("a third of a quarter that is two: got %v, want ErrBusy", err)
		}
		for range 7 {
			q.wait(t, office, time.Second)
		}
		if err := <-second; !errors.Is(err, ErrBusy) {
			t.Errorf("who was to give way to a hash: got %v, want ErrBusy", err)
		}
		mustBe(t, q.done(t), strings.TrimSpace(strings.Repeat("office ", 7)))
		if err := <-first; err != nil {
			t.Error(err)
		}
	})
}
