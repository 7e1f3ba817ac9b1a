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
		err = t.s.Hasher.VerifyStandIn(ctx, who, typed)
	} else {
		err = t.s.Hasher.Verify(ctx, who, hash, typed)
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

// policyErrors words what is wrong with a new password in input.<field>. own is
// what belongs to the user and is no secret.
func (s *Service) policyErrors(field, typed string, own ...string) UserErrors {
	var errs UserErrors
	for _, p := range s.Policy.Check(typed, own...) {
		e := UserError{Field: []string{"input", field}}
		if p.Limit > 0 {
			e.Limit = &p.Limit
		}
		switch p.Code {
		case password.TooShort:
			e.Code, e.Message = PasswordTooShort, fmt.Sprintf("At least %d characters.", p.Limit)
		case password.TooLong:
			e.Code, e.Message = PasswordTooLong, fmt.Sprintf("At most %d characters.", p.Limit)
			if p.Limit < password.MaxLength { // bcrypt counts bytes
				e.Message = fmt.Sprintf("At most %d bytes: fewer characters, or plainer ones.", p.Limit)
			}
		case password.TooCommon:
			e.Code, e.Message = PasswordTooCommon, "This is one of the passwords that people guess first. Choose another."
		default:
			e.Code, e.Message = PasswordInvalid, "Leave out control characters such as tabs and line breaks."
		}
		errs = append(errs, e)
	}
	return errs
}
