package password

import (
	"math/rand/v2"
	"time"
)

// samples are what the last hashes took. A timer that is to pass for a hash takes
// one of them, so it is as long as hashes are now, on this machine with the load
// that it has, and differs as they do.
type samples struct {
	took [8]time.Duration
	n    int // added so far
	last time.Time
}

// sampleAge is how old the last one may be, in hashes of its length. So timers cost
// an eighth of one worker at most, all together.
const sampleAge = 8

func (s *samples) add(took time.Duration, now time.Time) {
	s.took[s.n%len(s.took)] = took
	s.n++
	s.last = now
}

// draw returns one of them, or false if they are old: then the caller is to make
// one, and until it is there others make do with what there is.
func (s *samples) draw(now time.Time) (time.Duration, bool) {
	if s.n == 0 {
		return 0, false
	}
	//lint:ignore G404 which of them it was is no secret
	took := s.took[rand.IntN(min(s.n, len(s.took)))]
	if now.Sub(s.last) > sampleAge*took {
		s.last = now
		return 0, false
	}
	return took, true
}
