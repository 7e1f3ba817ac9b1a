package auth

import (
	"context"
	"errors"
	"fmt"

	"latchkey/internal/names"
	"latchkey/internal/store"
	"latchkey/internal/throttle"
)

// ChangeUsernameInput is the argument of ChangeUsername.
type ChangeUsernameInput struct{ Username string }

// ChangeUsername gives the viewer another username, or the same in another
// case. The old one stays theirs for 72 h. The mistakes are USERNAME_INVALID and
// USERNAME_TAKEN; RateLimited.
func (s *Service) ChangeUsername(ctx context.Context, a Actor, in ChangeUsernameInput) (*store.User, error) {
	key, ok := names.ParseUsername(in.Username)
	if !ok {
		return nil, errUsernameInvalid()
	}
	viewer := a.Viewer.User
	if in.Username == viewer.Username {
		return viewer, nil
	}
	unchanged, err := s.countRename(ctx, viewer.ID)
	if err != nil {
		return nil, fmt.Errorf("change username: %w", err)
	}
	taken, err := s.store.UsernameTaken(ctx, key, viewer.ID, viewer.EmailKey, s.now())
	if err != nil {
		return nil, fmt.Errorf("change username: %w", err)
	}
	if taken {
		unchanged()
		return nil, errUsernameTaken()
	}
	u, err := s.act(ctx, a, store.EventUsernameChanged, s.self(a, nil), func(d *deed) error {
		d.became = in.Username
		return d.tx.SetUsername(ctx, d.user, in.Username, d.now, d.now.Add(undoFor))
	})
	if errors.Is(err, store.ErrConflict) { // claimed since we looked
		unchanged()
		return nil, errUsernameTaken()
	} else if err != nil {
		return nil, fmt.Errorf("change username: %w", err)
	}
	return u, nil
}

// countRename counts a change of a user's name, and the look at the one that they
// want, before anybody looks: beyond a limit the answer is the same for a name that
// is taken and for one that is free. unchanged gives the change back, not the look.
func (s *Service) countRename(ctx context.Context, userID string) (unchanged func(), err error) {
	change := throttle.Count{Key: "change username:" + userID, Limit: renameLimit}
	look := throttle.Count{Key: "look for usernames:" + userID, Limit: lookLimit}
	waits, by, err := s.counters.Take(ctx, s.now(), change, look)
	if err != nil {
		return nil, err
	}
	unchanged = func() {
		if err := by.GiveBack(context.WithoutCancel(ctx), s.now(), change); err != nil {
			s.log.Warn().Err(err).Msg("throttle")
		}
	}
	//lint:ignore G602 Counters promises a wait for each count
	if waits[0] == 0 && waits[1] > 0 {
		unchanged()
	}
	if wait := max(waits[0], waits[1]); wait > 0 {
		return nil, errRateLimited(wait)
	}
	return unchanged, nil
}
