package throttle

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"
)

// The rules that Memory shares with Redis are tested with those, in redisstore.

var (
	start = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	ctx   = context.Background()

	pair    = Limit{N: 10, Every: 30 * time.Second}
	client  = Limit{N: 300, Window: 10 * time.Minute}
	account = Limit{N: 100, Window: time.Hour}
)

func take(t *testing.T, c Counters, now time.Time, counts ...Count) []time.Duration {
	t.Helper()
	waits, _, err := c.Take(ctx, now, counts...)
	if err != nil {
		t.Fatalf("take: %v", err)
	}
	return waits
}

// keys is how many m holds.
func (m *Memory) keys() (n int) {
	for i := range m.shards {
		n += len(m.shards[i].entries)
	}
	return n
}

// check fails if m's own books do not agree.
func (m *Memory) check(t *testing.T) {
	t.Helper()
	for i := range m.shards {
		s := &m.shards[i]
		bytes := 0
		for at, e := range s.entries {
			bytes += e.bytes()
			if int(s.index[e.key]) != at {
				t.Fatalf("entry %d is at %d of the index", at, s.index[e.key])
			}
			if e.every == 0 && (len(e.log) == 0 || !slices.IsSorted(e.log)) {
				t.Fatalf("log %v is empty or not in order", e.log)
			}
		}
		if len(s.index) != len(s.entries) || bytes != s.bytes || len(s.entries) > 1 && bytes > s.maxBytes {
			t.Fatalf("%d entries, %d in the index; %d bytes, %d booked, %d allowed",
				len(s.entries), len(s.index), bytes, s.bytes, s.maxBytes)
		}
	}
}

func TestExpiredKeysGo_R7(t *testing.T) {
	m := NewMemory()
	const n = 20000
	for i := range n {
		take(t, m, start, Count{Key: fmt.Sprint("w", i), Limit: account}, Count{Key: fmt.Sprint("p", i), Limit: pair})
	}
	m.check(t)
	if got := m.keys(); got != 2*n {
		t.Fatalf("holds %d keys, want %d", got, 2*n)
	}
	later := start.Add(time.Hour) // all have expired
	const used = 1000             // some in each shard
	for i := range 3 * n {
		take(t, m, later, Count{Key: fmt.Sprint("new", i%used), Limit: client})
	}
	m.check(t)
	if got := m.keys(); got != used {
		t.Errorf("holds %d keys after a sweep, want the %d in use", got, used)
	}
	room := 0
	for i := range m.shards {
		room += cap(m.shards[i].entries)
	}
	if room > shardCount*minShrink {
		t.Errorf("keeps room for %d entries", room)
	}
}

// A flood of new keys grows to a bound, and does not free the key that somebody
// has used up.
func TestFloodOfKeys_C4_R7(t *testing.T) {
	const bytes = maxBytes / 8 // everything an eighth of the real thing
	before := heap()
	m := newMemory(bytes)
	now := start
	hot := []Count{{Key: "ada at 192.0.2.1", Limit: pair}, {Key: "192.0.2.1", Limit: client}, {Key: "ada", Limit: account}}
	for range client.N {
		take(t, m, now, hot...)
	}
	for i := range 50_000 {
		now = now.Add(100 * time.Microsecond) // the pair gains nothing in 5 s
		from := fmt.Sprint(i)
		take(t, m, now, Count{Key: "x" + from, Limit: pair}, Count{Key: from, Limit: client}, Count{Key: "y" + from, Limit: account})
		if i%1000 == 0 {
			for j, wait := range take(t, m, now, hot...) {
				if wait == 0 {
					t.Fatalf("after %d tries of others, %q is free again", i, hot[j].Key)
				}
			}
		}
	}
	m.check(t)
	if got := m.keys(); got < 50_000 {
		t.Errorf("holds %d keys, want to be full", got)
	}
	if grown := heap() - before; grown > bytes*4/3 {
		t.Errorf("grew by %d KiB, want at most %d", grown>>10, bytes*4/3>>10)
	}
	runtime.KeepAlive(m)
}

func heap() int {
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return int(s.HeapAlloc)
}

// A small table under a mix of calls keeps its books.
func TestBooks_R7(t *testing.T) {
	m := newMemory(shardCount * 1000)
	now := start
	for i := range 50_000 {
		now = now.Add(time.Duration(i%7) * 100 * time.Millisecond)
		c := Count{Key: fmt.Sprint(i * i % 977), Limit: Limit{N: 1 + i%5, Window: time.Duration(1+i%3) * time.Minute}}
		if i%2 == 0 {
			c.Limit = pair
		}
		if i%11 == 0 {
			m.GiveBack(ctx, now, c)
		} else {
			take(t, m, now, c)
		}
		if i%500 == 0 {
			m.check(t)
		}
	}
	m.check(t)
}

func TestLimitWithoutLimit_C4(t *testing.T) {
	for _, l := range []Limit{
		{}, {N: 5}, {N: 0, Window: time.Hour}, {N: -1, Every: time.Second}, {Window: time.Hour, Every: time.Second, N: 1}, {N: 1, Window: 1},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%+v passed", l)
				}
			}()
			NewMemory().Take(ctx, start, Count{Key: "k", Limit: l})
		}()
	}
}

func BenchmarkTake(b *testing.B) {
	counts := []Count{{Key: "ada at 192.0.2.1", Limit: pair}, {Key: "192.0.2.1", Limit: client}, {Key: "ada", Limit: account}}
	b.Run("counted", func(b *testing.B) {
		m, now := NewMemory(), start
		b.ReportAllocs()
		for b.Loop() {
			now = now.Add(time.Minute) // all within their limits
			m.Take(ctx, now, counts...)
		}
	})
	b.Run("refused", func(b *testing.B) {
		m := NewMemory()
		for range client.N {
			m.Take(ctx, start, counts...)
		}
		b.ReportAllocs()
		for b.Loop() {
			m.Take(ctx, start, counts...)
		}
	})
	b.Run("flood", func(b *testing.B) { // a full table, every key new
		m := NewMemory()
		keys := make([]string, 1<<20)
		for i := range keys {
			keys[i] = fmt.Sprint(i)
			m.Take(ctx, start, Count{Key: keys[i], Limit: pair})
		}
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			m.Take(ctx, start, Count{Key: keys[i%len(keys)], Limit: account})
			i++
		}
	})
	b.Run("parallel", func(b *testing.B) {
		m := NewMemory()
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				m.Take(ctx, start, counts...)
			}
		})
	})
}

// A look says what a try would, counts nothing and makes no key.
func TestLook_C4(t *testing.T) {
	m := NewMemory()
	for _, limit := range []Limit{{N: 2, Window: time.Hour}, {N: 2, Every: time.Minute}} {
		look, try := Count{Key: "k", Limit: limit, Look: true}, Count{Key: "k", Limit: limit}
		before := m.keys()
		for range 5 {
			if wait := take(t, m, start, look)[0]; wait != 0 || m.keys() != before {
				t.Fatalf("%+v: a look made a wait of %v and %d keys", limit, wait, m.keys()-before)
			}
		}
		take(t, m, start, try, try)
		if got, want := take(t, m, start, look)[0], take(t, m, start, try)[0]; got != want || want == 0 {
			t.Errorf("%+v: a look says %v, a try %v", limit, got, want)
		}
	}
}
