package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"latchkey/internal/store"
)

// RefreshInput is the argument of Refresh.
type RefreshInput struct{ RefreshToken *string }

// How far back a refresh token that was rotated away may still be answered.
const (
	graceGenerations = 4              // within REFRESH_GRACE: other tabs, reloads
	lostAnswer       = 24 * time.Hour // the immediate predecessor, while its successor was not presented
)

// standing is what a refresh token is to its session.
type standing int

const (
	current standing = iota // trade it
	recent                  // answer with the current one
	lost                    // the same, and the session was used again
	stolen                  // end the session
)

// judge says where generation g of a refresh token stands in a session.
func judge(v *store.Session, g int64, now time.Time, grace time.Duration) standing {
	if g >= v.Generation { // above it the database came back from a backup
		return current
	}
	age, known := rotationAge(v, g, now)
	switch {
	case grace > 0 && known && age <= grace:
		return recent
	case grace > 0 && known && g == v.Generation-1 && age <= lostAnswer:
		return lost
	}
	return stolen
}

// rotationAge returns how long ago generation g was rotated away, 0 where
// clocks disagree. It is known of the last graceGenerations.
func rotationAge(v *store.Session, g int64, now time.Time) (time.Duration, bool) {
	back := int(v.Generation - 1 - g) // 0 for the immediate predecessor
	times := rotationTimes(v.Rotations)
	if back >= len(times) {
		return 0, false
	}
	return max(0, now.Sub(times[back])), true
}

// maxRaces bounds how often Refresh looks again because somebody was faster.
// Each time somebody else did rotate, and a token that many generations old is
// judged so.
const maxRaces = graceGenerations + 2

// Refresh trades a refresh token for new tokens. Asked again with the same
// token it gives the same successor or the current one, as judge says; a token
// that is older than that ends its session. A token of another OAuth client's
// session than the actor's is refused, and nothing happens to that session. The
// mistake is TOKEN_INVALID.
func (s *Service) Refresh(ctx context.Context, a Actor, token string) (*Login, error) {
	for range maxRaces {
		session, user, generation, err := s.openRefreshToken(ctx, token)
		if err != nil {
			return nil, err
		}
		if session.ClientID != a.clientID() {
			return nil, errRefreshToken()
		}
		now := s.now()
		switch judge(session, generation, now, s.cfg.RefreshGrace) {
		case recent:
			return s.loggedIn(user, session)
		case stolen:
			if gone(ctx) {
				return nil, fmt.Errorf("refresh: %w", ctx.Err())
			}
			if err := s.endStolen(ctx, a, session); err != nil {
				return nil, fmt.Errorf("refresh: %w", err)
			}
			return nil, errRefreshToken()
		case lost:
			err = s.rotate(ctx, session, session.Generation, session.Rotations, now, a.Client)
		case current:
			err = s.rotate(ctx, session, generation+1, rotated(session, generation, now), now, a.Client)
		}
		if err == nil {
			return s.loggedIn(user, session)
		}
		if !errors.Is(err, store.ErrNotFound) {
			return nil, fmt.Errorf("refresh: %w", err)
		}
	}
	return nil, &Error{Code: Unavailable, Message: "Too much at once with this token. Try again soon.", RetryAfter: time.Second}
}

// noticing is how long it takes at most to notice that a caller has hung up.
const noticing = 100 * time.Millisecond

// gone says whether the caller has. Then they may have asked long ago, of a
// machine that stood still since, and have gone on with another replica: their
// session must not end by what is old only for that. A thief who hangs up has
// nothing from it either.
func gone(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return true
	case <-time.After(noticing):
		return false
	}
}

// familiarStep is how often a session that is refreshed says that its device is
// still used: once in each such span.
const familiarStep = 24 * time.Hour

// rotate writes the session's next state and shows it in v. ErrNotFound if
// somebody was faster.
func (s *Service) rotate(ctx context.Context, v *store.Session, generation int64, rotations []byte, now time.Time, c Client) error {
	r := store.Rotation{
		Generation: generation, Rotations: rotations, IPAddress: c.ip(),
		UsedAt: now, ExpiresAt: earlier(now.Add(s.cfg.IdleTTL), v.EndsAt), UserID: v.UserID,
	}
	if v.UserAgent != nil && now.Sub(v.LastUsedAt) >= 0 && !now.Truncate(familiarStep).Equal(v.LastUsedAt.Truncate(familiarStep)) {
		r.Device = Client{UserAgent: *v.UserAgent}.device()
	}
	if err := s.store.RotateSession(ctx, v.ID, v.Generation, r); err != nil {
		return err
	}
	v.Generation, v.Rotations, v.IPAddress, v.LastUsedAt, v.ExpiresAt = r.Generation, r.Rotations, r.IPAddress, r.UsedAt, r.ExpiresAt
	return nil
}

// openRefreshToken returns the live session of a refresh token, its user and
// the token's generation. The mistake is TOKEN_INVALID.
func (s *Service) openRefreshToken(ctx context.Context, token string) (*store.Session, *store.User, int64, error) {
	t, ok := parseRefreshToken(token)
	if !ok {
		return nil, nil, 0, errRefreshToken()
	}
	session, user, err := s.store.SessionWithUser(ctx, t.session.String(), s.now())
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, nil, 0, errRefreshToken()
	case err != nil:
		return nil, nil, 0, fmt.Errorf("refresh token: %w", err)
	case !s.refresh.made(t, session.RefreshKey):
		return nil, nil, 0, errRefreshToken()
	}
	return session, user, t.generation, nil
}

func errRefreshToken() error {
	return userError(TokenInvalid, "refreshToken", "This device is no longer logged in. Log in again.")
}
