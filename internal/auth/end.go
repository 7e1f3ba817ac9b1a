package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"latchkey/internal/store"
)

// endSession ends one session of a user, writes the event of this kind and logs it.
// Every session that ends alone ends here. The error is store.ErrNotFound if it had
// ended before.
func (s *Service) endSession(ctx context.Context, a Actor, kind store.EventKind, userID, id string) error {
	e := event(a, kind, userID, s.now())
	e.SessionID = &id
	if kind == store.EventRefreshTokenReused { // the token was refused
		e.Outcome = store.OutcomeRefused
	}
	err := s.store.EndSession(ctx, userID, id, e)
	if err == nil {
		s.logEvent(e)
	}
	return err
}

// endSessions ends all sessions of a user but the one with the id keep, which may be
// "". It returns how many there were, and the user.
func (s *Service) endSessions(ctx context.Context, a Actor, who subject, keep string) (n int, _ *store.User, err error) {
	u, err := s.act(ctx, a, store.EventSessionsRevoked, who, func(d *deed) error {
		ended, err := d.tx.EndOtherSessions(ctx, d.user.ID, keep, d.now)
		if err == nil && ended == 0 {
			err = errUnchanged
		}
		n, d.event.Count = int(ended), int(ended)
		return err
	})
	return n, u, err
}

// EndAllSessions logs everybody out of the sessions that began before a time, for an operator,
// and returns how many those were. It tells nobody by mail, and is one event, of no account.
func (s *Service) EndAllSessions(ctx context.Context, a Actor, before time.Time) (int, error) {
	e := event(a, store.EventSessionsRevoked, "", s.now())
	e.Count = 0
	for {
		n, err := s.part(ctx, e, func(tx *store.Store) (int, error) {
			n, err := tx.EndAllSessions(ctx, before)
			return int(n), err
		})
		if (n == 0 || err != nil) && e.Count > 0 {
			s.logEvent(e)
		}
		if err != nil {
			return e.Count, fmt.Errorf("end all sessions: after %d: %w", e.Count, err)
		}
		if n == 0 {
			return e.Count, nil
		}
	}
}

// logout ends a session for somebody who holds a token of it. One that ended before is
// no error.
func (s *Service) logout(ctx context.Context, a Actor, userID, id string) error {
	if a.clientID() == OwnClient { // else it is that client who holds it
		a = a.as(&store.User{ID: userID}, &store.Session{ID: id})
	}
	if err := s.endSession(ctx, a, store.EventLogout, userID, id); !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return nil
}

// endStolen ends a session of which a used refresh token came again: either the device
// or a thief has an old one, and nobody knows who (E2).
func (s *Service) endStolen(ctx context.Context, a Actor, session *store.Session) error {
	err := s.endSession(ctx, a, store.EventRefreshTokenReused, session.UserID, session.ID)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}
