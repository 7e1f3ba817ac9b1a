package verify

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	maxWait     = 2 * time.Second // how long a caller waits for the service
	fetchTime   = 5 * time.Second // after which a fetch is given up
	retryPause  = time.Second     // between fetches while the service is away
	unknownEach = time.Minute     // between fetches that unknown kids cause
)

// keyStore keeps the keys of the service.
//
// In the last fifth of the time for which they are fresh, somebody's question has them
// fetched, and nobody waits. Once they are not fresh any more the first callers wait for
// them; if that fails or takes too long, the keys of before are used without waiting, until
// staleFor. There is one fetch at a time, for all callers, and it goes on when they leave.
type keyStore struct {
	fetch    func(context.Context) (keySet, error)
	clock    func() time.Time
	staleFor time.Duration

	mu      sync.Mutex
	set     keySet
	at      time.Time // when the set was asked for; zero before there is one
	begun   time.Time // when the last fetch began
	asked   time.Time // when one began for an unknown kid
	err     error     // of the last fetch
	late    bool      // somebody waited in vain for the one under way
	pending chan struct{}
}

// keySet is what the service publishes.
type keySet struct {
	keys  map[string]key // by kid
	fresh time.Duration  // how long it may be kept
}

// find returns the key that a token names. The errors are ErrInvalid, ErrUnavailable and
// that of ctx.
func (s *keyStore) find(ctx context.Context, id string) (key, error) {
	s.mu.Lock()
	k, known, wait := s.look(id)
	pending := s.pending
	s.mu.Unlock()
	if wait && pending != nil {
		if err := s.await(ctx, pending); err != nil {
			return key{}, err
		}
		s.mu.Lock()
		k, known = s.usable(id)
		s.mu.Unlock()
	}
	if known {
		return k, nil
	}
	return key{}, s.missing()
}

// look finds a key among those at hand, has them fetched if it is time to, and reports
// whether the caller is to wait for that.
func (s *keyStore) look(id string) (k key, known, wait bool) {
	now := s.clock()
	k, known = s.usable(id)
	age := now.Sub(s.at)
	switch {
	case known && age < s.set.fresh*4/5:
		return k, true, false
	case known:
		s.start(now)
		return k, true, age >= s.set.fresh && s.err == nil && !s.late
	case !s.has(now):
		s.start(now)
	case s.pending == nil && (s.asked.IsZero() || now.Sub(s.asked) >= unknownEach):
		s.asked = now
		s.start(now)
	}
	return k, false, true
}

// has reports whether there are keys that may still be used.
func (s *keyStore) has(now time.Time) bool {
	return !s.at.IsZero() && now.Sub(s.at) < max(s.set.fresh, s.staleFor)
}

func (s *keyStore) usable(id string) (key, bool) {
	if !s.has(s.clock()) {
		return key{}, false
	}
	k, known := s.set.keys[id]
	return k, known
}

// missing is the error for a key that is not there.
func (s *keyStore) missing() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.err != nil:
		return fmt.Errorf("%w: %w", ErrUnavailable, s.err)
	case !s.has(s.clock()), s.late:
		return fmt.Errorf("%w: no answer in time", ErrUnavailable)
	case len(s.set.keys) == 0:
		return invalid("the service publishes no keys: set JWT_PRIVATE_KEYS=auto there")
	}
	return invalid("its kid is none of the service's")
}

// start begins a fetch, unless one is under way or has just failed.
func (s *keyStore) start(now time.Time) {
	if s.pending != nil || s.err != nil && now.Sub(s.begun) < retryPause {
		return
	}
	s.begun = now
	pending := make(chan struct{})
	s.pending = pending
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), fetchTime)
		set, err := s.fetch(ctx)
		cancel()
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.err = err; err == nil {
			s.set, s.at, s.late = set, now, false
		}
		s.pending = nil
		close(pending)
	}()
}

var errLate = errors.New("late")

// await waits for a fetch, but not for long. Its error is that of ctx: what became of the
// fetch is looked at afterwards.
func (s *keyStore) await(ctx context.Context, pending <-chan struct{}) error {
	short, cancel := context.WithTimeoutCause(ctx, maxWait, errLate)
	defer cancel()
	select {
	case <-pending:
	case <-short.Done():
		if context.Cause(short) != errLate {
			return fmt.Errorf("verify: %w", ctx.Err())
		}
		s.mu.Lock()
		s.late = s.late || s.pending == pending
		s.mu.Unlock()
	}
	return nil
}
