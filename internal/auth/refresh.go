package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
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

// standing says what a refresh token means to its session, and so what to do with it.
type standing int

const (
	current standing = iota // the newest one: trade it for the next
	recent                  // rotated away a moment ago: answer with the newest
	lost                    // rotated away, but the answer seems to have been lost: the same, and extend the session
	stolen                  // rotated away long ago: end the session
)

// judge returns what a refresh token of generation g means to session v.
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

// rotationAge returns how long ago generation g was rotated away, and reports whether
// that is known, as it is of the last graceGenerations. Where clocks disagree it is 0.
func rotationAge(v *store.Session, g int64, now time.Time) (time.Duration, bool) {
	back := int(v.Generation - 1 - g) // 0 for the immediate predecessor
	times := rotationTimes(v.Rotations)
	if back >= len(times) {
		return 0, false
	}
	return max(0, now.Sub(times[back])), true
}

// maxRaces bounds how often Refresh looks again because another request rotated the
// session first. After that many rotations its token is old, and judged as such.
const maxRaces = graceGenerations + 2

// Refresh trades a refresh token for new tokens. Asked again with the same
// token it gives the same successor or the current one, as judge says; a token
// that is older than that ends its session. A token of another OAuth client's
// session than the actor's is refused, and nothing happens to that session. The
// mistake is TOKEN_INVALID.
func (s *Service) Refresh(ctx context.Context, a Actor, token string) (*Login, error) {
	for range maxRaces {
		session, user, generation, err := s.openRefreshToken(ctx, token)
		if err == nil && session.ClientID != a.clientID() {
			err = errRefreshToken()
		}
		if err != nil {
			if _, dead := errors.AsType[UserErrors](err); dead {
				s.countRefusal(a, deadToken, "", "")
				s.refreshEnded(RefreshInvalid)
			}
			return nil, err
		}
		now, how := s.now(), RefreshGrace
		switch judge(session, generation, now, s.cfg.RefreshGrace) {
		case recent:
			if newKind(session, a.Client) == "" {
				s.refreshEnded(how)
				return s.loggedIn(user, session)
			}
			fallthrough // its user is to be told, and the session to show it
		case lost:
			err = s.rotate(ctx, a, user, session, session.Generation, session.Rotations, now)
		case current:
			how = RefreshOK
			err = s.rotate(ctx, a, user, session, generation+1, rotated(session, generation, now), now)
		case stolen:
			if gone(ctx) {
				return nil, fmt.Errorf("refresh: %w", ctx.Err())
			}
			if err := s.endStolen(ctx, a, session); err != nil {
				return nil, fmt.Errorf("refresh: %w", err)
			}
			s.countRefusal(a, reusedToken, "", "")
			s.refreshEnded(RefreshReuse)
			return nil, errRefreshToken()
		}
		if err == nil {
			s.refreshEnded(how)
			return s.loggedIn(user, session)
		}
		if !errors.Is(err, store.ErrNotFound) {
			return nil, fmt.Errorf("refresh: %w", err)
		}
	}
	return nil, &Error{Code: Unavailable, Message: "Too much at once with this token. Try again soon.", RetryAfter: time.Second}
}

// noticing is how long it takes at most until a caller who hung up shows in ctx.
const noticing = 100 * time.Millisecond

// gone reports whether the caller has hung up. It waits for that a moment. Such a
// caller may have asked long ago, of a machine that stood still since, and have gone on
// with another replica: a token that is old only for that reason must not end their
// session. A thief gains nothing by hanging up.
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

// rotate writes the session's next state, to the database and to v, and tells its user u
// if another kind of device goes on with it. The error is store.ErrNotFound if another
// request was faster.
func (s *Service) rotate(ctx context.Context, a Actor, u *store.User, v *store.Session, generation int64, rotations []byte, now time.Time) error {
	idle, _ := s.lasts(v.ClientID)
	r := store.Rotation{
		Generation: generation, Rotations: rotations, UserAgent: a.Client.userAgent(), IPAddress: a.Client.ip(), ToldBefore: v.Told, Told: v.Told,
		UsedAt: now, ExpiresAt: earlier(now.Add(idle), v.EndsAt), UserID: v.UserID,
	}
	if v.UserAgent != nil && now.Sub(v.LastUsedAt) >= 0 && !now.Truncate(familiarStep).Equal(v.LastUsedAt.Truncate(familiarStep)) {
		r.Device, r.Network = Client{UserAgent: *v.UserAgent}.device(), a.Client.provider()
	}
	var err error
	if kind := newKind(v, a.Client); kind == "" {
		err = s.store.RotateSession(ctx, v.ID, v.Generation, r)
	} else {
		r.Told += kind + "\n"
		again := func(context.Context) (*store.User, error) { return nil, store.ErrNotFound }
		_, err = s.act(ctx, a.as(u, v), store.EventSessionMoved, subject{user: u, again: again}, func(d *deed) error {
			d.session = v.DeviceName
			return d.tx.MoveSession(ctx, v.ID, v.Generation, r)
		})
	}
	if err != nil {
		return err
	}
	v.Generation, v.Rotations, v.LastUsedAt, v.ExpiresAt = r.Generation, r.Rotations, r.UsedAt, r.ExpiresAt
	v.Refreshed, v.IPAddress, v.Told = r.UserAgent, r.IPAddress, r.Told
	return nil
}

// maxKinds is of how many other kinds of device a session tells its user: a client that
// calls itself something else each time is not to fill a mailbox.
const maxKinds = 5

// newKind returns the kind of a client that refreshes session v, if it is to be told: it
// is not the one that logged in, nor one that was told before. Else it returns "".
func newKind(v *store.Session, c Client) string {
	opener := Client{}
	if v.UserAgent != nil {
		opener.UserAgent = *v.UserAgent
	}
	kind, told := c.kind(), strings.Split(v.Told, "\n")
	if kind == opener.kind() || slices.Contains(told, kind) || len(told) > maxKinds { // the last line is empty
		return ""
	}
	return kind
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
	return userError(TokenInvalid, "refreshToken", "This device is not logged in, or not any more. Log in.")
}
