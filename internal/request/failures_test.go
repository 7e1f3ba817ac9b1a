package request

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"latchkey/internal/store"
)

// lines are those of a log, which several may write.
type lines chan string

func (l lines) Write(b []byte) (int, error) {
	l <- string(b)
	return len(b), nil
}

// taken returns the lines since it was called last.
func (l lines) taken() (list []string) {
	synctest.Wait()
	for len(l) > 0 {
		list = append(list, <-l)
	}
	return list
}

// Ten thousand requests that fail leave few lines, the first of them whole, and a count of
// the rest. Lines about other things go on.
func TestFailuresAreSummed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := make(lines, 100)
		f := NewFailures(zerolog.New(out))
		ctx, end := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); f.Run(ctx) }()
		log := f.Log()
		fail := func(n int) {
			for range n {
				FaultOf(t.Context(), log, "me", fmt.Errorf("me: %w", store.ErrUnavailable))
				time.Sleep(time.Millisecond)
			}
		}
		time.Sleep(55*time.Second + 500*time.Microsecond)
		fail(10_000) // 5 s before the minute's end, and 5 s behind it
		got := out.taken()
		if len(got) > 20 || !strings.Contains(got[0], `"where":"me"`) || !strings.Contains(strings.Join(got, ""), `{"level":"warn","count":4991,`) {
			t.Errorf("%d lines: %s", len(got), got)
		}
		time.Sleep(time.Minute)
		out.taken()
		fail(20)
		FaultOf(t.Context(), log, "me", errors.New("a mistake")) // which no number of warnings hides
		log.Info().Msg("something else")
		end()
		<-ended
		if got := out.taken(); len(got) != toldAMinute+3 || !strings.Contains(got[toldAMinute], "internal error") || !strings.Contains(got[len(got)-1], `"count":11`) {
			t.Errorf("in the next minute: %s", got)
		}
	})
}
