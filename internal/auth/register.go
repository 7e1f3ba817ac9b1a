package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"latchkey/internal/names"
	"latchkey/internal/store"
)

// RegisterInput is the argument of Register.
type RegisterInput struct {
	Email    string
	Username *string // nil: one is made
	Password string
}

// usernameHold is how long an unconfirmed username is held for its address,
// from its first claim on.
const usernameHold = 24 * time.Hour

// Register writes a registration and the mail that asks for its confirmation, and
// returns the address that the mail goes to. All mistakes are reported together. A taken
// username is one of them, unless the same client registered it with the same password
// for an address that was mistyped: that registration ends then. The same again from the
// same client, as by a double click, is one registration. Whether the address has
// an account changes neither the answer nor the work, only the mail (C3: one answer for
// every address). RateLimited; Forbidden while registration is closed.
func (s *Service) Register(ctx context.Context, a Actor, in RegisterInput) (string, error) {
	if !s.cfg.RegistrationOpen {
		return "", &Error{Code: Forbidden, Reason: "REGISTRATION_CLOSED", Message: "Registration is closed here."}
	}
	if err := s.countRegister(ctx, a, in); err != nil {
		return "", fmt.Errorf("register: %w", err)
	}
	hash := "" // made once, however often it is tried
	for range maxRegisterRaces {
		r, err := s.register(ctx, a, in, &hash)
		if errors.Is(err, store.ErrNotFound) {
			continue
		} else if err != nil {
			return "", err
		}
		s.mailQueued()
		a.logged(s.log.Info()).Str("event", string(store.EventRegistered)).Str("registration_id", r.ID).Msg("registered")
		s.sum(a, store.EventRegistered, "", "")
		return r.Email, nil
	}
	return "", errTooMuchAtOnce()
}

// maxRegisterRaces bounds how often a registration is tried because somebody else
// registered the same meanwhile.
const maxRegisterRaces = 5

// register writes the registration of a call of Register, or renews the one that is the
// same, and returns it. hash is that of the password, or points to "". The error is
// store.ErrNotFound if somebody registered the same meanwhile, or the same is gone.
func (s *Service) register(ctx context.Context, a Actor, in RegisterInput, hash *string) (*store.Registration, error) {
	made := in.Username == nil
	if made {
		name, err := s.freeUsername(ctx)
		if err != nil {
			return nil, fmt.Errorf("register: %w", err)
		}
		in.Username = &name
	}
	email, username, err := s.validate(ctx, in)
	taken := onlyTaken(err)
	if err != nil && !taken {
		return nil, err
	}
	now := s.now()
	r := &store.Registration{
		ID: newID(), Email: email.Address, EmailKey: email.Key, Username: username.Name, UsernameKey: username.Key, UsernameMade: made,
		Client: a.Client.Key(), Device: a.Client.device(), CreatedAt: now, ExpiresAt: now.Add(s.cfg.ConfirmTTL),
	}
	seen, err := s.store.RegistrationLike(ctx, r)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("register: %w", err)
	}
	var claim *store.Registration // of the username, for an address that was mistyped
	if taken {
		if claim, err = s.ownClaim(ctx, a, r, in.Password); err != nil {
			return nil, err
		}
		r.PasswordHash = claim.PasswordHash
	} else if seen != nil {
		if same, err := s.sameAgain(ctx, a, seen, in.Password); err != nil {
			return nil, fmt.Errorf("register: %w", err)
		} else if same {
			if seen.Email = r.Email; !made { // as they are written this time
				seen.Username = r.Username
			}
			if err := s.renewRegistration(ctx, a, seen, now); err != nil {
				return nil, s.lost(ctx, r, seen, err)
			}
			return seen, nil
		}
	}
	if r.PasswordHash == "" {
		if *hash == "" {
			if *hash, err = s.hashNew(ctx, a.Client.caller(false), "password", in.Password); err != nil {
				return nil, fmt.Errorf("register: %w", err)
			}
		}
		r.PasswordHash = *hash
	}
	err = s.store.InTx(ctx, func(tx *store.Store) error {
		if claim != nil {
			if err := tx.MoveClaim(ctx, claim, r.EmailKey, claim.CreatedAt.Add(usernameHold), now); err != nil {
				return err
			}
		}
		return tx.Register(ctx, r, seen, s.confirmation(a, r, now), now.Add(usernameHold), s.registrationLimits(a, now))
	})
	if err != nil {
		return nil, s.lost(ctx, r, seen, err)
	}
	return r, nil
}

