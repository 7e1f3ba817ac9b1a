package mail

import (
	"context"
	"errors"
	"time"

	"github.com/rs/zerolog"

	"latchkey/internal/link"
	"latchkey/internal/outbox"
	"latchkey/internal/store"
	"latchkey/internal/throttle"
	"latchkey/internal/trace"
)

const hands = 4 // how many mails are sent at once, so that a slow one does not stop the others

// Config is what the worker writes and sends mails with. All of it is needed but FromName, Tally, Ended and Trace.
type Config struct {
	Store     *store.Store
	Sender    Sender
	Links     *link.Maker
	Counters  throttle.Counters // count mails to recipients
	Templates *Templates
	From      string // MAIL_FROM
	FromName  string // MAIL_FROM_NAME
	ReplyTo   string // SUPPORT_EMAIL
	Log       *zerolog.Logger
	Now       func() time.Time
	Tally     Tally                             // nil: nobody counts them
	Ended     func(kind string, how outbox.End) // is told of each try at a mail; nil: nobody is
	Trace     *trace.Tracer                     // or nil
}

// Tally counts mails by day.
type Tally interface {
	Day(kind store.DayKind, n int)
}

// postman delivers mails: see deliver.
type postman struct{ c Config }

// NewWorker checks c and returns the worker that delivers the mails of the outbox, all
// of them by way of one mail server.
func NewWorker(c Config) (*outbox.Worker, error) {
	if c.Store == nil || c.Sender == nil || c.Links == nil || c.Counters == nil || c.Templates == nil ||
		c.From == "" || c.Log == nil || c.Now == nil {
		return nil, errors.New("mail: the worker lacks something")
	}
	p := &postman{c}
	return outbox.New(outbox.Config{
		Name: "mail", Destination: "mail server", Hands: hands, HandsEach: hands,
		Rows: outbox.Rows{
			Due:     func(context.Context, time.Time) ([]string, error) { return []string{""}, nil },
			Claim:   p.claim,
			Delete:  c.Store.DeleteMail,
			Release: c.Store.ReleaseMail,
			Retry:   c.Store.RetryMail,
			Fail: func(ctx context.Context, id string, now time.Time, reason string) error {
				err := c.Store.FailMail(ctx, id, now, reason)
				if err == nil {
					p.count(store.DayMailsGivenUp, 1)
				}
				return err
			},
			FailOld: func(ctx context.Context, _ string, createdBy, now time.Time, reason string) (int64, error) {
				n, err := c.Store.FailOldMail(ctx, createdBy, now, reason)
				p.count(store.DayMailsGivenUp, int(n))
				return n, err
			},
			Resume: func(ctx context.Context, _ string, now time.Time) error { return c.Store.DueMail(ctx, now) },
			Hurry:  c.Store.HurryMail,
		},
		Log: c.Log, Now: c.Now, Ended: c.Ended, Trace: c.Trace,
	})
}

// claim leases mails. While the mail server is away it leases those that were not
// admitted yet: they can be counted, and deleted if they have nothing to say.
func (p *postman) claim(ctx context.Context, c outbox.Claim) ([]outbox.Job, error) {
	rows, err := p.c.Store.ClaimMail(ctx, c.Now, c.Until, c.Max, c.Away)
	jobs := make([]outbox.Job, len(rows))
	for i := range rows {
		m := &rows[i]
		jobs[i] = outbox.Job{
			ID: m.ID, Kind: string(m.Kind), CreatedAt: m.CreatedAt, Attempts: m.Attempts, Cause: about(m.UserID, m.RegistrationID),
			Deliver: func(ctx context.Context, try outbox.Try) error {
				f, err := p.deliver(ctx, m, try)
				if f != nil && jobs[i].Cause == nil {
					jobs[i].Cause = f.about()
				}
				return err
			},
		}
	}
	return jobs, err
}

// about returns what a mail is about for the log: a user, a registration, or neither.
func about(userID, registrationID string) (ids [][2]string) {
	if userID != "" {
		ids = append(ids, [2]string{"user_id", userID})
	}
	if registrationID != "" {
		ids = append(ids, [2]string{"registration_id", registrationID})
	}
	return ids
}

// about is what a mail that somebody asked for by its address turned out to be about.
func (f *finding) about() [][2]string {
	switch {
	case f.user != nil:
		return about(f.user.ID, "")
	case len(f.registrations) > 0:
		return about("", f.registrations[0].ID)
	}
	return nil
}

// count counts mails by day.
func (p *postman) count(kind store.DayKind, n int) {
	if p.c.Tally != nil {
		p.c.Tally.Day(kind, n)
	}
}
