package auth

import (
	"context"
	"errors"
	"fmt"

	"latchkey/internal/password"
)

// errMismatch is a wrong password, or one of nobody; callers word it.
var errMismatch = errors.New("password does not match")

// compare is the one way in which this service compares a password. hash is ""
// for a user that there is not: then it takes as long and does not match.
// familiar says whether the user is known at the client.
//
// While the client's or the identifier's limit is passed, only a right password
// of a familiar user matches; all else is RateLimited, after the time that a
// hash takes, so that nothing tells who exists. A match gives the try back.
func (t *try) compare(ctx context.Context, hash, typed string, familiar bool) error {
	// Those who are known at a client wait apart from those who are not, so that
	// a guesser in an office keeps no colleague from logging in.
	who := t.client
	if familiar {
		who += " familiar"
	}
	var err error
	if hash == "" {
		err = t.s.hasher.VerifyStandIn(ctx, who, typed)
	} else {
		err = t.s.hasher.Verify(ctx, who, hash, typed)
	}
	mismatch := errors.Is(err, password.ErrMismatch)
	switch {
	case errors.Is(err, password.ErrBusy): // nothing was compared
		t.giveBack(ctx)
		return fmt.Errorf("compare: %w", err)
	case err != nil && !mismatch: // who leaves in the middle has used the try, and the hash
		return fmt.Errorf("compare: %w", err)
	case t.over > 0 && (mismatch || !familiar):
		return errRateLimited(t.over)
	case mismatch:
		return errMismatch
	}
	t.giveBack(ctx)
	return nil
}

// prove compares the password that allows the viewer a change. A wrong one
// counts as a failed login and is answered with wrong.
func (s *Service) prove(ctx context.Context, a Actor, typed string, wrong error) error {
	u := a.Viewer.User
	t, err := s.countTry(ctx, a, "user:"+u.ID)
	if err != nil {
		return err
	}
	familiar, err := s.store.ClientFamiliar(ctx, u.ID, a.Client.Key(), s.now())
	if err != nil {
		t.giveBack(ctx)
		return err
	}
	if err := t.compare(ctx, u.PasswordHash, typed, familiar); !errors.Is(err, errMismatch) {
		return err
	}
	return wrong
}
