package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"latchkey/internal/names"
	"latchkey/internal/store"
	"latchkey/internal/throttle"
)

// ChangeUsernameInput is the argument of ChangeUsername.
type ChangeUsernameInput struct{ Username string }

// ChangeUsername gives the viewer another username, or the same in another
// case. The old one stays theirs for 72 h. One that was made for them is changed
// beside the count of changes. The mistakes are USERNAME_INVALID and
// USERNAME_TAKEN; RateLimited.
func (s *Service) ChangeUsername(ctx context.Context, a Actor, in ChangeUsernameInput) (*store.User, error) {
	viewer, parse := a.Viewer.User, names.ParseUsername
	if names.Lower(in.Username) == names.Lower(viewer.Username) {
		parse = names.ParseKnownUsername // whatever else it looks like, it is theirs
	}
	key, ok := parse(in.Username)
	if !ok {
		return nil, errUsernameInvalid(key)
	}
	if in.Username == viewer.Username {
		return viewer, nil
	}
	unchanged, err := s.countRename(ctx, viewer)
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
		if viewer.UsernameMade && !d.user.UsernameMade {
			return errTooMuchAtOnce() // another change came first, and this one was not counted
		}
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

// countRename counts a change of a user's name, unless the service made the name that
// they have, and the look at the one that they want, before anybody looks: beyond a
// limit the answer is the same for a name that is taken and for one that is free.
// unchanged gives the change back, not the look.
func (s *Service) countRename(ctx context.Context, u *store.User) (unchanged func(), err error) {
	counts := []throttle.Count{{Key: "look for usernames:" + u.ID, Limit: lookLimit}}
	if !u.UsernameMade {
		counts = append(counts, throttle.Count{Key: "change username:" + u.ID, Limit: renameLimit})
	}
	waits, by, err := s.counters.Take(ctx, s.now(), counts...)
	if err != nil {
		return nil, err
	}
	unchanged = func() {
		if u.UsernameMade {
			return
		}
		if err := by.GiveBack(context.WithoutCancel(ctx), s.now(), counts[1:]...); err != nil {
			s.log.Warn().Err(err).Msg("throttle")
		}
	}
	wait := slices.Max(waits)
	if wait == 0 {
		return unchanged, nil
	}
	if !u.UsernameMade && waits[1] == 0 { // it was counted, and the look was not allowed
		unchanged()
	}
	return nil, errRateLimited(wait)
}
