package breach

import (
	"context"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// tellEvery is how often the log says how many passwords were taken unseen.
const tellEvery = time.Minute

// Accepting is a list that takes a password for none of its own where it cannot know, and
// tells so in the log: at once, and then in a sum each minute.
type Accepting struct {
	List
	log zerolog.Logger

	mu     sync.Mutex
	unseen int   // passwords that the log does not tell of yet
	why    error // of the last one
	told   bool  // within the last minute
}

// NewAccepting returns list, accepting.
func NewAccepting(list List, log zerolog.Logger) *Accepting { return &Accepting{List: list, log: log} }

// Has reports whether a password is known to be in the list. It fails only if ctx has
// ended.
func (a *Accepting) Has(ctx context.Context, password string) (bool, error) {
	found, err := a.List.Has(ctx, password)
	if err == nil || ctx.Err() != nil {
		return found, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.unseen++
	a.why = err
	if !a.told {
		a.tell()
	}
	return false, nil
}

// tell writes a line of what was not told yet, and comes again in a minute if there was
// something.
func (a *Accepting) tell() {
	a.told = a.unseen > 0
	if !a.told {
		return
	}
	a.log.Warn().Err(a.why).Int("count", a.unseen).Msg("new passwords were taken without looking whether they are stolen")
	a.unseen = 0
	time.AfterFunc(tellEvery, func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.tell()
	})
}
