package mail

import (
	"context"
	"errors"
	"html/template"
	"time"

	"github.com/rs/zerolog"

	"latchkey/internal/link"
	"latchkey/internal/store"
)

// do brings one claimed row to an end: sent, deleted, given up, or back in the
// outbox. If even that fails, its lease brings it back.
func (w *Worker) do(ctx context.Context, m *store.Mail, probe bool) {
	err := w.handle(ctx, m, probe)
	if err == nil || errors.Is(err, store.ErrNotFound) {
		return // the latter: another worker took it over when the lease had ended
	}
	now := w.now()
	if now.Sub(m.CreatedAt) >= giveUpAfter {
		w.log(zerolog.ErrorLevel, m).Err(err).Msg("mail given up")
		err = w.c.Store.FailMail(context.WithoutCancel(ctx), m.ID, now, "failed before it was sent")
	} else {
		w.log(zerolog.ErrorLevel, m).Err(err).Msg("mail not handled, will be tried again")
		err = w.c.Store.ReleaseMail(context.WithoutCancel(ctx), m.ID, now.Add(inTrouble), "failed before it was sent")
	}
	if err != nil {
		w.log(zerolog.ErrorLevel, m).Err(err).Msg("mail left to its lease")
	}
}

func (w *Worker) handle(ctx context.Context, m *store.Mail, probe bool) error {
	now := w.now()
	f, err := w.find(ctx, m, now)
	if errors.Is(err, store.ErrNotFound) {
		return w.drop(ctx, m, "nothing to say")
	}
	if err != nil {
		return err
	}
	if !m.Admitted {
		c := counts{by: w.c.Counters}
		v, slot, err := w.admit(ctx, m, f, &c, now)
		switch {
		case err != nil:
			return errors.Join(err, c.undo(ctx, now))
		case v == goner:
			return w.drop(ctx, m, "over the limit")
		case v == folds:
			w.log(zerolog.InfoLevel, m).Msg("mail held")
			return w.hold(ctx, m, f.kind, now, slot)
		case v == waits:
			return w.c.Store.ReleaseMail(ctx, m.ID, slot, "")
		}
		if err := w.c.Store.AdmitMail(ctx, m.ID); err != nil {
			return errors.Join(err, c.undo(ctx, now))
		}
		if m.Held() { // others may have been folded into it until now
			if f, err = w.find(ctx, m, now); errors.Is(err, store.ErrNotFound) {
				return w.drop(ctx, m, "nothing to say")
			} else if err != nil {
				return err
			}
		}
	}
	if w.away() && !probe {
		return w.c.Store.ReleaseMail(ctx, m.ID, now, m.LastError)
	}
	ctxSend, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	msg, err := w.write(ctxSend, m, f, now)
	if errors.Is(err, store.ErrNotFound) {
		return w.drop(ctx, m, "nothing to say")
	}
	if err != nil {
		return err
	}
	err = w.c.Sender.Send(ctxSend, msg)
	return w.settle(ctx, m, err)
}

