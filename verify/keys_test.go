package verify

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// published stands for the service, as the store of keys sees it: it answers after a while,
// by what there is at that moment. Time is that of a bubble of synctest.
type published struct {
	mu    sync.Mutex
	keys  map[string]key
	err   error
	takes time.Duration
	asked int
}

func (p *published) fetch(ctx context.Context) (keySet, error) {
	p.mu.Lock()
	p.asked++
	takes := p.takes
	p.mu.Unlock()
	select {
	case <-time.After(takes):
	case <-ctx.Done():
		return keySet{}, ctx.Err()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	set := map[string]key{}
	for id, k := range p.keys {
		set[id] = k
	}
	return keySet{set, 5 * time.Minute}, p.err
}

// world is a store in a bubble, and what it asks.
type world struct {
	t *testing.T
	*published
	store *keyStore
}

func inBubble(t *testing.T, f func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := &published{keys: map[string]key{"old": {}}}
		f(&world{t, p, &keyStore{fetch: p.fetch, clock: time.Now, staleFor: time.Hour}})
	})
}

// set changes what the service does from now on.
func (w *world) set(f func(p *published)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f(w.published)
}

// mustFind fails the test unless looking for a key ends so, within so long, and the service
// was asked so often in all.
func (w *world) mustFind(what, id string, want error, within time.Duration, asked int) {
	w.t.Helper()
	began := time.Now()
	_, err := w.store.find(context.Background(), id)
	took := time.Since(began)
	synctest.Wait() // for a fetch that goes on by itself
	w.mu.Lock()
	defer w.mu.Unlock()
	if !errors.Is(err, want) || (err == nil) != (want == nil) || took > within || w.asked != asked {
		w.t.Errorf("%s: got %v after %v with %d questions, want %v within %v with %d", what, err, took, w.asked, want, within, asked)
	}
}

// Keys are fetched once for the time that they are fresh, and anew before it is over, for
// which nobody waits.
func TestKeysAreKept(t *testing.T) {
	inBubble(t, func(w *world) {
		w.set(func(p *published) { p.takes = time.Second })
		w.mustFind("the first", "old", nil, time.Second, 1)
		time.Sleep(3 * time.Minute)
		w.mustFind("three minutes later", "old", nil, 0, 1)
		time.Sleep(time.Minute)
		w.mustFind("before the five are over", "old", nil, 0, 2)
		time.Sleep(time.Second)
		w.mustFind("and then", "old", nil, 0, 2)
		time.Sleep(time.Hour)
		w.mustFind("after a pause", "old", nil, time.Second, 3)
	})
}

// A key that was taken away counts no longer than the set is fresh.
func TestKeyIsTakenAway(t *testing.T) {
	inBubble(t, func(w *world) {
		w.mustFind("the first", "old", nil, 0, 1)
		w.set(func(p *published) { p.keys = map[string]key{"new": {}} })
		time.Sleep(5 * time.Minute)
		w.mustFind("the old one", "old", ErrInvalid, 0, 2)
		w.mustFind("the new one", "new", nil, 0, 2)
	})
}

// A new key is fetched when the first token names it, and keys that nobody has are asked for
// once a minute, whoever names them.
func TestUnknownKeys_V4(t *testing.T) {
	inBubble(t, func(w *world) {
		w.mustFind("the first", "old", nil, 0, 1)
		w.set(func(p *published) { p.keys["new"] = key{} })
		w.mustFind("the new one", "new", nil, 0, 2)
		for range 50 {
			w.mustFind("nobody's", "nobody's", ErrInvalid, 0, 2)
		}
		time.Sleep(unknownEach - time.Nanosecond)
		w.mustFind("within the minute", "nobody's", ErrInvalid, 0, 2)
		time.Sleep(time.Nanosecond)
		w.set(func(p *published) { p.takes = time.Second })
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				if _, err := w.store.find(context.Background(), "nobody's"); !errors.Is(err, ErrInvalid) {
					t.Errorf("one of a hundred at once: %v", err)
				}
			})
		}
		all.Wait()
		w.mustFind("after a hundred at once", "nobody's", ErrInvalid, 0, 3)
	})
}

// While the service is away its keys are used, for an hour, and nobody waits but the first.
func TestServiceIsAway_V4(t *testing.T) {
	inBubble(t, func(w *world) {
		w.mustFind("the first", "old", nil, 0, 1)
		away := errors.New("away")
		w.set(func(p *published) { p.err = away })
		w.mustFind("unknown", "new", ErrUnavailable, 0, 2)
		time.Sleep(5 * time.Minute)
		w.mustFind("not fresh any more", "old", nil, 0, 3)
		w.mustFind("right after it", "old", nil, 0, 3) // a fetch a second, at most
		time.Sleep(54 * time.Minute)
		w.mustFind("nearly an hour", "old", nil, 0, 4)
		time.Sleep(time.Minute)
		w.mustFind("an hour", "old", ErrUnavailable, 0, 5)
		w.set(func(p *published) { p.err = nil })
		time.Sleep(retryPause)
		w.mustFind("it is back", "old", nil, 0, 6)
		time.Sleep(time.Minute)
		w.mustFind("unknown", "new", ErrInvalid, 0, 7)
	})
}

// A service that hangs keeps nobody longer than two seconds, and after the first nobody at
// all who brings a key that is known.
func TestServiceHangs_V4(t *testing.T) {
	inBubble(t, func(w *world) {
		w.set(func(p *published) { p.takes = time.Hour })
		w.mustFind("before there are keys", "old", ErrUnavailable, maxWait, 1)
		time.Sleep(time.Minute)
		w.set(func(p *published) { p.takes = 0 })
		w.mustFind("the first", "old", nil, 0, 2)
		w.set(func(p *published) { p.takes = time.Hour })
		time.Sleep(6 * time.Minute)
		w.mustFind("the first who finds it hanging", "old", nil, maxWait, 3)
		w.mustFind("the next", "old", nil, 0, 3)
		w.mustFind("unknown", "new", ErrUnavailable, maxWait, 3)
		time.Sleep(time.Minute)
		w.mustFind("after it was given up", "old", nil, 0, 4)
		time.Sleep(time.Minute)
	})
}

// Whoever leaves is let go at once, and the fetch goes on for the others.
func TestCallersLeave(t *testing.T) {
	inBubble(t, func(w *world) {
		w.set(func(p *published) { p.takes = time.Second })
		ctx, leave := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer leave()
		began := time.Now()
		if _, err := w.store.find(ctx, "old"); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 100*time.Millisecond {
			t.Errorf("got %v after %v", err, time.Since(began))
		}
		w.mustFind("somebody else", "old", nil, 900*time.Millisecond, 1)
	})
}

// What Cache-Control says is kept to, within bounds.
func TestFreshFor(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"":                        5 * time.Minute,
		"public, max-age=300":     5 * time.Minute,
		"Max-Age=120":             2 * time.Minute,
		"max-age=600,public":      10 * time.Minute,
		"no-store":                5 * time.Minute,
		"max-age=0":               time.Minute,
		"max-age=999999999":       time.Hour,
		"max-age=-1":              5 * time.Minute,
		"x-max-age=7200":          5 * time.Minute,
		"max-age=99999999999999":  5 * time.Minute,
		"s-maxage=7, max-age=180": 3 * time.Minute,
	} {
		if got := freshFor(map[string][]string{"Cache-Control": {text}}); got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}
