package auth

import (
	"context"
	"errors"
	"fmt"

	"latchkey/internal/jwt"
	"latchkey/internal/store"
)

// Identify returns whom an access token belongs to. It asks the database, with one
// query, so that a session that ended and a user who was disabled or deleted count at
// once (E5). Unauthenticated with a reason.
func (s *Service) Identify(ctx context.Context, accessToken string) (*Viewer, error) {
	v, _, err := s.identify(ctx, accessToken)
	return v, err
}

// identify is Identify, and returns what the token says too.
func (s *Service) identify(ctx context.Context, accessToken string) (*Viewer, jwt.Claims, error) {
	now := s.now()
	claims, err := s.verify(ctx, accessToken, now)
	switch {
	case errors.Is(err, jwt.ErrExpired):
		return nil, claims, errUnauthenticated(ReasonExpired)
	case errors.Is(err, jwt.ErrInvalid):
		return nil, claims, errUnauthenticated(ReasonInvalid)
	case err != nil:
		return nil, claims, fmt.Errorf("identify: %w", err)
	}
	session, user, err := s.store.SessionWithUser(ctx, claims.SessionID, now)
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && user.ID != claims.Subject:
		return nil, claims, errUnauthenticated(ReasonRevoked)
	case err != nil:
		return nil, claims, fmt.Errorf("identify: %w", err)
	}
	return &Viewer{User: user, Session: session}, claims, nil
}

// InvalidToken is the error for a caller whose access token cannot be one.
func InvalidToken() error { return errUnauthenticated(ReasonInvalid) }

// MissingToken is the error for a caller who sent no access token at all.
func MissingToken() error { return errUnauthenticated(ReasonMissing) }
