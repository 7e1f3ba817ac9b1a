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
	"slices"
	"strings"
	"time"

	"latchkey/internal/names"
	"latchkey/internal/store"
)

// A one-time token is linkPrefix and 256 random bits. The token store has its
// SHA-256 and a link; what the link does is decided by the row it names, so it
// works once whatever the token store remembers.
const (
	linkPrefix = "lko_"
	linkBytes  = 32
)

// link is what is kept of a one-time token: what must still be in force when it
// is used.
type link struct {
	Purpose      store.Purpose `json:"purpose"`
	Registration string        `json:"registration,omitempty"`
	User         string        `json:"user,omitempty"`
	Version      int64         `json:"version,omitempty"` // the user's security_version
	Event        string        `json:"event,omitempty"`
	EmailKey     string        `json:"email,omitempty"` // the address that it was mailed to, or confirms
}

// MakeLink makes a one-time token for what a mail offers and returns the link to
// its page. It leaves earlier ones working. store.ErrNotFound if there is nothing
// (any more) that it could do.
func (s *Service) MakeLink(ctx context.Context, to store.Target) (store.Link, error) {
	now := s.now()
	l, page, email, expires, err := s.linkTo(ctx, to, now)
	if err != nil {
		return store.Link{}, err
	}
	secret := make([]byte, linkBytes)
	rand.Read(secret) // never fails since Go 1.24
	token := linkPrefix + base64.RawURLEncoding.EncodeToString(secret)
	payload, err := json.Marshal(l)
	if err != nil {
		return store.Link{}, fmt.Errorf("link: %w", err)
	}
	if err := s.tokens.PutToken(ctx, linkHash(token), payload, now, expires.Sub(now)); err != nil {
		return store.Link{}, fmt.Errorf("link: %w", err)
	}
	return store.Link{URL: s.linkURL(page, token, email), ExpiresAt: expires}, nil
}

// linkTo says what is kept of a link, on which page it leads, for which address
// and until when.
func (s *Service) linkTo(ctx context.Context, to store.Target, now time.Time) (l link, page, email string, expires time.Time, err error) {
	switch u := to.User; to.Purpose {
	case store.ConfirmRegistration:
		r := to.Registration
		l = link{Purpose: to.Purpose, Registration: r.ID, EmailKey: r.EmailKey}
		page, email, expires = "confirm-email", r.Email, r.ExpiresAt
		if r.Closed {
			expires = now
		}
	case store.ConfirmNewEmail:
		address, key := u.Pending(now)
		l = link{Purpose: to.Purpose, User: u.ID, Version: u.SecurityVersion, EmailKey: key}
		page, email, expires = "confirm-email", address, now
		if key != "" && u.DisabledAt == nil {
			expires = *u.PendingUntil
		}
	case store.ResetPassword:
		l = link{Purpose: to.Purpose, User: u.ID, Version: u.SecurityVersion, EmailKey: u.EmailKey}
		page, email, expires = "reset-password", u.Email, now
		if u.DisabledAt == nil {
			expires = now.Add(s.cfg.ResetTTL)
		}
	case store.NotMe:
		e, err := s.store.Undo(ctx, to.Event, now)
		if err != nil {
			return l, "", "", now, err
		}
		l, page, expires = link{Purpose: to.Purpose, Event: e.ID}, "not-me", e.ExpiresAt
	default:
		return l, "", "", now, fmt.Errorf("link: unknown purpose %q", to.Purpose)
	}
	if !now.Before(expires) {
		return l, "", "", now, store.ErrNotFound
	}
	return l, page, email, expires, nil
}

// linkURL is the address of a page that a token opens: the frontend's own if
// there is one.
func (s *Service) linkURL(page, token, email string) string {
	if own := map[string]string{"confirm-email": s.cfg.ConfirmURL, "reset-password": s.cfg.ResetURL}[page]; own != "" {
		return strings.ReplaceAll(own, "{token}", token)
	}
	//lint:ignore G125 linkTo chooses page among names of ours
	u := s.cfg.PublicURL.JoinPath("email", page)
	u.RawQuery = "token=" + token
	if email != "" {
		u.RawQuery += "&email=" + url.QueryEscape(email)
	}
	return u.String()
}

// openLink returns what is kept of a token for one of some purposes. The mistake
// is TOKEN_INVALID if it is unknown, expired, of another kind or, where an
// address is given, mailed to another.
func (s *Service) openLink(ctx context.Context, token, email string, purposes ...store.Purpose) (link, error) {
	if len(token) != len(linkPrefix)+base64.RawURLEncoding.EncodedLen(linkBytes) || !strings.HasPrefix(token, linkPrefix) {
		return link{}, errToken()
	}
	payload, err := s.tokens.Token(ctx, linkHash(token), s.now())
	if errors.Is(err, store.ErrNotFound) {
		return link{}, errToken()
	} else if err != nil {
		return link{}, fmt.Errorf("link: %w", err)
	}
	var l link
	if err := json.Unmarshal(payload, &l); err != nil {
		return link{}, fmt.Errorf("link: %w", err)
	}
	if !slices.Contains(purposes, l.Purpose) {
		return link{}, errToken()
	}
	if email != "" {
		if e, ok := names.ParseEmail(email); !ok || e.Key != l.EmailKey {
			return link{}, errToken()
		}
	}
	return l, nil
}

// dropLink forgets a token that was used. It is no longer worth anything, so
// that it cannot be forgotten is nothing to the caller.
func (s *Service) dropLink(ctx context.Context, token string) {
	if err := s.tokens.DropToken(context.WithoutCancel(ctx), linkHash(token)); err != nil {
		s.log.Warn().Err(err).Msg("drop link")
	}
}

func linkHash(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}
