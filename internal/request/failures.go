package request

import (
	"context"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// toldAMinute is how many requests that failed have lines of their own within a minute. A
// database that is away fails each one, and its cause stands in the first line.
const toldAMinute = 9

// Failures is a log that does not grow with how many requests fail: beyond the first in a
// minute, lines of the level warn and above are only counted. [Failures.Run] writes how many
// those were.
type Failures struct {
	log zerolog.Logger

	mu      sync.Mutex
	told    int
	counted map[zerolog.Level]int
}

// NewFailures returns Failures that write to log.
func NewFailures(log zerolog.Logger) *Failures {
	return &Failures{log: log, counted: map[zerolog.Level]int{}}
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
	if f.told < toldAMinute {
		f.told++
		return true
	}
	f.counted[level]++
	return false
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
		counted := f.counted
		f.told, f.counted = 0, map[zerolog.Level]int{}
		f.mu.Unlock()
		for _, level := range []zerolog.Level{zerolog.WarnLevel, zerolog.ErrorLevel} {
			if n := counted[level]; n > 0 {
				f.log.WithLevel(level).Int("count", n).Msg("more lines like those before")
			}
		}
	}
}
