package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"latchkey/internal/store"
)

// Session returns a live session that the actor may see: one of their own, or for an
// administrator anybody's. Absent if there is none.
func (s *Service) Session(ctx context.Context, a Actor, id string) (*store.Session, error) {
	session, user, err := s.store.SessionWithUser(ctx, id, s.now())
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && !a.MaySee(user.ID):
		return nil, errAbsent()
	case err != nil:
		return nil, fmt.Errorf("session: %w", err)
	}
	return session, nil
}

// SessionRefresh is the last refresh of a session: when it was, and who asked for it.
type SessionRefresh struct {
	At        time.Time
	UserAgent *string
	IPAddress *string
	Device    *string // the kind of device; nil where no user agent is known
}

// LastRefresh returns the last refresh of a session; nil before the first.
func (s *Service) LastRefresh(v *store.Session) *SessionRefresh {
	if v.Generation == 1 {
		return nil
	}
	r := &SessionRefresh{At: v.LastUsedAt, UserAgent: v.Refreshed, IPAddress: v.IPAddress}
	if v.Refreshed != nil {
		r.Device = new(Client{UserAgent: *v.Refreshed}.device())
	}
	return r
}

// Sessions lists a user's devices, the most recently used first.
func (s *Service) Sessions(ctx context.Context, userID string) ([]store.Session, error) {
	return s.store.Sessions(ctx, userID, s.now())
}

// SessionsOf lists the devices of several users by their ids, of each the most
// recently used first, by one query. Who has none is not in the answer.
func (s *Service) SessionsOf(ctx context.Context, userIDs []string) (map[string][]store.Session, error) {
	return s.store.SessionsOf(ctx, userIDs, s.now())
}

// RevokeSessionInput is the argument of RevokeSession.
type RevokeSessionInput struct{ SessionID string }

// RevokeSession ends one of the viewer's sessions, this one included. The
// mistake is NOT_FOUND.
func (s *Service) RevokeSession(ctx context.Context, a Actor, in RevokeSessionInput) error {
	switch err := s.endSession(ctx, a, store.EventSessionRevoked, a.Viewer.User.ID, in.SessionID); {
	case errors.Is(err, store.ErrNotFound):
		return userError(NotFound, "sessionId", "You have no device with this id logged in.")
	case err != nil:
		return fmt.Errorf("revoke session: %w", err)
	}
	return nil
}

// RevokeOtherSessions ends all the viewer's sessions but this one and returns
// how many there were.
func (s *Service) RevokeOtherSessions(ctx context.Context, a Actor) (int, error) {
	n, _, err := s.endSessions(ctx, a, s.self(a, nil), a.Viewer.Session.ID)
	if err != nil {
		return 0, fmt.Errorf("revoke other sessions: %w", err)
	}
	return n, nil
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
