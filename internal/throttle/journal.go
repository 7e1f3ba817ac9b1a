package throttle

import (
	"slices"
	"sync"
	"time"
)

const (
	// maxDebts bounds the journal. Whatever more keys are used while Redis is away is
	// only known to this process. With short keys it is some 30 MB.
	maxDebts = 100_000

	// bringAtOnce is how many debts are brought by one call.
	bringAtOnce = 500
)

// A Debt is what Redis lacks of one key.
type Debt struct {
	Count Count
	Back  int         // how many tries that it counted were given back
	At    []time.Time // when tries were let through without it, the newest N
}

// A journal has what Redis lacks. The zero value is one that is empty.
type journal struct {
	mu    sync.Mutex
	debts map[Count]*Debt
	swept time.Time // when those that do not matter any more were dropped
}

// add notes tries that were let through.
func (j *journal) add(now time.Time, counts []Count) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, c := range counts {
		d := j.debt(now, c)
		if d == nil {
			continue
		}
		d.At = append(d.At, now)
		if over := len(d.At) - c.Limit.N; over > 0 { // older ones say nothing beside N newer ones
			d.At = slices.Delete(d.At, 0, over)
		}
	}
}

// giveBack notes that the latest try of each of counts was given back.
func (j *journal) giveBack(now time.Time, counts []Count) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, c := range counts {
		d := j.debt(now, c)
		switch {
		case d == nil:
		case len(d.At) == 0:
			d.Back = min(d.Back+1, c.Limit.N)
		default:
			d.At = d.At[:len(d.At)-1]
			if len(d.At) == 0 && d.Back == 0 {
				delete(j.debts, c)
			}
		}
	}
}

// debt returns that of a key, or nil if there is no room for it.
func (j *journal) debt(now time.Time, c Count) *Debt {
	c.Look = false
	if d := j.debts[c]; d != nil {
		return d
	}
	if len(j.debts) >= maxDebts && now.Sub(j.swept).Abs() > time.Minute {
		j.swept = now
		for c, d := range j.debts {
			if n := len(d.At); n == 0 || d.At[n-1].Before(now.Add(-c.Limit.Span())) {
				delete(j.debts, c)
			}
		}
	}
	if len(j.debts) >= maxDebts {
		return nil
	}
	if j.debts == nil {
		j.debts = map[Count]*Debt{}
	}
	d := &Debt{Count: c}
	j.debts[c] = d
	return d
}

// settle has bring be told all debts, some at once and at least once, and drops those that
// it took.
func (j *journal) settle(bring func([]Debt) error) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	for {
		some := make([]Debt, 0, min(bringAtOnce, len(j.debts)))
		for _, d := range j.debts {
			if some = append(some, *d); len(some) == bringAtOnce {
				break
			}
		}
		if err := bring(some); err != nil {
			return err
		}
		for _, d := range some {
			delete(j.debts, d.Count)
		}
		if len(j.debts) == 0 {
			return nil
		}
	}
}
