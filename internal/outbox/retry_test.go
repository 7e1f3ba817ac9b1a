package outbox

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestServerAwayTooLong_R3(t *testing.T) {
	each(t, func(t *testing.T, x *world) {
		for range 3 {
			x.add("", "ada")
		}
		x.set(always(errAway))
		x.tick()
		x.pass(giveUpAfter - time.Minute)
		x.tick()
		x.wantOutbox("", 3, 0)
		x.pass(2 * time.Minute)
		x.tick()
		x.wantOutbox("", 0, 3)
	})
}

func TestBackoff_R3(t *testing.T) {
	each(t, func(t *testing.T, x *world) {
		x.set(always(Delayed("delayed")))
		x.add("", "ada")
		began := x.now()
		var waits []time.Duration
		for due := x.wait(); due > 0; due = x.wait() {
			waits = append(waits, due)
		}
		want := []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second, 40 * time.Second, 80 * time.Second,
			160 * time.Second, 320 * time.Second, 640 * time.Second, 1280 * time.Second, 2560 * time.Second, time.Hour, time.Hour}
		if diff := cmp.Diff(want, waits[:len(want)]); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if took := x.now().Sub(began); took < 24*time.Hour || took > 25*time.Hour {
			t.Errorf("given up after %v", took)
		}
		x.wantOutbox("", 0, 1)
	})
}

func TestBackoffAfterACut(t *testing.T) {
	each(t, func(t *testing.T, x *world) {
		x.set(always(Cut("connection dropped")))
		x.add("", "ada")
		for i, want := range []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second, 30 * time.Second, 30 * time.Second} {
			if got := x.wait(); got != want {
				t.Errorf("after try %d: %v, want %v", i, got, want)
			}
		}
	})
}

// wait ticks, lets the time pass until the row of the log's one line is due again,
// and returns how long that was; 0 if the line tells of no delay.
func (x *world) wait() time.Duration {
	x.t.Helper()
	x.tick()
	lines := x.logged()
	if len(lines) != 1 || lines[0].DueAt.IsZero() {
		return 0
	}
	due := lines[0].DueAt.Sub(x.now())
	x.pass(due)
	return due
}

// The clock is set back by hours while the mail server is away: it is looked for
// every 30 s all the same, and what waits goes when it is back.
func TestClockSetBack_R3(t *testing.T) {
	each(t, func(t *testing.T, x *world) {
		x.add("", "ada")
		x.set(always(errAway))
		x.tick()
		x.pass(-3 * time.Hour)
		x.set(nil)
		x.add("", "eve")
		if got := x.sent(); len(got) == 0 {
			t.Error("nothing was sent: the mail server is not looked for")
		}
	})
}

// What fails on our side is tried again soon, and says nothing of the
// destination.
func TestTroubleOfOurOwn(t *testing.T) {
	each(t, func(t *testing.T, x *world) {
		x.set(always(errors.New("the template is broken")))
		x.add("", "ada")
		x.tick()
		x.pass(inTrouble - time.Second)
		x.tick()
		if got := x.tried(""); got != 1 || x.w.away("") {
			t.Errorf("%d tries within 15 s, away: %v", got, x.w.away(""))
		}
		x.set(nil)
		x.pass(time.Second)
		if got := x.sent(); !slices.Equal(got, []string{"ada"}) {
			t.Errorf("after 15 s: %v", got)
		}
		x.set(always(errors.New("the template is broken")))
		x.add("", "eve")
		x.pass(giveUpAfter)
		x.tick()
		x.wantOutbox("", 0, 1)
	})
}

// Each try is told with how it ended; what only waits is not tried.
func TestEnds(t *testing.T) {
	each(t, func(t *testing.T, x *world) {
		for _, tt := range []struct {
			err  error
			want End
		}{
			{nil, EndSent}, {Delayed("busy"), EndDelayed}, {Cut("silence"), EndDelayed}, {Refused("no such mailbox"), EndGivenUp}, {Drop("nothing"), EndDropped},
			{Settled("held"), EndDropped}, {Wait(x.now().Add(time.Hour)), ""}, {errors.New("a mistake of ours"), EndDelayed}, {errAway, EndUnreachable},
		} {
			x.add("", "ada")
			x.set(always(tt.err))
			x.ends = nil
			x.tick()
			want := []string{"new_device " + string(tt.want)}
			if tt.want == "" {
				want = nil
			}
			if !slices.Equal(x.ends, want) {
				t.Errorf("%v: told %q, want %q", tt.err, x.ends, want)
			}
			for _, s := range x.outboxes { // what is left is another's
				if _, err := s.FailOldMail(t.Context(), x.now().Add(24*time.Hour), x.now().Add(24*time.Hour), "x"); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}
