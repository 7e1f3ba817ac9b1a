package auth

import (
	"context"
	"errors"
	"fmt"

	"latchkey/internal/link"
	"latchkey/internal/store"
)

// LookAtNotMe returns what a "this was not me" link would take back, and changes
// nothing. The mistake is TOKEN_INVALID.
func (s *Service) LookAtNotMe(ctx context.Context, token string) (*store.Undo, error) {
	l, err := s.openLink(ctx, token, "", link.NotMe)
	if err != nil {
		return nil, err
	}
	b, err := s.store.Undo(ctx, l.Event, s.now())
	if errors.Is(err, store.ErrNotFound) {
		return nil, errToken()
	} else if err != nil {
		return nil, fmt.Errorf("not me: %w", err)
	}
	return b, nil
}

// NotMe takes an event back: the account is put back to the address of before
// it, and to the username if the event was its change, whatever happened since.
// All sessions end, every older link and the links of later events are dead, the
// password is unusable, and a link that sets a new one goes to that address
// unless the account is disabled. It returns the user as they are then. The
// mistake is TOKEN_INVALID.
func (s *Service) NotMe(ctx context.Context, a Actor, token string) (*store.User, error) {
	b, err := s.LookAtNotMe(ctx, token)
	if err != nil {
		return nil, err
	}
	u, err := s.act(ctx, a, store.EventTakenBack, linked(&store.User{ID: b.UserID}), func(d *deed) error {
		u, err := d.tx.TakeBack(ctx, b, d.now)
		if err == nil && u.DisabledAt == nil {
			d.mails = append(d.mails, passwordReset(u, d.now))
		}
		return err
	})
	if errors.Is(err, store.ErrConflict) {
		return nil, errToken()
	} else if err != nil {
		return nil, fmt.Errorf("not me: %w", err)
	}
	s.dropLink(ctx, token)
	return u, nil
}
