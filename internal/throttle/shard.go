package throttle

import (
	"math/rand/v2"
	"slices"
	"sync"
)

const (
	// sweepStep is how many entries each call looks at to drop expired ones. It is more
	// than the one entry that a call may add, so the sweep keeps up with any flood.
	sweepStep = 2

	// sampleSize is how many entries are picked, to drop the least used of them, where
	// there is no room. More make a better choice, and calls slower in a flood.
	sampleSize = 8

	// minShrink is how much room, in entries, a shard must have before it gives memory
	// back.
	minShrink = 256
)

// A shard holds a part of the keys. The entries lie side by side, so that one
// can be picked at random, and index says where each key's is.
type shard struct {
	mu       sync.Mutex
	index    map[uint64]int32
	entries  []entry
	hand     int // where the sweep goes on
	bytes    int // of all entries
	maxBytes int
}

func (s *shard) take(key uint64, now int64, l Limit) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep(now)
	i, ok := s.index[key]
	if !ok {
		//lint:ignore G115 maxBytes keeps a shard far below 2^31 entries
		i = int32(len(s.entries))
		s.index[key] = i
		s.entries = append(s.entries, entry{key: key})
		s.bytes += entryBytes
	}
	e := &s.entries[i]
	before := e.bytes()
	wait := e.take(now, l)
	s.bytes += e.bytes() - before
	for s.bytes > s.maxBytes && len(s.entries) > 1 {
		s.evict(key, now)
	}
	return wait
}

// look says what take would, and changes nothing.
func (s *shard) look(key uint64, now int64, l Limit) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, ok := s.index[key]
	if !ok {
		return 0
	}
	e := s.entries[i]
	e.log = slices.Clone(e.log)
	return e.take(now, l)
}

func (s *shard) giveBack(key uint64, now int64, l Limit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, ok := s.index[key]
	if !ok {
		return
	}
	e := &s.entries[i]
	e.giveBack(l.Window)
	if e.until <= now {
		s.remove(int(i))
	}
}

// sweep drops expired entries among the next few.
func (s *shard) sweep(now int64) {
	for range min(sweepStep, len(s.entries)) {
		if s.hand >= len(s.entries) {
			s.hand = 0
		}
		if s.entries[s.hand].until <= now {
			s.remove(s.hand) // another takes its place and is next
		} else {
			s.hand++
		}
	}
}

// evict drops one entry other than key's: of a few picked at random, the one with the
// fewest tries that still count, and among equals the one that expires first.
func (s *shard) evict(key uint64, now int64) {
	worst := -1
	var fewest int64
	for range sampleSize {
		//lint:ignore G404 a sample of what to forget; the keys are hashed with a secret seed
		i := rand.IntN(len(s.entries))
		e := &s.entries[i]
		if e.key == key {
			continue
		}
		n := e.tries(now)
		if worst < 0 || n < fewest || n == fewest && e.until < s.entries[worst].until {
			worst, fewest = i, n
		}
	}
	if worst >= 0 {
		s.remove(worst)
	}
}

// remove takes entry i out and gives memory back once most of it is unused.
func (s *shard) remove(i int) {
	s.bytes -= s.entries[i].bytes()
	delete(s.index, s.entries[i].key)
	last := len(s.entries) - 1
	if i != last {
		s.entries[i] = s.entries[last]
		//lint:ignore G115 as in take
		s.index[s.entries[i].key] = int32(i)
	}
	s.entries[last] = entry{}
	s.entries = s.entries[:last]

	if room := cap(s.entries); room >= minShrink && len(s.entries) < room/4 {
		s.entries = append(make([]entry, 0, room/2), s.entries...)
		s.index = make(map[uint64]int32, room/2)
		for i := range s.entries {
			s.index[s.entries[i].key] = int32(i)
		}
	}
}
