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

// openRegistrations bounds how much of the database, and how many names, one client
// can take up in registrationWindow without confirming anything. It is an hour, so that
// somebody's junk keeps nobody behind the same address waiting for longer.
var openRegistrations = store.RegistrationLimits{PerAddress: 5, PerClient: 20}

const registrationWindow = time.Hour

// Register writes a registration and the mail that asks for its confirmation, and
// returns the address that the mail goes to. All mistakes are reported together. A taken
// username is one of them, unless the same client registered it with the same password
// for an address that was mistyped: that registration ends then. Whether the address has
// an account changes neither the answer nor the work, only the mail (C3: one answer for
// every address). RateLimited; Forbidden while registration is closed.
func (s *Service) Register(ctx context.Context, a Actor, in RegisterInput) (string, error) {
	if !s.cfg.RegistrationOpen {
		return "", &Error{Code: Forbidden, Reason: "REGISTRATION_CLOSED", Message: "Registration is closed here."}
	}
	if err := s.countRegister(ctx, a, in); err != nil {
		return "", fmt.Errorf("register: %w", err)
	}
	made := in.Username == nil
	if made {
		name, err := s.freeUsername(ctx)
		if err != nil {
			return "", fmt.Errorf("register: %w", err)
		}
		in.Username = &name
	}
	email, username, err := s.validate(ctx, in)
	hash := ""
	var earlier *store.Registration
	if onlyTaken(err) {
		earlier, err = s.ownClaim(ctx, a, username.Key, in.Password)
	}
	if err != nil {
		return "", err
	}
	if earlier != nil {
		hash = earlier.PasswordHash
	} else if hash, err = s.hasher.Hash(ctx, a.Client.caller(false), in.Password); err != nil {
		return "", fmt.Errorf("register: %w", err)
	}
	now := s.now()
	r := &store.Registration{
		ID: newID(), Email: email.Address, EmailKey: email.Key, Username: username.Name, UsernameKey: username.Key, UsernameMade: made, PasswordHash: hash,
		Client: a.Client.Key(), Device: a.Client.device(), CreatedAt: now, ExpiresAt: now.Add(s.cfg.ConfirmTTL),
	}
	m := &store.Mail{
		ID: newID(), Kind: store.MailConfirmRegistration, RecipientKey: r.EmailKey, Client: r.Client, Line: a.Client.line(), RegistrationID: r.ID, CreatedAt: now,
	}
	err = s.store.InTx(ctx, func(tx *store.Store) error {
		if earlier != nil {
			if err := tx.MoveClaim(ctx, earlier, r.EmailKey, earlier.CreatedAt.Add(usernameHold), now); err != nil {
				return err
			}
		}
		return tx.Register(ctx, r, m, now.Add(usernameHold), s.registrationLimits(a, now))
	})
	switch {
	case errors.Is(err, store.ErrTooMany):
		return "", errRateLimited(registrationWindow)
	case errors.Is(err, store.ErrConflict): // claimed since validate looked
		return "", errUsernameTaken()
	case err != nil:
		return "", fmt.Errorf("register: %w", err)
	}
	s.mailQueued()
	a.logged(s.log.Info()).Str("registration_id", r.ID).Msg("registered")
	return r.Email, nil
}

// registrationLimits are those of an actor.
func (s *Service) registrationLimits(a Actor, now time.Time) store.RegistrationLimits {
	limits := openRegistrations
	if limits.Since = now.Add(-registrationWindow); s.unbound(a) {
		limits.Since = now
	}
	return limits
}

// unbound reports whether an actor may register as often as they like: a test
// suite on the developer's machine does.
func (s *Service) unbound(a Actor) bool {
	return s.cfg.Development && a.Client.Addr.Unmap().IsLoopback()
}

// countRegister counts a call of Register. What cannot become a registration is
// counted apart, so that it uses up nobody's.
func (s *Service) countRegister(ctx context.Context, a Actor, in RegisterInput) error {
	if s.unbound(a) {
		return nil
	}
	_, ok := names.ParseEmail(in.Email)
	if in.Username != nil && ok {
		_, ok = names.ParseUsername(*in.Username)
	}
	return s.countMail(ctx, a, "register", ok && len(s.policy.Check(in.Password)) == 0)
}

// onlyTaken reports whether err is USERNAME_TAKEN and nothing else.
func onlyTaken(err error) bool {
	mistakes, ok := errors.AsType[UserErrors](err)
	return ok && len(mistakes) == 1 && mistakes[0].Code == UsernameTaken
}

// ownClaim returns the registration that keeps a username, if it was made at this
// client with the password typed: then whoever mistyped their address has the name
// for another. It takes the one hash that registering takes anyhow, and it is a try
// at that password. The mistake is USERNAME_TAKEN; RateLimited.
func (s *Service) ownClaim(ctx context.Context, a Actor, usernameKey, typed string) (*store.Registration, error) {
	earlier, err := s.store.ClaimOf(ctx, usernameKey, a.Client.Key(), s.now())
	if errors.Is(err, store.ErrNotFound) {
		return nil, errUsernameTaken()
	} else if err != nil {
		return nil, fmt.Errorf("register: %w", err)
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

// ResendConfirmationInput is the argument of ResendConfirmation.
type ResendConfirmationInput struct{ Email string }

// ResendConfirmation mails the links of every unfinished registration of an address
// again. The mail worker finds out whether there are any, so answer and work are the
// same for every address (C3). The mistake is EMAIL_INVALID; RateLimited.
func (s *Service) ResendConfirmation(ctx context.Context, a Actor, in ResendConfirmationInput) error {
	return s.requestMail(ctx, a, store.MailResendConfirmation, "resend", in.Email)
}

// requestMail writes a mail of which the worker finds out whether there is anything to
// say to the address. The call is counted under the name what.
func (s *Service) requestMail(ctx context.Context, a Actor, kind store.MailKind, what, address string) error {
	email, ok := names.ParseEmail(address)
	if err := s.countMail(ctx, a, what, ok); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if !ok {
		return errEmailInvalid()
	}
	if err := s.mailAgain(ctx, a, kind, email.Key); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// mailAgain writes the job, of which one waits for each address and client.
func (s *Service) mailAgain(ctx context.Context, a Actor, kind store.MailKind, emailKey string) error {
	// The worker is not woken: while it finds out what there is to send, the next
	// call could tell by its time (C3). It looks by itself within a second.
	return s.store.EnqueueMail(ctx, &store.Mail{
		ID: newID(), Kind: kind, Dedupe: store.ResendDedupe(kind, emailKey, a.Client.Key()),
		RecipientKey: emailKey, Client: a.Client.Key(), Line: a.Client.line(), CreatedAt: s.now(),
	})
}
