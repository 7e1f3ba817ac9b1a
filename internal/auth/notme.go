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
func (s *Service) LookAtNotMe(ctx context.Context, token string) (*store.Event, error) {
	l, err := s.openLink(ctx, token, "", link.NotMe)
	if err != nil {
		return nil, err
	}
	e, err := s.Store.Event(ctx, l.Event, s.now())
	if errors.Is(err, store.ErrNotFound) {
		return nil, errToken()
	} else if err != nil {
		return nil, fmt.Errorf("not me: %w", err)
	}
	return e, nil
}

// NotMe takes an event back: the account is put back to the address of before
// it, and to the username if the event was its change, whatever happened since.
// All sessions end, every older link and the links of later events are dead, the
// password is unusable, and a link that sets a new one goes to that address
// unless the account is disabled. It returns the user as they are then. The
// mistake is TOKEN_INVALID.
func (s *Service) NotMe(ctx context.Context, token string) (*store.User, error) {
	e, err := s.LookAtNotMe(ctx, token)
	if err != nil {
		return nil, err
	}
	now := s.now()
	reset := &store.Mail{
		ID: newID(), Kind: store.MailPasswordReset, UserID: e.UserID, RecipientKey: e.EmailKey, Admitted: true, CreatedAt: now,
	}
	var u *store.User
	err = s.Store.InTx(ctx, func(tx *store.Store) (err error) {
		if u, err = tx.TakeBack(ctx, e, now); err != nil || u.DisabledAt != nil {
			return err
		}
		return tx.EnqueueMail(ctx, reset)
	})
	switch {
	case errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrConflict):
		return nil, errToken()
	case err != nil:
		return nil, fmt.Errorf("not me: %w", err)
	}
	s.dropLink(ctx, token)
	s.MailQueued()
	s.Log.Warn().Str("user_id", e.UserID).Str("kind", string(e.Kind)).Msg("event taken back")
	return u, nil
}
