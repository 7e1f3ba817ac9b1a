package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"latchkey/internal/store"
)

// A deed is one change of one account while its transaction is open. The function
// that makes the change reads the first fields and may set the others.
type deed struct {
	tx    *store.Store
	actor Actor
	user  *store.User // whose account it is, as they were read
	now   time.Time

	event   *store.SecurityEvent // the row of history that will be written
	became  string               // the new username or address, for the notice; or ""
	session string               // the name of the session's device, for the notice; or ""
	factor  string               // the name of the factor, for the notice; or ""
	left    int                  // how many recovery codes are left, for the notice
	quiet   bool                 // send no notice of the event, and let nothing take it back
	mails   []*store.Mail        // to be sent beside the notice
	gone    bool                 // the account is deleted
}

// A subject names the account that a deed changes.
type subject struct {
	// user is the account's user as they were read before the deed; or nil, then
	// again reads them first.
	user *store.User
	// again reads the user anew after somebody else changed the account meanwhile,
	// or returns why the deed cannot be done any more.
	again func(ctx context.Context) (*store.User, error)
	field string // the field of input that names the user, or ""
}

// errUnchanged is what the function of a deed returns when the account is already
// as it is to be. Then nothing is written, mailed or logged, and act returns the
// user without an error.
var errUnchanged = errors.New("unchanged")

// maxActRaces bounds how often a deed is tried because somebody else changed the
// account meanwhile.
const maxActRaces = 5

// act changes an account. Every change of an account that is there goes through it.
//
// In one transaction act calls do, which makes the change; writes an event of this
// kind to the account's history; and writes the notice that tells its user, with
// what takes the event back. After the commit it logs the event, wakes the mail
// worker and returns the user as they are now, or as they were if the deed deleted
// them.
//
// do returns store.ErrNotFound if the user is no longer as they were read. Then act
// reads them again and starts over, so do may run several times and must change
// nothing but the database. act returns other errors of do as they are, but
// store.ErrLastAdmin as LAST_ADMIN and errUnchanged as none.
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

// write writes, in the deed's transaction, what goes with the change: the event, what
// takes it back, and the mails.
func (d *deed) write(ctx context.Context) error {
	if err := d.tx.AddSecurityEvent(ctx, d.event); err != nil {
		return err
	}
	how := tellings[d.event.Kind]
	if how.mail != "" && !d.quiet {
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
		m.Details.Session, m.Details.Role = d.session, store.Role(d.event.Details.To)
		m.Details.Factor, m.Details.Left = d.factor, d.left
		d.mails = append(d.mails, m)
	}
	if how.administrators != "" {
		err := tellAdministrators(ctx, d.tx, d.actor, how.administrators, d.user, store.Role(d.event.Details.To), d.now)
		if err != nil {
			return err
		}
	}
	for _, m := range d.mails {
		if err := d.tx.EnqueueMail(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

// done does what is left once a deed is committed, and returns the user.
func (s *Service) done(ctx context.Context, d *deed) (*store.User, error) {
	s.told(d)
	if d.gone {
		return d.user, nil
	}
	after, err := s.store.UserByID(ctx, d.user.ID)
	if errors.Is(err, store.ErrNotFound) { // deleted since
		return d.user, nil
	}
	return after, err
}

// told does what is left for those who are told of a deed once it is committed. d may be nil.
func (s *Service) told(d *deed) {
	if d == nil {
		return
	}
	if len(d.mails) > 0 {
		s.mailQueued()
	}
	s.logEvent(d.event)
}

// record does what changes no account, and writes and logs the event of this kind that tells
// of it, in one transaction. do makes the change, and may say in the event what it was; it
// may run several times. If it returns errUnchanged nothing is written, and record returns
// no error.
func (s *Service) record(ctx context.Context, a Actor, kind store.EventKind, do func(tx *store.Store, e *store.SecurityEvent) error) error {
	var e *store.SecurityEvent
	err := s.store.InTx(ctx, func(tx *store.Store) error {
		e = event(a, kind, "", s.now())
		if err := do(tx, e); err != nil {
			return err
		}
		return tx.AddSecurityEvent(ctx, e)
	})
	if err == nil {
		s.logEvent(e)
	} else if errors.Is(err, errUnchanged) {
		err = nil
	}
	return err
}

// Event returns the event of what a command of the shell did, to count rows or steps, where
// no method of a Service does it: whoever does writes it.
func Event(a Actor, kind store.EventKind, count int, now time.Time) *store.SecurityEvent {
	e := event(a, kind, "", store.Moment(now))
	e.Count = count
	return e
}

// part does a part of what changes many rows, and writes the event of all of it with the
// count so far, in one transaction. do returns how many rows it changed; if that is 0
// nothing is written.
func (s *Service) part(ctx context.Context, e *store.SecurityEvent, do func(tx *store.Store) (int, error)) (n int, err error) {
	err = s.store.InTx(ctx, func(tx *store.Store) error {
		if n, err = do(tx); err != nil || n == 0 {
			return err
		}
		told := *e
		told.Count += n
		return tx.CountSecurityEvent(ctx, &told)
	})
	if err != nil {
		return 0, err
	}
	e.Count += n
	return n, nil
}

// self returns the actor's own account as a subject. If it was changed meanwhile,
// the actor must still be signed in and, unless wrong is nil, still have the
// password that was proven: else the deed fails with wrong.
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

// other returns the account with an id, whose ever it is, as a subject. The mistake
// is NOT_FOUND.
func (s *Service) other(id string) subject {
	return subject{field: "userId", again: func(ctx context.Context) (*store.User, error) { return s.userToAdminister(ctx, id) }}
}

// linked returns the account that a mailed link is about as a subject: u, as they
// were when the link was opened. If the account was changed meanwhile, the link is
// dead.
func linked(u *store.User) subject {
	return subject{user: u, again: func(context.Context) (*store.User, error) { return nil, errToken() }}
}

// userToAdminister returns the user with an id. The mistake is NOT_FOUND.
func (s *Service) userToAdminister(ctx context.Context, id string) (*store.User, error) {
	u, err := s.store.UserByID(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, userError(NotFound, "userId", "There is no user with this id.")
	} else if err != nil {
		return nil, fmt.Errorf("administer: %w", err)
	}
	return u, nil
}
