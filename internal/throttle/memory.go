package throttle

import (
	"context"
	"hash/maphash"
	"time"
)

const (
	// shardCount is how many parts the keys are divided into, each with a lock of its
	// own, so that requests on several cores rarely wait for each other. Tidying one part
	// takes well under 1 ms.
	shardCount = 32

	// maxBytes bounds what all counts take, about 480,000 keys with one try each.
	maxBytes = 48 << 20
)

// Memory counts tries in the process. Make one with [NewMemory].
//
// Its size is bounded. Each call drops a few expired keys. Where those that are left
// exceed the bound, it picks a few at random and drops the one with the fewest tries.
// So keys with one try, the only kind that is cheap to make in great numbers, never push
// out a key with many: to make it forget a key with k tries, one has to fill the table
// with keys of k tries each, some 480,000·k tries before they expire. Keys are placed by a
// hash with a secret seed, so nobody can aim at the part that holds another's key.
//
// Memory keeps the 64 bits of that hash instead of the key, so that long keys
// cost nothing. Two keys share one in a full table with a probability of 10^-8.
type Memory struct {
	windows, paces maphash.Seed // one for each kind of Limit, so that a key counts apart under each
	shards         [shardCount]shard
}

// NewMemory returns a Memory that holds no tries.
func NewMemory() *Memory { return newMemory(maxBytes) }

func newMemory(bytes int) *Memory {
	m := &Memory{windows: maphash.MakeSeed(), paces: maphash.MakeSeed()}
	for i := range m.shards {
		m.shards[i].index = map[uint64]int32{}
		m.shards[i].maxBytes = bytes / shardCount
	}
	return m
}

// Take counts one try on each of counts that is within its limit and says how
// long the others have to wait, exactly. The error is always nil.
func (m *Memory) Take(_ context.Context, now time.Time, counts ...Count) ([]time.Duration, Giver, error) {
	waits := make([]time.Duration, len(counts))
	for i, c := range counts {
		s, key := m.place(c)
		count := s.take
		if c.Look {
			count = s.look
		}
		waits[i] = time.Duration(count(key, now.UnixMicro(), c.Limit)) * time.Microsecond
	}
	return waits, m, nil
}

// GiveBack undoes the latest counted try of each of counts. The error is always nil.
func (m *Memory) GiveBack(_ context.Context, now time.Time, counts ...Count) error {
	for _, c := range counts {
		s, key := m.place(c)
		s.giveBack(key, now.UnixMicro(), c.Limit)
	}
	return nil
}

func (m *Memory) place(c Count) (*shard, uint64) {
	c.Limit.Span() // checks it
	seed := m.windows
	if c.Limit.Every > 0 {
		seed = m.paces
	}
	key := maphash.String(seed, c.Key)
	return &m.shards[key%shardCount], key
}
