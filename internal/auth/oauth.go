package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"latchkey/internal/jwt"
)

// OwnClient is the client_id of sessions that were opened without a client of
// OAUTH_CLIENTS. Anybody may use it; it has no secret.
const OwnClient = jwt.OwnClient

// Revoke ends the session of an access or refresh token that the actor's OAuth
// client holds. A token that is dead or not ours ends nothing and is no error.
// Forbidden with ReasonOtherClient if it was given to another client.
func (s *Service) Revoke(ctx context.Context, a Actor, token string) error {
	var userID, sessionID, owner string
	claims, err := s.verify(ctx, token, s.now())
	switch {
	case err == nil || errors.Is(err, jwt.ErrExpired):
		userID, sessionID, owner = claims.Subject, claims.SessionID, claims.ClientID
	case !errors.Is(err, jwt.ErrInvalid):
		return fmt.Errorf("revoke: %w", err)
	default:
		session, _, _, err := s.openRefreshToken(ctx, token)
		if _, dead := errors.AsType[UserErrors](err); dead {
			return nil
		} else if err != nil {
			return fmt.Errorf("revoke: %w", err)
		}
		userID, sessionID, owner = session.UserID, session.ID, session.ClientID
	}
	if owner != a.clientID() {
		return &Error{Code: Forbidden, Reason: ReasonOtherClient, Message: "This token was given to another client."}
	}
	if err := s.logout(ctx, a, userID, sessionID); err != nil {
		return fmt.Errorf("revoke: %w", err)
	}
	return nil
}

// Introspection says what is true of a token now.
type Introspection struct {
	Active    bool        // the token counts; if not, the rest is empty
	Access    *jwt.Claims // what an access token says; nil for a refresh token
	UserID    string
	Username  string
	ClientID  string
	ExpiresAt time.Time // for a refresh token, when its session ends unless it is refreshed before
}

// Introspect says what is true of an access or refresh token at this moment, by the
// query that Identify makes. It changes nothing: a refresh token that would end its
// session if it were used is not active, and the session goes on.
func (s *Service) Introspect(ctx context.Context, token string) (*Introspection, error) {
	viewer, claims, err := s.identify(ctx, token)
	if err == nil {
		return &Introspection{
			Active: true, Access: &claims, UserID: viewer.User.ID, Username: viewer.User.Username,
			ClientID: claims.ClientID, ExpiresAt: claims.ExpiresAt,
		}, nil
	}
	if e, ok := errors.AsType[*Error](err); !ok || e.Code != Unauthenticated {
		return nil, err
	}
	session, user, generation, err := s.openRefreshToken(ctx, token)
	if _, dead := errors.AsType[UserErrors](err); dead {
		return &Introspection{}, nil
	} else if err != nil {
		return nil, fmt.Errorf("introspect: %w", err)
	}
	if judge(session, generation, s.now(), s.cfg.RefreshGrace) == stolen {
		return &Introspection{}, nil
	}
	return &Introspection{
		Active: true, UserID: user.ID, Username: user.Username, ClientID: session.ClientID, ExpiresAt: session.ExpiresAt,
	}, nil
}
