package auth

import (
	"context"
	"fmt"
	"strings"

	"latchkey/internal/password"
	"latchkey/internal/store"
)

// A new password is decided upon in two steps, wherever one is set: policyErrors says
// what is wrong with it in itself, and hashNew, the only function that hashes one, looks
// once everything else is right whether it was stolen. Logins do neither.

// policyErrors returns what is wrong with a new password, in words, for input.<field>.
// own are the user's names, which are no secret and so no passwords (A3).
func (s *Service) policyErrors(field, typed string, own ...string) UserErrors {
	var errs UserErrors
	for _, p := range s.policy.Check(typed, own...) {
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

// own returns the names that belong to a user: they are no secret, so they are no
// password either.
func own(u *store.User) []string {
	local, _, _ := strings.Cut(u.Email, "@")
	return []string{u.Username, u.Email, local}
}

// hashNew returns the hash of a new password, which policyErrors finds nothing wrong with.
// It is called last, when nothing else keeps the password from being set, so that nobody
// has a service asked for what is refused anyhow. The mistake is PASSWORD_BREACHED;
// Unavailable.
func (s *Service) hashNew(ctx context.Context, caller password.Caller, field, typed string) (string, error) {
	if s.breaches != nil {
		stolen, err := s.breaches.Has(ctx, password.Normalize(typed))
		switch {
		case ctx.Err() != nil:
			return "", ctx.Err()
		case err != nil:
			return "", &Error{
				Code: Unavailable, Message: "New passwords cannot be checked at the moment. Try again soon.", RetryAfter: unavailableRetry,
				cause: fmt.Errorf("stolen passwords: %w", err),
			}
		case stolen:
			return "", userError(PasswordBreached, field, "This password is in a list of stolen passwords. Choose another.")
		}
	}
	return s.hasher.Hash(ctx, caller, typed)
}
