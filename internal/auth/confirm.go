package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"latchkey/internal/link"
	"latchkey/internal/store"
)

// Confirmation is what the page behind a link shows before anything happens.
type Confirmation struct {
	Purpose       link.Purpose // ConfirmRegistration or ConfirmNewEmail
	Username      string
	Email         string    // that is confirmed
	Device        string    // the kind of device it was registered with
	At            time.Time // when it was registered
	NeedsPassword bool      // several registrations of the address are unfinished
}

// LookAtConfirmation returns what a link would confirm and changes nothing. The
// mistake is TOKEN_INVALID.
func (s *Service) LookAtConfirmation(ctx context.Context, token, email string) (*Confirmation, error) {
	l, err := s.openConfirmation(ctx, token, email)
	if err != nil {
		return nil, err
	}
	if l.Purpose == link.ConfirmNewEmail {
		u, err := s.pendingChange(ctx, l)
		if err != nil {
			return nil, err
		}
		return &Confirmation{Purpose: l.Purpose, Username: u.Username, Email: *u.PendingEmail}, nil
	}
	r, several, err := s.openRegistration(ctx, l)
	if err != nil {
		return nil, err
	}
	return &Confirmation{
		Purpose: l.Purpose, Username: r.Username, Email: r.Email, Device: r.Device, At: r.CreatedAt, NeedsPassword: several,
	}, nil
}

// ConfirmLink is what the page behind a link posts.
type ConfirmLink struct {
	Token    string
	Email    string // of the link: only checked for consistency; may be ""
	Password string // asked for when several registrations are unfinished
}

// Confirmed is what the link of a mail did.
type Confirmed struct {
	User   *store.User
	Change bool // of an account's address; else the account is new
}

// ConfirmLink makes an account of a registration, or its address of one that
// waits for that, and logs nobody in. The mistakes are TOKEN_INVALID and, which
// leaves the link as good as it was, WRONG_PASSWORD; RateLimited.
func (s *Service) ConfirmLink(ctx context.Context, in ConfirmLink, c Client) (done Confirmed, err error) {
	l, err := s.openConfirmation(ctx, in.Token, in.Email)
	if err != nil {
		return done, err
	}
	if done.Change = l.Purpose == link.ConfirmNewEmail; done.Change {
		done.User, err = s.confirmChange(ctx, l, in.Token, c)
	} else {
		done.User, err = s.confirm(ctx, l, in, c, nil)
	}
	return done, err
}

// ConfirmEmailInput is the argument of ConfirmEmail.
type ConfirmEmailInput struct {
	Token      string
	Password   *string
	DeviceName *string
	Transport  TokenTransport
}

// ConfirmEmail does what ConfirmLink does and, after a registration, logs this
// device in. After a change of address the Login is the user alone.
func (s *Service) ConfirmEmail(ctx context.Context, in ConfirmEmailInput, c Client) (*Login, error) {
	l, err := s.openConfirmation(ctx, in.Token, "")
	if err != nil {
		return nil, err
	}
	if l.Purpose == link.ConfirmNewEmail {
		user, err := s.confirmChange(ctx, l, in.Token, c)
		if err != nil {
			return nil, err
		}
		return &Login{User: user}, nil
	}
	posted := ConfirmLink{Token: in.Token}
	if in.Password != nil {
		posted.Password = *in.Password
	}
	var session *store.Session
	user, err := s.confirm(ctx, l, posted, c, func(tx *store.Store, user *store.User) error {
		session = s.newSession(user.ID, in.DeviceName, c, user.CreatedAt)
		return tx.OpenSession(ctx, s.opening(session, user, c))
	})
	if err != nil {
		return nil, err
	}
	user.LastLoginAt = &session.CreatedAt
	return s.loggedIn(user, session)
}

func (s *Service) openConfirmation(ctx context.Context, token, email string) (link.Claim, error) {
	return s.openLink(ctx, token, email, link.ConfirmRegistration, link.ConfirmNewEmail)
}

