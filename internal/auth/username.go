package auth

import (
	"context"
	"errors"
	"fmt"

	"latchkey/internal/names"
	"latchkey/internal/store"
)

// ChangeUsernameInput is the argument of ChangeUsername.
type ChangeUsernameInput struct{ Username string }

// ChangeUsername gives the viewer another username, or the same in another
// case. The old one stays theirs for 72 h. One that was made for them is changed
// beside the count of changes. The mistakes are USERNAME_INVALID and
// USERNAME_TAKEN; RateLimited.
func (s *Service) ChangeUsername(ctx context.Context, a Actor, in ChangeUsernameInput) (*store.User, error) {
	key, ok := names.ParseUsername(in.Username)
	if !ok {
		return nil, errUsernameInvalid(key)
	}
	viewer := a.Viewer.User
	if in.Username == viewer.Username {
		return viewer, nil
	}
	taken, err := s.store.UsernameTaken(ctx, key, viewer.ID, viewer.EmailKey, s.now())
	if err != nil {
		return nil, fmt.Errorf("change username: %w", err)
	}
	if taken {
		return nil, errUsernameTaken()
	}
	if !viewer.UsernameMade {
		if err := s.countChange(ctx, "username", viewer.ID, renameLimit); err != nil {
			return nil, fmt.Errorf("change username: %w", err)
		}
	}
	u, err := s.act(ctx, a, store.EventUsernameChanged, s.self(a, nil), func(d *deed) error {
		if viewer.UsernameMade && !d.user.UsernameMade {
			return errTooMuchAtOnce() // another change came first, and this one was not counted
		}
		d.became = in.Username
		return d.tx.SetUsername(ctx, d.user, in.Username, d.now, d.now.Add(undoFor))
	})
	if errors.Is(err, store.ErrConflict) { // claimed since we looked
		return nil, errUsernameTaken()
	} else if err != nil {
		return nil, fmt.Errorf("change username: %w", err)
	}
	return u, nil
}
