package mail

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"latchkey/internal/link"
	"latchkey/internal/store"
	"latchkey/internal/throttle"
)

const (
	parallel     = 4                // mails on their way at once, so that a slow one does not stop the others
	pollEvery    = time.Second      // for rows of other replicas and those whose time has come
	hurryEvery   = 30 * time.Second // for rows that only a clock which is ahead holds back
	sendTimeout  = 70 * time.Second // of one send; SMTP's own limits add up to 62 s
	lease        = 2 * time.Minute  // longer than a send with all that belongs to it
	probeEvery   = 30 * time.Second // while the mail server cannot be reached
	firstBackoff = 5 * time.Second  // doubled with each try
	maxBackoff   = time.Hour        // after a 4xx
	maxDropped   = 30 * time.Second // after a drop: the mail follows within a minute when the server is well again
	giveUpAfter  = 24 * time.Hour   // of trying, from when the row was written
	inTrouble    = 15 * time.Second // until the next look at a row that the database or a template failed on
	drainFor     = 8 * time.Second  // for what is on its way when Run's context ends; a shutdown has 10 s
)

// Config is what a Worker works with. All of it is needed but FromName.
type Config struct {
	Store     *store.Store
	Sender    Sender
	Links     *link.Maker
	Counters  throttle.Counters // of mails
	Templates *Templates
	From      string // MAIL_FROM
	FromName  string // MAIL_FROM_NAME
	Log       *zerolog.Logger
	Now       func() time.Time
}

// Worker moves mails from the outbox to a Sender. Each replica runs one; they
// share the outbox and know nothing of each other.
type Worker struct {
	c    Config
	wake chan struct{} // buffered: one wake-up is as good as many
	jobs sync.WaitGroup

	mu      sync.Mutex
	busy    int       // jobs under way
	down    bool      // the server was out of reach at the last try
	probing bool      // a job is finding out whether it still is
	probeAt time.Time // when the next one may
	failing bool      // the outbox could not be read at the last look
}

// NewWorker checks c and makes a Worker, which does nothing before Run.
func NewWorker(c Config) (*Worker, error) {
	if c.Store == nil || c.Sender == nil || c.Links == nil || c.Counters == nil || c.Templates == nil ||
		c.From == "" || c.Log == nil || c.Now == nil {
		return nil, errors.New("mail: the worker lacks something")
	}
	return &Worker{c: c, wake: make(chan struct{}, 1)}, nil
}

// Wake makes Run look at the outbox at once. It never blocks.
func (w *Worker) Wake() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Run works until ctx ends. Then it takes nothing new and waits for what is on
// its way; what takes more than 8 s is broken off and goes back to the outbox.
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

// hurry makes due what a replica whose clock is ahead wrote and did not come to
// send: by this clock it would have to wait for as long as they are apart.
func (w *Worker) hurry(ctx context.Context) {
	if err := w.c.Store.HurryMail(ctx, w.now()); err != nil {
		w.noteFailing(err)
	}
}

// Tick does all that is due now and returns when it is done. It is Run for
// those who own the clock, and not to be called beside it.
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
func (w *Worker) start(ctx context.Context) (int, error) {
	now := w.now()
	n, onlyNew, probe := w.plan(now)
	if n == 0 {
		return 0, nil
	}
	rows, err := w.c.Store.ClaimMail(ctx, now, now.Add(lease), n, onlyNew)
	w.mu.Lock()
	if probe && len(rows) == 0 {
		w.probing = false
	}
	w.busy += len(rows)
	w.mu.Unlock()
	for i := range rows {
		w.jobs.Go(func() {
			w.do(ctx, &rows[i], probe)
			w.mu.Lock()
			w.busy--
			w.probing = w.probing && !probe
			w.mu.Unlock()
			w.Wake()
		})
	}
	return len(rows), err
}

// plan says how many rows to claim and whether only new ones: while the server
// is away they are still admitted or deleted, and every 30 s one mail is sent
// to see whether it is back.
func (w *Worker) plan(now time.Time) (n int, onlyNew, probe bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n = parallel - w.busy
	switch {
	case n == 0 || !w.down:
		return n, false, false
	case !w.probing && (!now.Before(w.probeAt) || w.probeAt.Sub(now) > probeEvery): // more: the clock was set back
		w.probing, w.probeAt = true, now.Add(probeEvery)
		return 1, false, true
	}
	return n, true, false
}

// away says whether a mail has to wait for the server, unless it is the probe.
func (w *Worker) away() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.down
}

// noteServer remembers how a try went. When the server is back, everything that
// waits for another try is due.
func (w *Worker) noteServer(ctx context.Context, err error) {
	now := w.now()
	unreachable := errors.Is(err, ErrUnreachable)
	w.mu.Lock()
	was := w.down
	w.down = unreachable
	if unreachable && !was {
		w.probeAt = now.Add(probeEvery)
	}
	w.mu.Unlock()
	switch {
	case unreachable:
		if !was {
			w.c.Log.Warn().Str("reason", err.Error()).Msg("mail server away, the outbox waits")
		}
		n, err := w.c.Store.FailOldMail(ctx, now.Add(-giveUpAfter), now, err.Error())
		if n > 0 || err != nil {
			w.c.Log.Error().Err(err).Int64("mails", n).Msg("mails given up, too old")
		}
	case was:
		w.c.Log.Info().Msg("mail server back")
		if err := w.c.Store.DueMail(ctx, now); err != nil {
			w.c.Log.Error().Err(err).Msg("waiting mails not made due")
		}
	}
}

// noteFailing logs that the outbox cannot be read: once, not every second.
func (w *Worker) noteFailing(err error) {
	w.mu.Lock()
	was := w.failing
	w.failing = err != nil
	w.mu.Unlock()
	if err != nil && !was {
		w.c.Log.Error().Err(err).Msg("outbox out of reach")
	}
}

// now is the time as the database keeps it.
func (w *Worker) now() time.Time { return w.c.Now().UTC().Truncate(time.Microsecond) }
