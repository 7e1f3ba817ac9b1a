package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"latchkey/internal/store"
)

// A one-time token is linkPrefix and 256 random bits. The token store has its
// SHA-256 and a link; what the link does is decided by the row it names, so it
// works once whatever the token store remembers.
const (
	linkPrefix = "lko_"
	linkBytes  = 32
)

// purpose says what a link is for: a token of one kind is nothing to another.
type purpose string

const confirmRegistration purpose = "confirm_registration"

// link is what is kept of a one-time token.
type link struct {
	Purpose      purpose `json:"purpose"`
	Registration string  `json:"registration,omitempty"`
	EmailKey     string  `json:"email"` // the address that it was mailed to
}

// MakeLink makes a one-time token for a registration and returns the link that
// confirms it. It works as long as the registration does, and leaves earlier
// ones working. store.ErrNotFound if the registration can no longer be confirmed.
func (s *Service) MakeLink(ctx context.Context, r *store.Registration) (string, error) {
	now := s.now()
	if r.Closed || !now.Before(r.ExpiresAt) {
		return "", store.ErrNotFound
	}
	secret := make([]byte, linkBytes)
	rand.Read(secret) // never fails since Go 1.24
	token := linkPrefix + base64.RawURLEncoding.EncodeToString(secret)
	payload, err := json.Marshal(link{Purpose: confirmRegistration, Registration: r.ID, EmailKey: r.EmailKey})
	if err != nil {
		return "", fmt.Errorf("link: %w", err)
	}
	if err := s.Tokens.PutToken(ctx, linkHash(token), payload, now, r.ExpiresAt.Sub(now)); err != nil {
		return "", fmt.Errorf("link: %w", err)
	}
	if s.cfg.ConfirmURL != "" {
		return strings.ReplaceAll(s.cfg.ConfirmURL, "{token}", token), nil
	}
	page := s.cfg.PublicURL.JoinPath("email", "confirm-email")
	page.RawQuery = "token=" + token + "&email=" + url.QueryEscape(r.Email)
	return page.String(), nil
}

// openLink returns what is kept of a token for a purpose. The mistake is
// TOKEN_INVALID if it is unknown, expired, of another kind or, where an address
// is given, mailed to another.
func (s *Service) openLink(ctx context.Context, token, email string, p purpose) (link, error) {
	if len(token) != len(linkPrefix)+base64.RawURLEncoding.EncodedLen(linkBytes) || !strings.HasPrefix(token, linkPrefix) {
		return link{}, errToken()
	}
	payload, err := s.Tokens.Token(ctx, linkHash(token), s.now())
	if errors.Is(err, store.ErrNotFound) {
		return link{}, errToken()
	} else if err != nil {
		return link{}, fmt.Errorf("link: %w", err)
	}
	var l link
	if err := json.Unmarshal(payload, &l); err != nil {
		return link{}, fmt.Errorf("link: %w", err)
	}
	if l.Purpose != p {
		return link{}, errToken()
	}
	if email != "" {
		if e, ok := ParseEmail(email); !ok || e.Key != l.EmailKey {
			return link{}, errToken()
		}
	}
	return l, nil
}

// dropLink forgets a token that was used. It is no longer worth anything, so
// that it cannot be forgotten is nothing to the caller.
func (s *Service) dropLink(ctx context.Context, token string) {
	if err := s.Tokens.DropToken(context.WithoutCancel(ctx), linkHash(token)); err != nil {
		s.Log.Warn().Err(err).Msg("drop link")
	}
}

func linkHash(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}
