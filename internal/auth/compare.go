package auth

import (
	"context"
	"errors"
	"fmt"

	"latchkey/internal/password"
)

// errMismatch says that a password is wrong, or that there is no user who could
// have one. Callers word it.
var errMismatch = errors.New("password does not match")

// compare compares a typed password with a hash. Every password that this service
// compares goes through it. It returns nil if they match, and errMismatch if not.
//
// hash is "" where there is no such user: then comparing takes as long, and they do
// not match (C2: the time of an answer does not tell who exists). by says what the user
// is known by.
//
// Once a limit is passed, only a user who is known with the right password gets in;
// everybody else is RateLimited, and only after the time that a hash takes. For those
// who are not known it is that time alone: guesses that no longer count cost no hash. A
// match gives the try back.
func (t *try) compare(ctx context.Context, hash, typed string, by known) (err error) {
	defer func() { t.countEnd(hash != "", err) }()
	wait, err := t.admits(ctx, by)
	if err != nil {
		t.giveBack(ctx)
		return err
	}
	// What is not hashed takes its turn among those who are known, as it would if
	// the user were.
	who := t.client.caller(by.client || by.device || wait > 0)
	if by.device && wait == 0 { // apart from others behind the same address
		who.Client = t.device.id
	}
	switch {
	case wait > 0:
		t.giveBack(ctx)
		if err = t.s.hasher.Spend(ctx, who); err == nil {
			return errRateLimited(wait)
		}
	case hash == "":
		err = t.s.hasher.VerifyStandIn(ctx, who, typed)
	default:
		err = t.s.hasher.Verify(ctx, who, hash, typed)
	}
	mismatch := errors.Is(err, password.ErrMismatch)
	switch {
	case errors.Is(err, password.ErrNotBegun): // nothing was compared
		t.giveBack(ctx)
		return fmt.Errorf("compare: %w", err)
	case err != nil && !mismatch: // who leaves in the middle has used the try, and the hash
		return fmt.Errorf("compare: %w", err)
	case t.over > 0 && mismatch:
		return errRateLimited(t.over)
	case mismatch:
		return errMismatch
	}
	t.giveBack(ctx)
	return nil
}

// compareToo compares the password of a try that did not match with another hash. The
// try stays counted whatever comes of it: the password was a guess at the first hash,
// which nobody may make for nothing (C4).
func (t *try) compareToo(ctx context.Context, hash, typed string) error {
	err := t.s.hasher.Verify(ctx, t.client.caller(false), hash, typed)
	switch {
	case errors.Is(err, password.ErrMismatch):
		return errMismatch
	case err != nil:
		return fmt.Errorf("compare: %w", err)
	}
	return nil
}

// prove returns nil if the viewer typed their own password, which certain changes ask for,
// and the error wrong if they did not. A wrong one counts as a failed login (A6). Where the
// account has a second factor that is not enough, and where it has no password it cannot be
// asked for: then the viewer must have shown lately who they are (M1).
func (s *Service) prove(ctx context.Context, a Actor, typed *string, wrong error) error {
	u := a.Viewer.User
	f, known, err := s.factorsOfViewer(ctx, a)
	if err != nil {
		return err
	}
	if u.PasswordHash == "" || s.hasSecond(u, f) {
		if err := s.freshWith(a.Viewer, f, s.fresh(a.Viewer.Session)); err != nil {
			return err
		}
	}
	switch {
	case u.PasswordHash == "":
		return nil
	case typed == nil:
		return wrong
	}
	return s.comparePassword(ctx, a, *typed, known, wrong)
}

// comparePassword returns nil if the viewer typed their own password, and the error wrong if
// they did not. familiar says that they are known at the client.
func (s *Service) comparePassword(ctx context.Context, a Actor, typed string, familiar bool, wrong error) error {
	u := a.Viewer.User
	t, err := s.countTry(ctx, a, "user:"+u.ID, nil)
	if err != nil {
		return err
	}
	t.owner = u.ID
	if err := t.compare(ctx, u.PasswordHash, typed, known{client: familiar}); !errors.Is(err, errMismatch) {
		return err
	}
	return wrong
}
