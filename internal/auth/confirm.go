package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"latchkey/internal/link"
	"latchkey/internal/names"
	"latchkey/internal/store"
)

// Confirmation is what the page behind a link shows before anything happens.
type Confirmation struct {
	Purpose       link.Purpose // ConfirmRegistration or ConfirmNewEmail
	Username      string       // "" if the link is for any of several registrations
	Email         string       // the address to be confirmed
	Device        string       // the kind of device that the account was registered with
	At            time.Time    // when it was registered; for ConfirmNewEmail, when the account was opened
	NeedsPassword bool         // and the username, since several registrations of the address are unfinished
}

// LookAtConfirmation returns what a link would confirm and changes nothing. The
// mistake is TOKEN_INVALID.
func (s *Service) LookAtConfirmation(ctx context.Context, token, email string) (*Confirmation, error) {
	l, err := s.openConfirmation(ctx, Actor{}, token, email)
	if err != nil {
		return nil, err
	}
	if l.Purpose == link.ConfirmNewEmail {
		u, err := s.pendingChange(ctx, l)
		if err != nil {
			return nil, err
		}
		return &Confirmation{Purpose: l.Purpose, Username: u.Username, Email: *u.PendingEmail, At: u.CreatedAt}, nil
	}
	own, list, err := s.openRegistrations(ctx, Actor{}, l)
	if err != nil {
		return nil, err
	}
	c := &Confirmation{Purpose: l.Purpose, Email: list[0].Email, NeedsPassword: own == nil || len(list) > 1}
	if own != nil {
		c.Username, c.Email, c.Device, c.At = own.Username, own.Email, own.Device, own.CreatedAt
	}
	return c, nil
}

// ConfirmLink is what the page behind a link posts.
type ConfirmLink struct {
	Token    string
	Email    string // as the link's address has it, compared with the token's; may be ""
	Username string // and
	Password string // those typed at registration, where several are unfinished; no username is that of the link
}

// Confirmed says what the link of a mail did.
type Confirmed struct {
	User   *store.User
	Change bool        // an account has a new address; else the account is new
	Login  *Login      // of this device, if it asked for one and the account is new; else nil
	Step   *StepNeeded // in the place of Login: what the login still needs
}

// ConfirmLink confirms an address: it makes an account of a registration, or gives
// an account the new address that was asked for. It logs nobody in. The mistakes are
// TOKEN_INVALID and WRONG_PASSWORD, which leaves the link as good as it was;
// RateLimited.
func (s *Service) ConfirmLink(ctx context.Context, a Actor, in ConfirmLink) (*Confirmed, error) {
	return s.confirm(ctx, a, in, nil)
}

// ConfirmEmailInput is the argument of ConfirmEmail.
type ConfirmEmailInput struct {
	Token      string
	Username   *string
	Password   *string
	DeviceName *string
	Transport  TokenTransport
}

// ConfirmEmail does what ConfirmLink does and, after a registration, logs this
// device in.
func (s *Service) ConfirmEmail(ctx context.Context, a Actor, in ConfirmEmailInput) (*Confirmed, error) {
	posted := ConfirmLink{Token: in.Token}
	if in.Username != nil {
		posted.Username = *in.Username
	}
	if in.Password != nil {
		posted.Password = *in.Password
	}
	return s.confirm(ctx, a, posted, new(newWay(in.DeviceName, in.Transport, false)))
}

// confirm does what a link says. If that makes an account and then is not nil, its
// user is logged in as then says.
func (s *Service) confirm(ctx context.Context, a Actor, in ConfirmLink, then *way) (*Confirmed, error) {
	l, err := s.openConfirmation(ctx, a, in.Token, in.Email)
	if err != nil {
		return nil, err
	}
	if l.Purpose == link.ConfirmNewEmail {
		u, err := s.confirmChange(ctx, a, l, in.Token)
		if err != nil {
			return nil, err
		}
		return &Confirmed{User: u, Change: true}, nil
	}
	return s.confirmRegistration(ctx, a, l, in, then)
}

