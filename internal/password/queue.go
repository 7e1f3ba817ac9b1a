package password

import (
	"cmp"
	"slices"
	"time"
)

// A Caller says for whom a hash is. The queue shares the workers out by it.
type Caller struct {
	Known   bool   // the client or the device is known to the account, or nobody from outside asks
	Network string // such as the /56 of an IPv6 address
	Client  string // in it, such as its /64
}

// queue holds the jobs that wait and says whose turn it is. Hasher locks it.
//
// The workers' time is shared out on three levels: half for callers who are known
// and half for strangers, as long as both wait; of each half as much for every
// network, and of that as much for every client. Who had least goes first. Where
// there is no room for one more, the job that would come last gives way. Whose job
// that is has asked in vain, which counts a little too: who asks over and over
// shall not go before those who come seldom.
type queue struct {
	workers  int
	most     int           // jobs that may wait,
	deadline time.Duration // and no more than are done in this time
	mean     time.Duration // a job takes, lately; 0 before the first

	jobs  []*job // that wait, in the order they came
	came  int    // so far
	turns map[place]*turn
	swept time.Time
}

// A turn says how much of the workers' time one sharer had: a half, a network or a client.
// It counts as start-time fair queueing does: who comes back begins where the others are,
// so that nobody saves up.
type turn struct {
	above            *turn         // nil for the whole
	had              time.Duration // of the workers' time
	clock            time.Duration // what the last whose turn it was below had had then
	waiting, running int           // jobs of its own or below it
	timed            int           // of those that wait, which only take time
	used             time.Time
}

// place is where a turn stands: 1 is a half, 2 a network, 3 a client.
type place struct {
	level int
	who   Caller
}

const (
	levels   = 3
	memory   = time.Minute // how long somebody who had a turn is remembered
	maxTurns = 1 << 14     // beyond which only those who wait are
)

func newQueue(workers, most int, deadline time.Duration) queue {
	return queue{workers: workers, most: most, deadline: deadline, turns: map[place]*turn{{}: {}}}
}

// room is how many jobs may wait.
func (q *queue) room() int {
	if q.mean == 0 {
		return q.most
	}
	return min(q.most, max(q.workers, int(q.deadline/q.mean)*q.workers))
}

// enter lets a job wait, and returns the one that gives way for it: j itself, or
// another, or nil.
func (q *queue) enter(j *job, now time.Time) (out *job) {
	q.sweep(now)
	q.came++
	j.turns, j.came = q.path(j.who), q.came
	for _, t := range j.turns {
		if t.waiting+t.running == 0 {
			t.had = max(t.had, t.above.clock)
		}
		t.used = now
	}
	q.count(j, 1)
	q.jobs = append(q.jobs, j)
	switch client := j.turns[levels-1]; {
	case client.timed > max(1, q.room()/4): // they must not keep those waiting who are behind the same address
		out = j
	case len(q.jobs) > q.room():
		out = slices.MaxFunc(q.jobs, q.later)
	default:
		return nil
	}
	q.remove(out)
	for _, t := range out.turns[1:] {
		t.had = max(t.had, min(t.had+q.mean/8, t.above.clock+q.deadline))
	}
	return out
}

// next takes the job whose turn it is out of those that wait; nil if there is none.
// A client never has more under way than there are workers, of jobs that only take
// time too, so that many at once take as long as hashes would.
func (q *queue) next() (first *job) {
	for _, j := range q.jobs {
		if j.turns[levels-1].running < q.workers && (first == nil || sooner(j, first)) {
			first = j
		}
	}
	q.remove(first)
	return first
}

// begin has a job be under way that next returned. What it will take is guessed
// until it ends, so that its caller's next does not come at once.
func (q *queue) begin(j *job, now time.Time) {
	for _, t := range j.turns {
		t.above.clock = max(t.above.clock, t.had)
		t.running++
		t.used = now
	}
	j.guess = q.mean
	j.charge(j.guess)
}

// end notes what a job that is done took.
func (q *queue) end(j *job, took time.Duration, now time.Time) {
	for _, t := range j.turns {
		t.running--
		t.used = now
	}
	j.charge(took - j.guess)
}

// remove reports whether a job waited, which it no longer does.
func (q *queue) remove(j *job) bool {
	i := slices.Index(q.jobs, j)
	if i < 0 {
		return false
	}
	q.jobs = slices.Delete(q.jobs, i, i+1)
	q.count(j, -1)
	return true
}

func (q *queue) count(j *job, n int) {
	for _, t := range j.turns {
		t.waiting += n
		if j.timed {
			t.timed += n
		}
	}
}

// charge has the callers of a job have had d. One that only takes time costs no
// worker, and so nothing of its half.
func (j *job) charge(d time.Duration) {
	for i, t := range j.turns {
		if i > 0 || !j.timed {
			t.had += d
		}
	}
}

// sooner reports whether it is a's turn before b's, where b came first.
func sooner(a, b *job) bool {
	for i, t := range a.turns {
		if t != b.turns[i] {
			return t.had < b.turns[i].had
		}
	}
	return false
}

// later orders jobs by which would come last if no more came.
func (q *queue) later(a, b *job) int {
	for i, t := range a.turns {
		if u := b.turns[i]; t != u {
			return cmp.Or(cmp.Compare(q.until(t), q.until(u)), cmp.Compare(a.came, b.came))
		}
	}
	switch { // of one client
	case a.timed && !b.timed:
		return 1
	case b.timed && !a.timed:
		return -1
	}
	return cmp.Compare(a.came, b.came)
}

// until is what a turn will have had with all that waits.
func (q *queue) until(t *turn) time.Duration { return t.had + time.Duration(t.waiting)*q.mean }

// path returns the turns of a caller, from the half down to the client.
func (q *queue) path(who Caller) (turns [levels]*turn) {
	above := q.turns[place{}]
	for i, who := range [levels]Caller{{Known: who.Known}, {Known: who.Known, Network: who.Network}, who} {
		at := place{1 + i, who}
		if q.turns[at] == nil {
			q.turns[at] = &turn{above: above}
		}
		above = q.turns[at]
		turns[i] = above
	}
	return turns
}

// sweep forgets who had a turn long ago. Who is above others was last of use when
// one of them was, so none is forgotten that others hang on.
func (q *queue) sweep(now time.Time) {
	crowded := len(q.turns) > maxTurns
	if !crowded && now.Sub(q.swept) < memory {
		return
	}
	q.swept = now
	for at, t := range q.turns {
		if at.level > 1 && t.waiting+t.running == 0 && (crowded || now.Sub(t.used) > memory) {
			delete(q.turns, at)
		}
	}
}

// measured makes what a job took an eighth of the mean.
func (q *queue) measured(took time.Duration) {
	if q.mean == 0 {
		q.mean = took
	}
	q.mean += (took - q.mean) / 8
}
