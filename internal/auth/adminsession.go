package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"latchkey/internal/store"
)

// AdminClient is the client_id of the sessions of the admin page, which no client of
// OAUTH_CLIENTS can have: theirs hold no colon. Administrators alone open such a session, and
// no other token than its own goes on with it.
const AdminClient = "latchkey:admin"

// How long a session of the admin page lives: without anything being looked at, and at all.
const (
	adminIdle = 30 * time.Minute
	adminMax  = 8 * time.Hour
)

// lasts returns how long a client's sessions live without being used, and at all.
func (s *Service) lasts(clientID string) (idle, most time.Duration) {
	if clientID == AdminClient {
		return min(adminIdle, s.cfg.IdleTTL), min(adminMax, s.cfg.MaxTTL)
	}
	return s.cfg.IdleTTL, s.cfg.MaxTTL
}

// lookStep is how often looking at the admin page is noted down.
const lookStep = time.Minute

// Look returns whose session of the actor's client a refresh token is of, and has that session
// go on: looking is no idling. It leaves the token as it is. Unauthenticated if it is of none,
// of a session that has ended, or was replaced.
func (s *Service) Look(ctx context.Context, a Actor, token string) (*Viewer, error) {
	session, user, generation, err := s.openRefreshToken(ctx, token)
	if _, dead := errors.AsType[UserErrors](err); dead {
		return nil, errUnauthenticated(ReasonRevoked)
	} else if err != nil {
		return nil, fmt.Errorf("look: %w", err)
	}
	now := s.now()
	if session.ClientID != a.clientID() || judge(session, generation, now, s.cfg.RefreshGrace) == stolen {
		return nil, errUnauthenticated(ReasonRevoked)
	}
	idle, _ := s.lasts(session.ClientID)
	if until := earlier(now.Add(idle), session.EndsAt); until.Sub(session.ExpiresAt) >= lookStep {
		err := s.store.ProlongSession(ctx, session.ID, until, now)
		if errors.Is(err, store.ErrNotFound) {
			return nil, errUnauthenticated(ReasonRevoked)
		} else if err != nil {
			return nil, fmt.Errorf("look: %w", err)
		}
		session.ExpiresAt = until
	}
	return &Viewer{User: user, Session: session}, nil
}
