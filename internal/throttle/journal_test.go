package throttle

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

// The journal holds so many keys and no more, with the tries that matter, and what is
// not brought stays in it.
func TestJournal_C4_R7(t *testing.T) {
	var j journal
	hour := Limit{N: 2, Window: time.Hour}
	for i := range maxDebts + 10 {
		j.add(start, []Count{{Key: fmt.Sprint(i), Limit: hour}})
	}
	if n := len(j.debts); n != maxDebts {
		t.Errorf("%d debts, want %d", n, maxDebts)
	}
	for i := range 5 {
		j.add(start.Add(time.Hour+time.Duration(i+1)*time.Minute), []Count{{Key: "late", Limit: hour}})
	}
	broken, brought, calls := errors.New("broken"), map[string]Debt{}, 0
	bring := func(debts []Debt) error {
		if calls++; calls == 1 {
			return broken
		}
		for _, d := range debts {
			brought[d.Count.Key] = d
		}
		return nil
	}
	if err := j.settle(bring); err != broken || len(j.debts) != 1 {
		t.Errorf("brought to nobody: %v, %d debts, want 1: the others expired", err, len(j.debts))
	}
	if err := j.settle(bring); err != nil || len(j.debts) != 0 {
		t.Errorf("brought: %v, %d debts", err, len(j.debts))
	}
	if at := brought["late"].At; len(at) != 2 || !at[1].Equal(start.Add(time.Hour+5*time.Minute)) {
		t.Errorf("brought the tries at %v, want the 2 newest", at)
	}
	calls = 1
	if err := j.settle(bring); err != nil || calls != 2 {
		t.Errorf("nothing to bring: %v, asked %d times, want once, whether anything can be", err, calls-1)
	}
}
