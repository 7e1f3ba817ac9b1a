package breach

import (
	"sync"
	"time"
)

const (
	maxAnswers  = 1000      // are kept
	maxSuffixes = 2_000_000 // of all of them, in 16 MB
	keepAnswer  = time.Hour
)

// answers keeps what a service said, the newest of it.
type answers struct {
	now func() time.Time

	mu       sync.Mutex
	byPrefix map[string]*answer
	oldest   []string // the prefixes of those that are there, in the order in which they came
	suffixes int      // of all of them
}

// answer is what is known of a prefix, or will be.
type answer struct {
	done     chan struct{} // closed when what follows is set
	suffixes []uint64      // in order
	err      error
	until    time.Time
}

func newAnswers(now func() time.Time) *answers {
	return &answers{now: now, byPrefix: map[string]*answer{}}
}

// get returns the answer of a prefix. Of those who ask for one that is not there, the first
// has to put it.
func (k *answers) get(prefix string) (a *answer, first bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for len(k.oldest) > 0 && !k.now().Before(k.byPrefix[k.oldest[0]].until) {
		k.drop()
	}
	if a := k.byPrefix[prefix]; a != nil {
		return a, false
	}
	a = &answer{done: make(chan struct{})}
	k.byPrefix[prefix] = a
	return a, true
}

// put fetches an answer that get made. One that failed is told to those who wait for it,
// and not kept.
func (k *answers) put(prefix string, a *answer, fetch func() ([]uint64, error)) {
	a.suffixes, a.err = fetch()
	defer close(a.done)
	k.mu.Lock()
	defer k.mu.Unlock()
	if a.err != nil {
		delete(k.byPrefix, prefix)
		return
	}
	a.until = k.now().Add(keepAnswer)
	k.oldest = append(k.oldest, prefix)
	k.suffixes += len(a.suffixes)
	for len(k.oldest) > maxAnswers || k.suffixes > maxSuffixes {
		k.drop()
	}
}

// drop forgets the oldest.
func (k *answers) drop() {
	prefix := k.oldest[0]
	k.oldest = k.oldest[1:]
	k.suffixes -= len(k.byPrefix[prefix].suffixes)
	delete(k.byPrefix, prefix)
}
