package auth

import (
	"context"
	"errors"
	"fmt"

	"latchkey/internal/store"
)

// waiting is the unfinished registration that a login may be about. Nobody learns
// by it whether an address has an account, or whether a link was followed: that
// takes a registration away from nobody who knows its password. So one that is
// closed counts as any other; and where a login names an address, the registration
// is compared beside the account, as if there were none.
type waiting struct {
	key          store.LoginKey
	sought       bool
	registration *store.Registration // nil if there is none
}

// find reads it, once.
func (w *waiting) find(ctx context.Context, s *Service, a Actor) error {
	if w.sought {
		return nil
	}
	w.sought = true
	r, err := s.store.RegistrationFor(ctx, w.key, a.Client.Key(), s.now())
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil
	case err != nil:
		return fmt.Errorf("registration of a login: %w", err)
	}
	w.registration = r
	return nil
}

// byName is the hash to compare where nobody has the name of the login: that of
// who waits for a username, in the place of the account's, so that it takes one
// hash. "" if there is none.
func (w *waiting) byName() string {
	if w.key.Email != "" || w.registration == nil {
		return ""
	}
	return w.registration.PasswordHash
}

// refused says why a login that came to err is refused. By an address, one who
// registered it at this client may mean that: then the password is compared with
// that of the registration, too, whether or not the address has an account.
func (s *Service) refused(ctx context.Context, a Actor, t *try, w *waiting, typed string, err error) error {
	// Who exists costs this one statement, too, so that the time tells nothing (C2).
	notFound := w.find(ctx, s, a)
	if !errors.Is(err, errMismatch) {
		return err
	}
	if notFound != nil {
		return notFound
	}
	if w.key.Email == "" || w.registration == nil {
		return errCredentials()
	}
	switch err := t.compareToo(ctx, w.registration.PasswordHash, typed); {
	case errors.Is(err, errMismatch):
		return errCredentials()
	case err != nil:
		return err
	}
	return s.notConfirmed(ctx, a, w.registration)
}

// notConfirmed has the links of a registration's address mailed again, unless this
// client had that as often as it may, and says what is missing.
func (s *Service) notConfirmed(ctx context.Context, a Actor, r *store.Registration) error {
	err := s.countMail(ctx, a, "resend", true)
	if err == nil {
		err = s.mailAgain(ctx, a, store.MailResendConfirmation, r.EmailKey)
	}
	if err != nil && AsError(err).Code != RateLimited {
		return err
	}
	return userError(EmailNotConfirmed, "",
		"This account waits for its email to be confirmed. Follow the link in the mail: it is sent again, a few times an hour at most.")
}