// confirmation returns the mail that asks for the confirmation of a registration.
func (s *Service) confirmation(a Actor, r *store.Registration, now time.Time) *store.Mail {
	return &store.Mail{
		ID: newID(), Kind: store.MailConfirmRegistration, RecipientKey: r.EmailKey, Client: r.Client, Line: s.line(a),
		RegistrationID: r.ID, CreatedAt: now,
	}
}

// onlyTaken reports whether err is USERNAME_TAKEN and nothing else.
func onlyTaken(err error) bool {
	mistakes, ok := errors.AsType[UserErrors](err)
	return ok && len(mistakes) == 1 && mistakes[0].Code == UsernameTaken
}

// freeUsername makes a username that nobody has.
func (s *Service) freeUsername(ctx context.Context) (string, error) {
	for {
		name := names.MakeUsername()
		username, ok := names.ParseUsername(name)
		if !ok {
			continue
		}
		if taken, err := s.store.UsernameTaken(ctx, username.Key, "", "", s.now()); err != nil || !taken {
			return name, err
		}
	}
}

// validate reports everything that is wrong with in, together; what was understood
// is returned beside it.
func (s *Service) validate(ctx context.Context, in RegisterInput) (names.Email, names.Username, error) {
	email, username, err := s.validateNames(ctx, in.Email, *in.Username)
	mistakes, wrong := errors.AsType[UserErrors](err)
	if err != nil && !wrong {
		return names.Email{}, names.Username{}, fmt.Errorf("register: %w", err)
	}
	mistakes = append(mistakes, s.policyErrors("password", in.Password, names.Trim(*in.Username), names.Trim(in.Email), email.Address, email.Local)...)
	if len(mistakes) > 0 {
		return email, username, mistakes
	}
	return email, username, nil
}

// validateNames parses the address and the username of an account that is to be made.
// It returns what it could read of them, also beside mistakes. Those, all together, are EMAIL_INVALID, USERNAME_INVALID and USERNAME_TAKEN.
func (s *Service) validateNames(ctx context.Context, address, typed string) (email names.Email, username names.Username, _ error) {
	var mistakes UserErrors
	email, ok := names.ParseEmail(address)
	if !ok {
		mistakes = append(mistakes, errEmailInvalid()...)
	}
	if username, ok = names.ParseUsername(typed); !ok {
		mistakes = append(mistakes, errUsernameInvalid(username.Key)...)
	} else if taken, err := s.store.UsernameTaken(ctx, username.Key, "", email.Key, s.now()); err != nil {
		return email, names.Username{}, err
	} else if taken {
		mistakes = append(mistakes, errUsernameTaken()...)
	}
	if len(mistakes) > 0 {
		return email, username, mistakes
	}
	return email, username, nil
}

// errUsernameInvalid is of a username that names.ParseUsername refused; key is what
// came back beside that.
func errUsernameInvalid(key string) UserErrors {
	if key != "" {
		return userError(UsernameInvalid, "username", "This username is reserved. Choose another.")
	}
	return userError(UsernameInvalid, "username", fmt.Sprintf(
		"%d to %d of letters, digits, dot, underscore and hyphen, with a letter or digit at both ends. Some names are reserved.",
		names.MinUsername, names.MaxUsername))
}

func errUsernameTaken() UserErrors {
	return userError(UsernameTaken, "username", "This username is taken. Choose another.")
}

func errEmailInvalid() UserErrors {
	return userError(EmailInvalid, "email", "An address looks like name@example.org.")
}