// write has the links made and writes the mail. store.ErrNotFound if all that
// it was to confirm is gone.
func (w *Worker) write(ctx context.Context, m *store.Mail, f *finding, now time.Time) (*Message, error) {
	msg := Message{ID: m.ID, Kind: f.kind, To: f.to, From: w.c.From, FromName: w.c.FromName, CreatedAt: now}
	var l letter
	for i := range f.registrations {
		r := &f.registrations[i]
		view, err := w.link(ctx, link.Target{Purpose: link.ConfirmRegistration, Registration: r}, now)
		if err != nil {
			return nil, err
		}
		if view != nil {
			l.Confirmations = append(l.Confirmations, newConfirmation(r, view))
		}
	}
	for i := range f.changes {
		view, err := w.link(ctx, link.Target{Purpose: link.ConfirmNewEmail, User: &f.changes[i]}, now)
		if err != nil {
			return nil, err
		}
		if view != nil {
			l.Changes = append(l.Changes, change{plain(f.changes[i].Username), *view})
		}
	}
	var err error
	switch f.kind {
	case store.MailConfirmRegistration:
		if len(l.Confirmations) == 0 {
			return nil, store.ErrNotFound
		}
	case store.MailConfirmNewEmail:
		if len(l.Changes) == 0 {
			return nil, store.ErrNotFound
		}
	case store.MailPasswordReset:
		view, err := w.link(ctx, link.Target{Purpose: link.ResetPassword, User: f.user}, now)
		if err != nil {
			return nil, err
		}
		if view == nil {
			return nil, store.ErrNotFound
		}
		l.Reset = change{plain(f.user.Username), *view}
	case store.MailAlreadyRegistered:
		l.Held = f.held
	default:
		l.Notice = newNotice(&m.Details)
		if m.Details.Event != "" {
			l.Notice.NotMe, err = w.link(ctx, link.Target{Purpose: link.NotMe, Event: m.Details.Event}, now)
		}
	}
	if err != nil {
		return nil, err
	}
	return &msg, w.c.Templates.write(&msg, l)
}

// link has a link made, or returns nil if there is nothing that it could do.
func (w *Worker) link(ctx context.Context, to link.Target, now time.Time) (*linkView, error) {
	made, err := w.c.Links.Make(ctx, to)
	if errors.Is(err, link.ErrDead) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	//lint:ignore G203 Make makes it from the configuration and a token of base64url
	return &linkView{URL: template.URL(made.URL), Lasts: duration(made.ExpiresAt.Sub(now)), Until: moment(made.ExpiresAt)}, nil
}

// settle does what the outcome of a try asks for, also when ctx has ended.
func (w *Worker) settle(ctx context.Context, m *store.Mail, outcome error) error {
	ended := ctx.Err() != nil
	ctx = context.WithoutCancel(ctx)
	if outcome != nil && ended { // we broke it off: that says nothing about the server
		return w.c.Store.ReleaseMail(ctx, m.ID, w.now(), m.LastError)
	}
	w.noteServer(ctx, outcome)
	now := w.now()
	switch {
	case outcome == nil:
		w.log(zerolog.InfoLevel, m).Msg("mail sent")
		return w.c.Store.DeleteMail(ctx, m.ID)
	case errors.Is(outcome, ErrRefused), now.Sub(m.CreatedAt) >= giveUpAfter:
		w.log(zerolog.ErrorLevel, m).Str("reason", outcome.Error()).Msg("mail given up")
		return w.c.Store.FailMail(ctx, m.ID, now, outcome.Error())
	case errors.Is(outcome, ErrUnreachable):
		return w.c.Store.ReleaseMail(ctx, m.ID, now, outcome.Error())
	}
	due := now.Add(backoff(m.Attempts, errors.Is(outcome, ErrDropped)))
	w.log(zerolog.WarnLevel, m).Str("reason", outcome.Error()).Time("due_at", due).Msg("mail delayed")
	return w.c.Store.RetryMail(ctx, m.ID, due, outcome.Error())
}

// backoff is how long a mail waits after its try number n, counted from 0.
func backoff(n int, dropped bool) time.Duration {
	most := maxBackoff
	if dropped {
		most = maxDropped
	}
	if n > 10 { // 5 s · 2^10 is more than an hour already
		return most
	}
	return min(firstBackoff<<n, most)
}

// drop deletes a row that is not to be sent.
func (w *Worker) drop(ctx context.Context, m *store.Mail, why string) error {
	w.log(zerolog.InfoLevel, m).Str("reason", why).Msg("mail dropped")
	return w.c.Store.DeleteMail(ctx, m.ID)
}

// log starts an event with what may be said of a row: never an address, a name
// or a link.
func (w *Worker) log(level zerolog.Level, m *store.Mail) *zerolog.Event {
	return w.c.Log.WithLevel(level).Str("mail_id", m.ID).Str("kind", string(m.Kind)).Int("attempts", m.Attempts)
}
