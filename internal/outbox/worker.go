package outbox

import (
	"context"
	"sync"
	"time"

	"latchkey/internal/store"
)

const (
	pollEvery  = time.Second      // how often to look for rows of other replicas, and rows whose time has come
	hurryEvery = 30 * time.Second // how often to look for rows that only a clock which is ahead holds back
	lease      = 2 * time.Minute  // how long a row is claimed for; longer than any try takes
	drainFor   = 8 * time.Second  // how long tries may go on when Run's context ends; a shutdown has 10 s
)

// Worker delivers the rows of one table.
type Worker struct {
	c    Config
	wake chan struct{} // buffered: one wake-up is as good as many
	jobs sync.WaitGroup

	mu           sync.Mutex
	busy         int                     // jobs under way
	probes       int                     // those of them that find out whether a destination is back
	destinations map[string]*destination // all that rows were ever due for
	failing      bool                    // the table could not be read at the last look
}

// Wake makes Run look for due rows at once. It never blocks.
func (w *Worker) Wake() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Run works until ctx ends. Then it takes nothing new and waits for what is on
// its way; what takes more than 8 s is broken off and due again.
func (w *Worker) Run(ctx context.Context) {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	context.AfterFunc(ctx, func() { time.AfterFunc(drainFor, cancel) })
	poll, hurry := time.NewTicker(pollEvery), time.NewTicker(hurryEvery)
	defer poll.Stop()
	defer hurry.Stop()
	w.hurry(work)
	for ctx.Err() == nil {
		n, err := w.start(work)
		w.noteFailing(err)
		if n > 0 && err == nil {
			continue // there may be more
		}
		select {
		case <-ctx.Done():
		case <-w.wake:
		case <-poll.C:
		case <-hurry.C:
			w.hurry(work)
		}
	}
	w.jobs.Wait()
}

// Tick does all that is due now and returns when it is done. Tests that own the clock
// call it instead of Run.
func (w *Worker) Tick(ctx context.Context) error {
	for {
		n, err := w.start(ctx)
		w.jobs.Wait()
		if err == nil {
			err = ctx.Err()
		}
		if n == 0 || err != nil {
			return err
		}
	}
}

// start claims as many due rows as there are hands, starts a job for each and
// returns how many.
func (w *Worker) start(ctx context.Context) (started int, err error) {
	now := w.now()
	due, err := w.c.Rows.Due(ctx, now)
	w.order(due)
	for _, to := range due {
		c := w.plan(to, now)
		if c.Max < 1 {
			continue
		}
		jobs, err := w.c.Rows.Claim(ctx, c)
		w.began(&c, len(jobs))
		for i := range jobs {
			w.jobs.Go(func() {
				w.do(ctx, &jobs[i], &c)
				w.ended(&c)
				w.Wake() // there is a hand free
			})
		}
		started += len(jobs)
		if err != nil {
			return started, err
		}
	}
	return started, err
}

// hurry makes rows due that a replica whose clock is ahead wrote and did not deliver:
// else they would wait here for as long as the clocks are apart.
func (w *Worker) hurry(ctx context.Context) {
	if err := w.c.Rows.Hurry(ctx, w.now()); err != nil {
		w.noteFailing(err)
	}
}

// noteFailing logs that the table cannot be read: once, not every second.
func (w *Worker) noteFailing(err error) {
	w.mu.Lock()
	was := w.failing
	w.failing = err != nil
	w.mu.Unlock()
	if err != nil && !was {
		w.c.Log.Error().Err(err).Msg("outbox out of reach")
	}
}

// now is the time as databases keep it.
func (w *Worker) now() time.Time { return store.Moment(w.c.Now()) }