// confirm makes the account; then, if given, runs in the same transaction.
func (s *Service) confirm(ctx context.Context, l link.Claim, in ConfirmLink, c Client, then func(tx *store.Store, user *store.User) error) (*store.User, error) {
	r, several, err := s.openRegistration(ctx, l)
	if err != nil {
		return nil, err
	}
	if several {
		if err := s.provePassword(ctx, r, in.Password, c); err != nil {
			return nil, err
		}
	}
	now := s.now()
	user := &store.User{
		ID: newID(), Email: r.Email, EmailKey: r.EmailKey, Username: r.Username, PasswordHash: r.PasswordHash,
		Role: store.RoleUser, SecurityVersion: 1, CreatedAt: now, UpdatedAt: now,
	}
	err = s.Store.InTx(ctx, func(tx *store.Store) error {
		if err := tx.CreateUser(ctx, user, r.UsernameKey); err != nil {
			return err
		}
		// Taking the row is the use of the link: of two, one gets it.
		if _, err := tx.TakeRegistration(ctx, r.ID, now); err != nil {
			return err
		}
		if err := tx.CloseRegistrations(ctx, r.EmailKey); err != nil || then == nil {
			return err
		}
		return then(tx, user)
	})
	switch {
	case errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrConflict): // used, or the address or the name went to somebody
		return nil, errToken()
	case err != nil:
		return nil, fmt.Errorf("confirm: %w", err)
	}
	s.dropLink(ctx, in.Token)
	s.Log.Info().Str("user_id", user.ID).Str("registration_id", r.ID).Msg("confirmed")
	return user, nil
}

// provePassword asks for the password chosen when registering: one of several
// registrations may be a stranger's, who waits for the owner of the address to
// confirm it.
func (s *Service) provePassword(ctx context.Context, r *store.Registration, typed string, c Client) error {
	wrong := userError(WrongPassword, "password", "Type the password that you chose when you registered this username.")
	if typed == "" {
		return wrong
	}
	t, err := s.countTry(ctx, "registration:"+r.ID, c)
	if err != nil {
		return fmt.Errorf("confirm: %w", err)
	}
	err = t.compare(ctx, r.PasswordHash, typed, false)
	if errors.Is(err, errMismatch) {
		return wrong
	}
	return err
}

// DeclineLink closes the registration of a link, "I did not register", or drops
// the change of address that it would confirm, and says which of them. The
// mistake is TOKEN_INVALID.
func (s *Service) DeclineLink(ctx context.Context, token, email string) (link.Purpose, error) {
	l, err := s.openConfirmation(ctx, token, email)
	if err != nil {
		return "", err
	}
	if l.Purpose == link.ConfirmNewEmail {
		err = s.declineChange(ctx, l)
	} else {
		err = s.declineRegistration(ctx, l)
	}
	if errors.Is(err, store.ErrNotFound) {
		return "", errToken()
	} else if err != nil {
		return "", fmt.Errorf("decline: %w", err)
	}
	s.dropLink(ctx, token)
	s.Log.Info().Str("purpose", string(l.Purpose)).Str("registration_id", l.Registration).Str("user_id", l.User).Msg("declined")
	return l.Purpose, nil
}

func (s *Service) declineRegistration(ctx context.Context, l link.Claim) error {
	r, _, err := s.openRegistration(ctx, l)
	if err != nil {
		return err
	}
	return s.Store.CloseRegistration(ctx, r.ID)
}

// openRegistration returns the registration that a link confirms, and whether
// others of its address are unfinished too.
func (s *Service) openRegistration(ctx context.Context, l link.Claim) (r *store.Registration, several bool, err error) {
	now := s.now()
	r, err = s.Store.Registration(ctx, l.Registration, now)
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && r.Closed:
		return nil, false, errToken()
	case err != nil:
		return nil, false, fmt.Errorf("confirm: %w", err)
	}
	if several, err = s.Store.OtherRegistrations(ctx, r.EmailKey, r.ID, now); err != nil {
		return nil, false, fmt.Errorf("confirm: %w", err)
	}
	return r, several, nil
}
