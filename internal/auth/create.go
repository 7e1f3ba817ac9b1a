package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"latchkey/internal/names"
	"latchkey/internal/store"
)

// CreateUserInput is the argument of CreateUser.
type CreateUserInput struct {
	Email    string
	Username string
	Password *string // nil: a link by which its user sets one is mailed to the address
	Role     store.Role

	MustChangePassword bool // at the first login; by the shell alone
	MustEnrol          bool // the same: add a second factor
}

// CreateUser makes an account without a confirmation, by the rules of Register. Of a new
// administrator, they and all others are told by mail. The mistakes are those of Register and EMAIL_TAKEN, which only those who look
// after users are told.
func (s *Service) CreateUser(ctx context.Context, a Actor, in CreateUserInput) (*store.User, error) {
	return s.makeUser(ctx, a, in, making{kind: store.EventAccountCreated})
}

// making is how an account is made that nobody registered.
type making struct {
	kind    store.EventKind
	invited time.Duration                                    // its user has so long to set a password, or it goes away; 0 for ever
	first   func(ctx context.Context, tx *store.Store) error // comes first in the transaction; or nil
}

// makeUser is CreateUser, for all that make accounts.
func (s *Service) makeUser(ctx context.Context, a Actor, in CreateUserInput, how making) (*store.User, error) {
	email, username, err := s.validateNames(ctx, in.Email, in.Username)
	mistakes, wrong := errors.AsType[UserErrors](err)
	if err != nil && !wrong {
		return nil, fmt.Errorf("create user: %w", err)
	}
	if in.Password != nil {
		mistakes = append(mistakes, s.policyErrors("password", *in.Password, names.Trim(in.Username), names.Trim(in.Email), email.Address, email.Local)...)
	}
	if len(mistakes) > 0 {
		return nil, mistakes
	}
	if taken, err := s.store.EmailTaken(ctx, email.Key, s.now()); err != nil {
		return nil, fmt.Errorf("create user: %w", err)
	} else if taken {
		return nil, userError(EmailTaken, "email", fmt.Sprintf(
			"This address has an account already, or is kept for one that changed it in the last %.0f hours.", undoFor.Hours()))
	}
	hash := "" // which no password matches
	if in.Password != nil {
		if hash, err = s.hashNew(ctx, a.Client.caller(true), "password", *in.Password); err != nil {
			return nil, fmt.Errorf("create user: %w", err)
		}
	}
	now := s.now()
	user := newUser(email, username.Name, hash, in.Role, now)
	user.MustChangePassword, user.MustEnrol = in.MustChangePassword, in.MustEnrol
	if how.invited > 0 {
		user.InvitedUntil = new(now.Add(how.invited))
	}
	e := event(a, how.kind, user.ID, now)
	mails := mailsOfCreation(a, user, now)
	err = s.store.InTx(ctx, func(tx *store.Store) error {
		if how.first != nil {
			if err := how.first(ctx, tx); err != nil {
				return err
			}
		}
		if err := create(ctx, tx, user, username.Key, "", e); err != nil {
			return err
		}
		if user.Role == store.RoleAdmin {
			kind := tellings[store.EventRoleChanged].administrators
			if err := tellAdministrators(ctx, tx, a, kind, user, user.Role, now); err != nil {
				return err
			}
		}
		return tx.EnqueueNotices(ctx, mails)
	})
	if errors.Is(err, store.ErrConflict) { // since validateNames looked
		return nil, errUsernameTaken()
	} else if err != nil {
		return nil, fmt.Errorf("create user: %w", err)
	}
	if len(mails) > 0 {
		s.mailQueued()
	}
	s.logEvent(e)
	return user, nil
}

// mailsOfCreation returns the mails to the user of an account that an actor makes: one by
// which they set a password, if there is none, and one that tells of the role of an
// administrator.
func mailsOfCreation(a Actor, u *store.User, now time.Time) (mails []*store.Mail) {
	if u.InvitedUntil != nil { // which says all of it
		return []*store.Mail{invitation(u, now)}
	}
	if u.Role == store.RoleAdmin {
		m := notice(a, tellings[store.EventRoleChanged].mail, u, now)
		m.Details.Role = u.Role
		mails = append(mails, m)
	}
	if u.PasswordHash == "" {
		mails = append(mails, passwordReset(u, now))
	}
	return mails
}

// newUser returns a user whose account begins now. Nothing is written.
func newUser(email names.Email, username, hash string, role store.Role, now time.Time) *store.User {
	return &store.User{
		ID: newID(), Email: email.Address, EmailKey: email.Key, Username: username, PasswordHash: hash,
		Role: role, SecurityVersion: 1, CreatedAt: now, UpdatedAt: now,
	}
}

// create writes an account and its first event, in a transaction. registration is
// the id of the registration that it uses up, or "". What else was registered for
// the address can never be confirmed from then on. The error is store.ErrConflict if
// the address or the username is somebody else's, and store.ErrNotFound if the
// registration was used already.
func create(ctx context.Context, tx *store.Store, u *store.User, usernameKey, registration string, e *store.SecurityEvent) error {
	if err := tx.CreateUser(ctx, u, usernameKey); err != nil {
		return err
	}
	if registration != "" { // of two who take it, one gets it
		if _, err := tx.TakeRegistration(ctx, registration, e.At); err != nil {
			return err
		}
	}
	if err := tx.CloseRegistrations(ctx, u.EmailKey); err != nil {
		return err
	}
	return tx.AddSecurityEvent(ctx, e)
}
