package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"latchkey/internal/jwt"
	"latchkey/internal/store"
)

// TokenTransport says how a refresh token travels to and from a device.
type TokenTransport string

// The transports there are.
const (
	TransportBody   TokenTransport = "BODY"
	TransportCookie TokenTransport = "COOKIE"
)

// Tokens is what a device that is logged in holds.
type Tokens struct {
	AccessToken           string
	AccessTokenExpiresAt  time.Time
	AccessTokenExpiresIn  int     // seconds from now
	RefreshToken          *string // nil where it travels in a cookie
	RefreshTokenExpiresAt time.Time
}

// loggedIn returns a session and its user with new tokens.
func (s *Service) loggedIn(user *store.User, session *store.Session) (*Login, error) {
	now := s.now()
	// iat and exp count in whole seconds: iat is not ahead of now, and the token
	// lives AccessTTL at least.
	issued := now.Truncate(time.Second)
	expires := now.Add(s.cfg.AccessTTL + time.Second - 1).Truncate(time.Second)
	shown := proofsOf(session)
	access, err := s.issuer.Sign(jwt.Claims{
		Subject: user.ID, SessionID: session.ID, ClientID: session.ClientID, ID: newID(), Role: string(user.Role),
		Email: user.Email, EmailVerified: true, IssuedAt: issued, ExpiresAt: expires,
		AuthTime: session.ProvenAt.Truncate(time.Second), Level: shown.acr(), Methods: shown.amr(), Username: user.Username,
	})
	if err != nil {
		return nil, fmt.Errorf("login: %w", err)
	}
	token, err := s.refresh.token(session)
	if err != nil {
		return nil, fmt.Errorf("login: %w", err)
	}
	return &Login{User: user, Session: session, Tokens: &Tokens{
		AccessToken: access, AccessTokenExpiresAt: expires, AccessTokenExpiresIn: int(expires.Sub(now) / time.Second),
		RefreshToken: &token, RefreshTokenExpiresAt: session.ExpiresAt,
	}}, nil
}

// verify returns what an access token says; jwt.ErrExpired, or jwt.ErrInvalid. Where the
// token names a key that is not known, another replica may have made that: it looks once.
func (s *Service) verify(ctx context.Context, token string, now time.Time) (jwt.Claims, error) {
	claims, err := s.issuer.Verify(token, now)
	if s.missingKey == nil || !errors.Is(err, jwt.ErrUnknownKey) {
		return claims, err
	}
	if err := s.missingKey(ctx); err != nil {
		return jwt.Claims{}, fmt.Errorf("verify: %w", err)
	}
	return s.issuer.Verify(token, now)
}
