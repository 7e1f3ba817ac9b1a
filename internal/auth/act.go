package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"latchkey/internal/store"
)

// A deed is one change of one account, while its transaction is open.
type deed struct {
	tx    *store.Store
	actor Actor
	user  *store.User // whose account, as they were read
	now   time.Time

	event  *store.SecurityEvent // the row of history that will be written
	became string               // for the notice: the new username or address, or ""
	quiet  bool                 // the event's own notice does not go, and nothing takes it back
	mails  []*store.Mail        // that go beside the notice
	gone   bool                 // it deletes the account
}

// A subject is whose account a deed changes.
type subject struct {
	user *store.User // as they were read; nil: again reads them first
	// again reads them anew when something came between, or says why the deed
	// cannot be done any more.
	again func(ctx context.Context) (*store.User, error)
	field string // the field of input that names them, or ""
}

// errUnchanged is a deed that finds its account as it is to be: nothing happens.
var errUnchanged = errors.New("unchanged")

// maxActRaces bounds how often a deed is tried again because something came
// between.
const maxActRaces = 5

// act has do change an account: the one way in which an account that is there is
// changed. In one transaction it runs do, writes the event to the account's
// history, and writes the notice that tells its user, with what takes the event
// back. If do answers store.ErrNotFound, since the user is no longer as they were
// read, they are read again and do is tried anew. Afterwards it logs the event,
// wakes the mail and returns the user as they are then; of an account that was
// deleted, as they were.
//
// do may run several times and changes nothing but the database. Its mistakes come
// back as they are; store.ErrLastAdmin as LAST_ADMIN.
func (s *Service) act(ctx context.Context, a Actor, kind store.EventKind, who subject, do func(d *deed) error) (*store.User, error) {
	user := who.user
	for range maxActRaces {
		if user == nil {
			var err error
			if user, err = who.again(ctx); err != nil {
				return nil, err
			}
		}
		var d *deed
		err := s.store.InTx(ctx, func(tx *store.Store) error {
			now := s.now()
			d = &deed{tx: tx, actor: a, user: user, now: now, event: event(a, kind, user.ID, now)}
			if err := do(d); err != nil {
				return err
			}
			return d.write(ctx)
		})
		switch {
		case err == nil:
			return s.done(ctx, d)
		case errors.Is(err, errUnchanged):
			return user, nil
		case errors.Is(err, store.ErrLastAdmin):
			return nil, errLastAdmin(who.field)
		case !errors.Is(err, store.ErrNotFound):
			return nil, err
		}
		user = nil
	}
	return nil, errTooMuchAtOnce()
}

func errTooMuchAtOnce() error {
	return &Error{Code: Unavailable, Message: "Too much at once with this account. Try again soon.", RetryAfter: time.Second}
}

// write writes what goes with a deed, in its transaction.
func (d *deed) write(ctx context.Context) error {
	if err := d.tx.AddSecurityEvent(ctx, d.event); err != nil {
		return err
	}
	if how := tellings[d.event.Kind]; how.mail != "" && !d.quiet {
		var m *store.Mail
		if how.undoing {
			var back *store.Undo
			back, m = undo(d.actor, d.event.Kind, d.user, d.now, d.became)
			if err := d.tx.AddUndo(ctx, back); err != nil {
				return err
			}
		} else {
			m = notice(d.actor, how.mail, d.user, d.now)
		}
		d.mails = append(d.mails, m)
	}
	for _, m := range d.mails {
		if err := d.tx.EnqueueMail(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

// done is what is left to do once a deed is committed.
func (s *Service) done(ctx context.Context, d *deed) (*store.User, error) {
	if len(d.mails) > 0 {
		s.mailQueued()
	}
	s.logEvent(d.event)
	if d.gone {
		return d.user, nil
	}
	after, err := s.store.UserByID(ctx, d.user.ID)
	if errors.Is(err, store.ErrNotFound) { // deleted since
		return d.user, nil
	}
	return after, err
}

// self is the actor's own account. If something came between, they must still be
// signed in and, unless wrong is nil, have the password that was proven; else the
// answer is wrong.
func (s *Service) self(a Actor, wrong error) subject {
	v := a.Viewer
	return subject{user: v.User, again: func(ctx context.Context) (*store.User, error) {
		_, u, err := s.store.SessionWithUser(ctx, v.Session.ID, s.now())
		switch {
		case errors.Is(err, store.ErrNotFound):
			return nil, errUnauthenticated(ReasonRevoked)
		case err != nil:
			return nil, err
		case wrong != nil && u.PasswordHash != v.User.PasswordHash:
			return nil, wrong
		}
		return u, nil
	}}
}

// other is the account with an id, whosoever it is. The mistake is NOT_FOUND.
func (s *Service) other(id string) subject {
	return subject{field: "userId", again: func(ctx context.Context) (*store.User, error) { return s.userToAdminister(ctx, id) }}
}

// linked is the account that a mailed link is about, as it has to be for the link
// to count. If something came between, the link is dead.
func linked(u *store.User) subject {
	return subject{user: u, again: func(context.Context) (*store.User, error) { return nil, errToken() }}
}

// userToAdminister returns a user. The mistake is NOT_FOUND.
func (s *Service) userToAdminister(ctx context.Context, id string) (*store.User, error) {
	u, err := s.store.UserByID(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, userError(NotFound, "userId", "There is no user with this id.")
	} else if err != nil {
		return nil, fmt.Errorf("administer: %w", err)
	}
	return u, nil
}
