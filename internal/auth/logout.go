package auth

import (
	"context"
	"errors"
	"fmt"

	"latchkey/internal/jwt"
)

// LogoutInput is the argument of Logout.
type LogoutInput struct{ RefreshToken *string }

// Logout ends the sessions of the tokens given, whichever there are. An access
// token counts although it expired; a token that is dead or not ours ends
// nothing and is no error.
func (s *Service) Logout(ctx context.Context, a Actor, accessToken string, refreshTokens ...string) error {
	if accessToken != "" {
		claims, err := s.verify(ctx, accessToken, s.now())
		if err == nil || errors.Is(err, jwt.ErrExpired) {
			err = s.logout(ctx, a, claims.Subject, claims.SessionID)
		}
		if err != nil && !errors.Is(err, jwt.ErrInvalid) {
			return fmt.Errorf("logout: %w", err)
		}
	}
	for _, token := range refreshTokens {
		session, _, _, err := s.openRefreshToken(ctx, token)
		if err == nil {
			err = s.logout(ctx, a, session.UserID, session.ID)
		}
		if _, dead := errors.AsType[UserErrors](err); err != nil && !dead {
			return fmt.Errorf("logout: %w", err)
		}
	}
	return nil
}
