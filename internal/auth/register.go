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
	Username string
	Password string
}

// usernameHold is how long an unconfirmed username is held for its address,
// from its first claim on.
const usernameHold = 24 * time.Hour

// openRegistrations bound how much of the database, and how many names, one
// client can take without confirming anything.
var openRegistrations = store.RegistrationLimits{PerAddress: 5, PerClient: 20}

// Register writes a registration and the mail that asks for its confirmation,
// and returns the address it goes to. All mistakes are reported together. A
// taken username is said; whether the address has an account changes neither
// answer nor work, only the mail. RateLimited, Forbidden while closed.
func (s *Service) Register(ctx context.Context, a Actor, in RegisterInput) (string, error) {
	if !s.cfg.RegistrationOpen {
		return "", &Error{Code: Forbidden, Reason: "REGISTRATION_CLOSED", Message: "Registration is closed here."}
	}
	if err := s.countMail(ctx, a, "register"); err != nil {
		return "", fmt.Errorf("register: %w", err)
	}
	email, usernameKey, err := s.validate(ctx, in)
	if err != nil {
		return "", err
	}
	hash, err := s.hasher.Hash(ctx, a.Client.Key(), in.Password)
	if err != nil {
		return "", fmt.Errorf("register: %w", err)
	}
	now := s.now()
	r := &store.Registration{
		ID: newID(), Email: email.Address, EmailKey: email.Key, Username: in.Username, UsernameKey: usernameKey, PasswordHash: hash,
		Client: a.Client.Key(), Device: a.Client.device(), CreatedAt: now, ExpiresAt: now.Add(s.cfg.ConfirmTTL),
	}
	m := &store.Mail{
		ID: newID(), Kind: store.MailConfirmRegistration, RecipientKey: r.EmailKey, Client: r.Client, RegistrationID: r.ID, CreatedAt: now,
	}
	switch err := s.store.Register(ctx, r, m, now.Add(usernameHold), openRegistrations); {
	case errors.Is(err, store.ErrTooMany):
		return "", errRateLimited(s.cfg.ConfirmTTL)
	case errors.Is(err, store.ErrConflict): // claimed since validate looked
		return "", errUsernameTaken()
	case err != nil:
		return "", fmt.Errorf("register: %w", err)
	}
	s.mailQueued()
	a.logged(s.log.Info()).Str("registration_id", r.ID).Msg("registered")
	return r.Email, nil
}

// validate reports everything that is wrong with in, together.
func (s *Service) validate(ctx context.Context, in RegisterInput) (names.Email, string, error) {
	email, usernameKey, err := s.validateNames(ctx, in.Email, in.Username)
	mistakes, wrong := errors.AsType[UserErrors](err)
	if err != nil && !wrong {
		return names.Email{}, "", fmt.Errorf("register: %w", err)
	}
	mistakes = append(mistakes, s.policyErrors("password", in.Password, in.Username, in.Email, email.Address, email.Local)...)
	if len(mistakes) > 0 {
		return names.Email{}, "", mistakes
	}
	return email, usernameKey, nil
}

// validateNames understands the address and the username of an account that is to
// be made, and returns the username's key. The mistakes, all together, are
// EMAIL_INVALID, USERNAME_INVALID and USERNAME_TAKEN; what was understood is
// returned beside them.
func (s *Service) validateNames(ctx context.Context, address, username string) (email names.Email, usernameKey string, _ error) {
	var mistakes UserErrors
	email, ok := names.ParseEmail(address)
	if !ok {
		mistakes = append(mistakes, errEmailInvalid()...)
	}
	if usernameKey, ok = names.ParseUsername(username); !ok {
		mistakes = append(mistakes, errUsernameInvalid(usernameKey)...)
	} else if taken, err := s.store.UsernameTaken(ctx, usernameKey, "", email.Key, s.now()); err != nil {
		return email, "", err
	} else if taken {
		mistakes = append(mistakes, errUsernameTaken()...)
	}
	if len(mistakes) > 0 {
		return email, usernameKey, mistakes
	}
	return email, usernameKey, nil
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

// ResendConfirmation has the links of every unfinished registration of an
// address mailed again. The mail worker finds out whether there are any, so
// answer and work are the same for every address. RateLimited.
func (s *Service) ResendConfirmation(ctx context.Context, a Actor, in ResendConfirmationInput) error {
	return s.requestMail(ctx, a, store.MailResendConfirmation, "resend", in.Email)
}

// requestMail writes a job whose worker finds out whether there is anything to
// say to an address. what is what the call is counted as.
func (s *Service) requestMail(ctx context.Context, a Actor, kind store.MailKind, what, address string) error {
	if err := s.countMail(ctx, a, what); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	email, ok := names.ParseEmail(address)
	if !ok {
		return errEmailInvalid()
	}
	m := &store.Mail{
		ID: newID(), Kind: kind, Dedupe: store.ResendDedupe(kind, email.Key, a.Client.Key()),
		RecipientKey: email.Key, Client: a.Client.Key(), CreatedAt: s.now(),
	}
	if err := s.store.EnqueueMail(ctx, m); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	// The worker is not woken: while it finds out what there is to send, the next
	// call could tell by its time (C3). It looks by itself within a second.
	return nil
}
