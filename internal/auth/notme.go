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
	return s.openNotMe(ctx, Actor{}, token)
}

func (s *Service) openNotMe(ctx context.Context, a Actor, token string) (*store.Undo, error) {
	l, err := s.openLink(ctx, a, token, "", link.NotMe)
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

// NotMe takes an event back (A8: an owner gets an account back from a thief). The
// account has the address of before the event again and, if the event changed the
// username, that too, whatever happened since. All sessions end, older links and those
// of later events are dead, and no password counts until a new one is set: unless the
// account is disabled, a link for that is mailed to the address. An address that is taken
// off the account is told. It returns the user as they are then. The mistake is
// TOKEN_INVALID.
func (s *Service) NotMe(ctx context.Context, a Actor, token string) (*store.User, error) {
	b, err := s.openNotMe(ctx, a, token)
	if err != nil {
		return nil, err
	}
	u, err := s.act(ctx, a, store.EventTakenBack, linked(&store.User{ID: b.UserID}), func(d *deed) error {
		before, u, err := d.tx.TakeBack(ctx, b, d.now)
		if err != nil {
			return err
		}
		if u.DisabledAt == nil {
			d.mails = append(d.mails, passwordReset(u, d.now))
		}
		if before.EmailKey != u.EmailKey {
			// Whoever reads there may be a thief: where the owner is, is not for them to know.
			d.mails = append(d.mails, notice(Actor{}, store.MailEmailRemoved, before, d.now))
		}
		return nil
	})
	if errors.Is(err, store.ErrConflict) {
		return nil, errToken()
	} else if err != nil {
		return nil, fmt.Errorf("not me: %w", err)
	}
	s.dropLink(ctx, token)
	return u, nil
}