func (s *Service) openConfirmation(ctx context.Context, a Actor, token, email string) (link.Claim, error) {
	return s.openLink(ctx, a, token, email, link.ConfirmRegistration, link.ConfirmNewEmail)
}

// confirmRegistration makes the account that was registered and, unless then is nil,
// logs its user in, all in one transaction.
func (s *Service) confirmRegistration(ctx context.Context, a Actor, l link.Claim, in ConfirmLink, then *way) (*Confirmed, error) {
	r, list, err := s.openRegistrations(ctx, a, l)
	if err != nil {
		return nil, err
	}
	if r == nil || len(list) > 1 {
		if r, err = s.choose(ctx, a, r, list, in); err != nil {
			return nil, err
		}
	}
	now := s.now()
	user := newUser(names.Email{Address: r.Email, Key: r.EmailKey}, r.Username, r.PasswordHash, store.RoleUser, now)
	user.UsernameMade = r.UsernameMade
	created := event(a, store.EventAccountCreated, user.ID, now)
	account := func(tx *store.Store) error {
		if err := create(ctx, tx, user, r.UsernameKey, r.ID, created); err != nil {
			return err
		}
		return s.wantsMail(ctx, tx, user.EmailKey)
	}
	done := &Confirmed{User: user}
	if then == nil {
		err = s.store.InTx(ctx, func(tx *store.Store) error {
			if err := account(tx); err != nil {
				return err
			}
			return tx.MarkFamiliar(ctx, user.ID, a.Client.whence(), now)
		})
	} else {
		candidate := &store.LoginCandidate{User: *user}
		done.Login, err = s.admit(ctx, a, candidate, entry{
			way: *then, shown: proofs{{Kind: ProofEmailCode, At: now}}, first: account, made: true,
		})
		done.User = &candidate.User
	}
	if step, ok := errors.AsType[*StepNeeded](err); ok { // the account is there, but not yet logged in
		done.Step, err = step, nil
	}
	switch {
	case errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrConflict): // used, or the address or the name went to somebody
		return nil, errToken()
	case err != nil:
		return nil, fmt.Errorf("confirm: %w", err)
	}
	s.dropLink(ctx, in.Token)
	s.logEvent(created)
	s.day(store.DayRegistrations)
	return done, nil
}

// DeclineLink does what "I did not ask for this" means: it closes the registration
// that a link would confirm, or drops the change of address, and returns which of
// them it was. The mistake is TOKEN_INVALID.
func (s *Service) DeclineLink(ctx context.Context, a Actor, token, email string) (link.Purpose, error) {
	return s.declineLink(ctx, a, token, email, false)
}

// DeclineAll does that to every registration of the link's address.
func (s *Service) DeclineAll(ctx context.Context, a Actor, token, email string) (link.Purpose, error) {
	return s.declineLink(ctx, a, token, email, true)
}

func (s *Service) declineLink(ctx context.Context, a Actor, token, email string, all bool) (link.Purpose, error) {
	l, err := s.openConfirmation(ctx, a, token, email)
	if err != nil {
		return "", err
	}
	if l.Purpose == link.ConfirmNewEmail {
		err = s.declineChange(ctx, a, l)
	} else {
		err = s.declineRegistration(ctx, a, l, all)
	}
	if errors.Is(err, store.ErrNotFound) {
		return "", errToken()
	} else if err != nil {
		return "", fmt.Errorf("decline: %w", err)
	}
	s.dropLink(ctx, token)
	return l.Purpose, nil
}

func (s *Service) declineRegistration(ctx context.Context, a Actor, l link.Claim, all bool) error {
	own, _, err := s.openRegistrations(ctx, a, l)
	if err != nil {
		return err
	}
	return s.record(ctx, a, store.EventRegistrationDeclined, func(tx *store.Store, e *store.SecurityEvent) error {
		if all || own == nil {
			e.Details.Reason = "all"
			return tx.CloseRegistrations(ctx, l.EmailKey)
		}
		return tx.CloseRegistration(ctx, own.ID)
	})
}
