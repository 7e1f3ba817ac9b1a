package mail

import (
	"context"
	"errors"
	"html/template"
	"slices"
	"time"

	"latchkey/internal/codes"
	"latchkey/internal/link"
	"latchkey/internal/outbox"
	"latchkey/internal/store"
	"latchkey/internal/trace"
)

const sendTimeout = 70 * time.Second // of one send; SMTP's own limits add up to 62 s

// errNothing drops a row that has nothing to say, or nothing any more.
var errNothing = outbox.Drop("nothing to say")

// deliver brings one claimed row to its recipient: it finds out what there is to say,
// has the row admitted, writes the mail and sends it. From the error outbox knows what to
// do with the row. It returns what it found, too, or nil.
func (p *postman) deliver(ctx context.Context, m *store.Mail, try outbox.Try) (*finding, error) {
	f, err := p.find(ctx, m, try.Now)
	if err != nil {
		return nil, err
	}
	if err := p.admit(ctx, m, f, try.Now); err != nil {
		return f, err
	}
	if m.Held() { // others may have been folded into it until it was admitted
		if f, err = p.find(ctx, m, try.Now); err != nil {
			return nil, err
		}
	}
	if try.Away() {
		return f, outbox.Wait(try.Now)
	}
	if f.kind == store.MailLoginCode { // a newer one may have taken its place
		if err := p.c.Store.DetachMail(ctx, m); errors.Is(err, store.ErrNotFound) { // cancelled
			return f, errNothing
		} else if err != nil {
			return f, err
		}
		if f, err = p.find(ctx, m, try.Now); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	msg, err := p.write(ctx, m, f, try.Now)
	if err == nil {
		ctx, span := trace.Start(ctx, trace.Client, "send")
		err = p.c.Sender.Send(ctx, msg)
		span.End()
	}
	if err == nil {
		p.count(store.DayMailsSent, 1)
	}
	return f, err
}

// write makes the links of a mail and writes it. The error is errNothing if nothing is
// left that it could confirm.
func (p *postman) write(ctx context.Context, m *store.Mail, f *finding, now time.Time) (*Message, error) {
	var l letter
	made := links{by: p.c.Links, now: now}
	needed := true // a link, or the mail has nothing to say
	switch f.kind {
	case store.MailConfirmRegistration:
		// One link is good for all of them: how many strangers added matters to nobody.
		last := slices.MaxFunc(f.registrations, func(a, b store.Registration) int { return a.ExpiresAt.Compare(b.ExpiresAt) })
		l.Several = len(f.registrations) > 1
		if view := made.link(ctx, link.Target{Purpose: link.ConfirmRegistration, Registration: &last, Whichever: l.Several}); view != nil {
			l.Confirmations = append(l.Confirmations, newConfirmation(&f.registrations[0], view))
		}
	case store.MailConfirmNewEmail:
		for i := range f.changes {
			u := &f.changes[i]
			if view := made.link(ctx, link.Target{Purpose: link.ConfirmNewEmail, User: u}); view != nil {
				l.Changes = append(l.Changes, newChange(u, view))
			}
		}
	case store.MailPasswordReset, store.MailInvited:
		if view := made.link(ctx, link.Target{Purpose: link.ResetPassword, User: f.user}); view != nil {
			l.Reset = newReset(f.user, f.back, view)
		}
	case store.MailLoginCode:
		code, url := p.c.Links.LoginCode(m.Details.Nonce, m.RecipientKey)
		until := m.Details.At.Add(link.CodeTTL)
		//lint:ignore G203 LoginCode makes it from the configuration and a code of letters and digits
		view := linkView{URL: template.URL(url), Lasts: duration(until.Sub(now)), Until: moment(until)}
		l.Login, needed = newLogin(code, codes.Reference(m.Details.Nonce), &m.Details, &view), false
	case store.MailAlreadyRegistered:
		l.Held, needed = f.held, false
	default:
		l.Notice, needed = newNotice(&m.Details), false
		if m.Details.Event != "" {
			l.Notice.NotMe = made.link(ctx, link.Target{Purpose: link.NotMe, Event: m.Details.Event})
		}
	}
	if made.err == nil && made.n == 0 && needed {
		made.err = errNothing
	}
	if made.err != nil {
		return nil, made.err
	}
	msg := Message{ID: m.ID, Kind: f.kind, To: f.to, From: p.c.From, FromName: p.c.FromName, ReplyTo: p.c.ReplyTo, CreatedAt: now}
	if causedByStrangers[f.kind] {
		msg.Stop = p.c.Links.Refusal(f.to)
		//lint:ignore G203 Refusal makes it from the configuration, a token of base64url and an address that it escapes
		l.Stop = template.URL(msg.Stop)
	}
	return &msg, p.c.Templates.write(&msg, l)
}

// causedByStrangers has the kinds of mails that anybody can cause who knows an address.
// Their readers can refuse more of them.
var causedByStrangers = map[store.MailKind]bool{
	store.MailConfirmRegistration: true, store.MailAlreadyRegistered: true, store.MailConfirmNewEmail: true, store.MailPasswordReset: true,
	store.MailLoginCode: true,
}

// links makes the links of one mail, and remembers the first error.
type links struct {
	by  *link.Maker
	now time.Time
	n   int   // made so far
	err error // what went wrong; after that no more links are made
}

// link returns a new link, or nil if there is nothing that it could do.
func (l *links) link(ctx context.Context, to link.Target) *linkView {
	if l.err != nil {
		return nil
	}
	made, err := l.by.Make(ctx, to)
	if err != nil {
		if !errors.Is(err, link.ErrDead) {
			l.err = err
		}
		return nil
	}
	l.n++
	//lint:ignore G203 Make makes it from the configuration and a token of base64url
	return &linkView{URL: template.URL(made.URL), Lasts: duration(made.ExpiresAt.Sub(l.now)), Until: moment(made.ExpiresAt)}
}
