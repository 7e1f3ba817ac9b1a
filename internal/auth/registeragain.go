package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"latchkey/internal/store"
)

// sameAgain reports whether somebody registers again what they did already, as by a
// double click: seen is what this client registered for the same address and username,
// and the password is the same. That takes the one hash that registering takes anyhow;
// only who chose another password waits for a second one. It is a try at the password of
// seen: beyond its limits nothing is compared, and nobody is told.
func (s *Service) sameAgain(ctx context.Context, a Actor, seen *store.Registration, typed string) (bool, error) {
	t, err := s.countTry(ctx, a, "registration:"+seen.ID, nil)
	if err == nil {
		err = t.compare(ctx, seen.PasswordHash, typed, known{})
	}
	if errors.Is(err, errMismatch) || err != nil && AsError(err).Code == RateLimited {
		return false, nil
	}
	return err == nil, err
}

// renewRegistration has a registration wait as if it were made now, and mails its link
// again, once for all calls while that mail waits.
func (s *Service) renewRegistration(ctx context.Context, a Actor, r *store.Registration, now time.Time) error {
	r.ExpiresAt = now.Add(s.cfg.ConfirmTTL)
	if until := r.CreatedAt.Add(usernameHold); !now.Before(until) { // its username is held anew
		r.CreatedAt = now
	}
	m := s.confirmation(a, r, now)
	m.Dedupe = store.ResendDedupe(m.Kind, m.RecipientKey, r.ID)
	return s.store.RenewRegistration(ctx, r, m, now.Add(usernameHold), now)
}

// ownClaim returns the registration that keeps r's username, if it was made at this
// client with the password typed: then whoever mistyped their address has the name
// for r's. It takes the one hash that registering takes anyhow, and it is a try
// at that password. The mistake is USERNAME_TAKEN; RateLimited. The error is
// store.ErrNotFound if r's address has the name by now.
func (s *Service) ownClaim(ctx context.Context, a Actor, r *store.Registration, typed string) (*store.Registration, error) {
	earlier, err := s.store.ClaimOf(ctx, r.UsernameKey, r.Client, r.CreatedAt)
	if errors.Is(err, store.ErrNotFound) {
		return nil, errUsernameTaken()
	} else if err != nil {
		return nil, fmt.Errorf("register: %w", err)
	}
	if earlier.EmailKey == r.EmailKey {
		return nil, store.ErrNotFound
	}
	t, err := s.countTry(ctx, a, "registration:"+earlier.ID, nil)
	if err != nil {
		return nil, fmt.Errorf("register: %w", err)
	}
	switch err := t.compare(ctx, earlier.PasswordHash, typed, known{}); {
	case errors.Is(err, errMismatch):
		return nil, errUsernameTaken()
	case err != nil:
		return nil, fmt.Errorf("register: %w", err)
	}
	return earlier, nil
}

// lost returns what an error of the store says of a registration. A username that
// somebody claimed since it was looked at is taken, unless it was claimed by what
// somebody registered at the same time and is the same: then it is store.ErrNotFound.
func (s *Service) lost(ctx context.Context, r, seen *store.Registration, err error) error {
	switch {
	case errors.Is(err, store.ErrTooMany):
		return errRateLimited(registrationWindow)
	case errors.Is(err, store.ErrConflict):
		like, notFound := s.store.RegistrationLike(ctx, r)
		if notFound == nil && (seen == nil || like.ID != seen.ID) {
			return store.ErrNotFound
		}
		return errUsernameTaken()
	}
	return fmt.Errorf("register: %w", err)
}
