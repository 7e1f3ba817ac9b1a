package request

import (
	"context"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// toldAMinute is how many lines of a level requests that failed have within a minute. A
// database that is away fails each one, and its cause stands in the first line.
const toldAMinute = 9

// Failures is a log that does not grow with how many requests fail: beyond the first in a
// minute, lines of the level warn and above are only counted. [Failures.Run] writes how many
// those were. Each level has lines of its own: what fails by the hundred is a warning, and
// must not hide a mistake of ours.
type Failures struct {
	log zerolog.Logger

	mu   sync.Mutex
	seen map[zerolog.Level]int // within this minute
}

// NewFailures returns Failures that write to log.
func NewFailures(log zerolog.Logger) *Failures {
	return &Failures{log: log, seen: map[zerolog.Level]int{}}
}

// Log returns the log for what answers requests.
func (f *Failures) Log() zerolog.Logger { return f.log.Sample(f) }

// Sample reports whether a line is written; zerolog asks it.
func (f *Failures) Sample(level zerolog.Level) bool {
	if level < zerolog.WarnLevel {
		return true
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen[level]++
	return f.seen[level] <= toldAMinute
}

// Run writes a line for each minute and level of which lines were left out, until ctx
// ends, and then what is left.
func (f *Failures) Run(ctx context.Context) {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
		f.mu.Lock()
		seen := f.seen
		f.seen = map[zerolog.Level]int{}
		f.mu.Unlock()
		for _, level := range []zerolog.Level{zerolog.WarnLevel, zerolog.ErrorLevel} {
			if n := seen[level] - toldAMinute; n > 0 {
				f.log.WithLevel(level).Int("count", n).Msg("more lines like those before")
			}
		}
	}
}
