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
		a.logged(s.log.Info()).Str("registration_id", r.ID).Msg("registered")
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
			if *hash, err = s.hasher.Hash(ctx, a.Client.caller(false), in.Password); err != nil {
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

// confirmation returns the mail that asks for the confirmation of a registration.
func (s *Service) confirmation(a Actor, r *store.Registration, now time.Time) *store.Mail {
	return &store.Mail{
		ID: newID(), Kind: store.MailConfirmRegistration, RecipientKey: r.EmailKey, Client: r.Client, Line: s.line(a),
		RegistrationID: r.ID, CreatedAt: now,
	}
}

// registrationLimits are those of an actor.
func (s *Service) registrationLimits(a Actor, now time.Time) store.RegistrationLimits {
	limits := openRegistrations
	if limits.Since = now.Add(-registrationWindow); s.unbound(a) {
		limits.Since = now
	}
	return limits
}

// unbound reports whether an actor may register as often as they like, and have mails
// written to one domain: a test suite on the developer's machine does.
func (s *Service) unbound(a Actor) bool {
	return s.cfg.Development && a.Client.Addr.Unmap().IsLoopback()
}

// line returns whose line the mails that an actor causes are counted on, or "" if that is
// not to bind them.
func (s *Service) line(a Actor) string {
	if s.unbound(a) {
		return ""
	}
	return a.Client.line()
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
	email, ok := names.ParseKnownEmail(address)
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
		RecipientKey: emailKey, Client: a.Client.Key(), Line: s.line(a), CreatedAt: s.now(),
	})
}
