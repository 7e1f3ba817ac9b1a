package auth

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"latchkey/internal/jwt"
	"latchkey/internal/store"
)

// maxSessions is how many devices a user may be logged in with; a login beyond
// ends the least recently used.
const maxSessions = 100

// TokenTransport says how a refresh token travels.
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

// Viewer is who asks.
type Viewer struct {
	User    *store.User
	Session *store.Session
}

// Identify returns whom an access token belongs to, by one query: what was
// revoked, disabled or deleted counts at once. Unauthenticated with a reason.
func (s *Service) Identify(ctx context.Context, accessToken string) (*Viewer, error) {
	v, _, err := s.identify(ctx, accessToken)
	return v, err
}

// identify is Identify, and returns what the token says too.
func (s *Service) identify(ctx context.Context, accessToken string) (*Viewer, jwt.Claims, error) {
	now := s.now()
	claims, err := s.Issuer.Verify(accessToken, now)
	switch {
	case errors.Is(err, jwt.ErrExpired):
		return nil, claims, errUnauthenticated(ReasonExpired)
	case err != nil:
		return nil, claims, errUnauthenticated(ReasonInvalid)
	}
	session, user, err := s.Store.SessionWithUser(ctx, claims.SessionID, now)
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && user.ID != claims.Subject:
		return nil, claims, errUnauthenticated(ReasonRevoked)
	case err != nil:
		return nil, claims, fmt.Errorf("identify: %w", err)
	}
	return &Viewer{User: user, Session: session}, claims, nil
}

// MissingToken is the error for a caller who sent no access token at all.
func MissingToken() error { return errUnauthenticated(ReasonMissing) }

// newSession is a session that begins now. Nothing in it comes from the client
// but how its device is called.
func (s *Service) newSession(userID string, deviceName *string, c Client, now time.Time) *store.Session {
	key := make([]byte, refreshKeyBytes)
	rand.Read(key) // never fails since Go 1.24
	ends := now.Add(s.cfg.MaxTTL)
	return &store.Session{
		ID: newID(), UserID: userID, ClientID: OwnClient, DeviceName: c.deviceName(deviceName), UserAgent: c.userAgent(), IPAddress: c.ip(),
		RefreshKey: key, Generation: 1, Rotations: []byte{}, CreatedAt: now, LastUsedAt: now,
		ExpiresAt: earlier(now.Add(s.cfg.IdleTTL), ends), EndsAt: ends,
	}
}

func (s *Service) opening(session *store.Session, user *store.User, c Client) *store.Opening {
	return &store.Opening{
		Session: session, SecurityVersion: user.SecurityVersion, PasswordHash: user.PasswordHash,
		Client: c.Key(), Device: c.device(), MaxSessions: maxSessions,
	}
}

// loggedIn makes the tokens of a session.
func (s *Service) loggedIn(user *store.User, session *store.Session) (*Login, error) {
	now := s.now()
	// iat and exp count in whole seconds: iat is not ahead of now, and the token
	// lives AccessTTL at least.
	issued := now.Truncate(time.Second)
	expires := now.Add(s.cfg.AccessTTL + time.Second - 1).Truncate(time.Second)
	access, err := s.Issuer.Sign(jwt.Claims{
		Subject: user.ID, SessionID: session.ID, ClientID: session.ClientID, ID: newID(), Role: string(user.Role),
		Email: user.Email, EmailVerified: true, IssuedAt: issued, ExpiresAt: expires,
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

// User returns any user by id, or store.ErrNotFound.
func (s *Service) User(ctx context.Context, id string) (*store.User, error) {
	return s.Store.UserByID(ctx, id)
}

// Session returns a live session that the viewer may see, their own or for an
// administrator anybody's, or store.ErrNotFound.
func (s *Service) Session(ctx context.Context, v *Viewer, id string) (*store.Session, error) {
	session, user, err := s.Store.SessionWithUser(ctx, id, s.now())
	if err != nil {
		return nil, err
	}
	if !v.MaySee(user.ID) {
		return nil, store.ErrNotFound
	}
	return session, nil
}

// MaySee says whether the viewer may see what is private to a user. Nobody is
// a nil Viewer.
func (v *Viewer) MaySee(userID string) bool {
	return v != nil && (v.User.ID == userID || v.User.Role == store.RoleAdmin)
}

// Sessions lists a user's devices, the most recently used first.
func (s *Service) Sessions(ctx context.Context, userID string) ([]store.Session, error) {
	return s.Store.Sessions(ctx, userID, s.now())
}

// RevokeSessionInput is the argument of RevokeSession.
type RevokeSessionInput struct {
	SessionID string
}

// RevokeSession ends one of the viewer's sessions, this one included. The
// mistake is NOT_FOUND.
func (s *Service) RevokeSession(ctx context.Context, v *Viewer, id string) error {
	switch err := s.Store.EndSession(ctx, v.User.ID, id); {
	case errors.Is(err, store.ErrNotFound):
		return userError(NotFound, "sessionId", "You have no device with this id logged in.")
	case err != nil:
		return fmt.Errorf("revoke session: %w", err)
	}
	s.Log.Info().Str("user_id", v.User.ID).Str("session_id", id).Msg("session revoked")
	return nil
}

// RevokeOtherSessions ends all the viewer's sessions but this one and returns
// how many there were.
func (s *Service) RevokeOtherSessions(ctx context.Context, v *Viewer) (int, error) {
	n, err := s.Store.EndOtherSessions(ctx, v.User.ID, v.Session.ID, s.now())
	if err != nil {
		return 0, fmt.Errorf("revoke other sessions: %w", err)
	}
	s.Log.Info().Str("user_id", v.User.ID).Int64("count", n).Msg("other sessions revoked")
	return int(n), nil
}

// LogoutInput is the argument of Logout.
type LogoutInput struct{ RefreshToken *string }

// Logout ends the sessions of the tokens given, whichever there are. An access
// token counts although it expired; a token that is dead or not ours ends
// nothing and is no error.
func (s *Service) Logout(ctx context.Context, accessToken string, refreshTokens ...string) error {
	if accessToken != "" {
		claims, err := s.Issuer.Verify(accessToken, s.now())
		if err == nil || errors.Is(err, jwt.ErrExpired) {
			if err := s.endSession(ctx, claims.Subject, claims.SessionID); err != nil {
				return fmt.Errorf("logout: %w", err)
			}
		}
	}
	for _, token := range refreshTokens {
		session, _, _, err := s.openRefreshToken(ctx, token)
		if err == nil {
			err = s.endSession(ctx, session.UserID, session.ID)
		}
		if _, dead := errors.AsType[UserErrors](err); err != nil && !dead {
			return fmt.Errorf("logout: %w", err)
		}
	}
	return nil
}

func (s *Service) endSession(ctx context.Context, userID, id string) error {
	err := s.Store.EndSession(ctx, userID, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err == nil {
		s.Log.Info().Str("user_id", userID).Str("session_id", id).Msg("logout")
	}
	return err
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
