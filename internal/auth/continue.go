package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"latchkey/internal/password"
	"latchkey/internal/store"
	"latchkey/internal/ticket"
)

// LoginAnswer answers a step. One field is set.
type LoginAnswer struct {
	TotpCode     *string
	RecoveryCode *string
	Passkey      *string // JSON text
	NewPassword  *string
	EmailCode    *string
}

// ContinueLoginInput is the argument of ContinueLogin.
type ContinueLoginInput struct {
	Challenge      string
	Answer         LoginAnswer
	RememberDevice bool
	DeviceToken    *string // the device's secret of an earlier login, or nil; for an EmailCode and a passkey that begins a login
	MayUseCookie   bool    // whether the caller's origin may set the cookie
	Origin         string  // of the page that asks; "" of an app
}

// ContinueLogin takes the next step of a login. The mistakes are CHALLENGE_INVALID, which
// ends the login; CODE_INVALID, those of a passkey and those of a new password, which leave
// it as it was; and ACCOUNT_DISABLED. A [*StepNeeded] asks for another step. RateLimited.
func (s *Service) ContinueLogin(ctx context.Context, a Actor, in ContinueLoginInput) (*Login, error) {
	l, err := s.continueLogin(ctx, a, in)
	if err != nil {
		s.loginFailed(a, err)
		if _, ok := errors.AsType[*StepNeeded](err); ok {
			return nil, err
		}
		return nil, fmt.Errorf("continue login: %w", err)
	}
	return l, nil
}

func (s *Service) continueLogin(ctx context.Context, a Actor, in ContinueLoginInput) (*Login, error) {
	switch {
	case in.Answer.EmailCode != nil:
		return s.loginByCode(ctx, a, in)
	case in.Answer.Passkey != nil:
		var w way
		if t, err := s.tickets.Open(in.Challenge, ticket.PasskeyLogin, s.now(), &w); err == nil {
			if err := w.mayGoOn(in.MayUseCookie); err != nil {
				return nil, err
			}
			return s.passkeyLogin(ctx, a, t, w, in)
		}
	}
	var b stepTicket
	t, err := s.tickets.Open(in.Challenge, ticket.Step, s.now(), &b)
	if err != nil {
		return nil, errChallenge()
	}
	if err := b.Way.mayGoOn(in.MayUseCookie); err != nil {
		return nil, err
	}
	u, err := s.store.LoginCandidate(ctx, store.LoginKey{ID: b.User}, a.Client.whence(), s.now())
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && u.SecurityVersion != b.Version:
		return nil, errChallenge()
	case err != nil:
		return nil, err
	case u.DisabledAt != nil:
		return nil, errAccountDisabled()
	}
	e := entry{way: b.Way, shown: b.Shown, root: b.root(t), begun: b.Begun, trust: b.Trust || in.RememberDevice}
	if b.Root == nil {
		e.begun = t.Issued
	}
	return s.answer(ctx, a, u, e, t, &b, in)
}

// answer takes the answer of a user to a step of theirs.
func (s *Service) answer(ctx context.Context, a Actor, u *store.LoginCandidate, e entry, t ticket.Ticket, b *stepTicket, in ContinueLoginInput) (*Login, error) {
	if s.missing(u, e) != b.Kind { // another step is asked for by now, or none
		return nil, errChallenge()
	}
	answer, known := in.Answer, u.ClientKnown || e.Kept
	switch {
	case b.Kind == stepSecondFactor && (answer.TotpCode != nil || answer.RecoveryCode != nil):
		use, kind, err := s.checkCode(ctx, a, &u.User, u.Factors, known, answer.TotpCode, answer.RecoveryCode)
		if err != nil {
			return nil, err
		}
		e.shown, e.factor = append(slices.Clone(e.shown), proof{Kind: kind, At: s.now()}), use
		return s.admit(ctx, a, u, e)
	case b.Kind == stepSecondFactor && answer.Passkey != nil:
		shown, use, err := s.showPasskey(ctx, a, t, *answer.Passkey, &u.User, known, false)
		if err != nil {
			return nil, err
		}
		e.shown, e.factor = append(slices.Clone(e.shown), shown), use
		return s.admit(ctx, a, u, e)
	case b.Kind == stepEnrolment && answer.Passkey != nil:
		return s.enrolPasskey(ctx, a, u, e, t, in)
	case b.Kind == stepEnrolment && answer.TotpCode != nil:
		return s.enrolInLogin(ctx, a, u, e, b.Secret, *answer.TotpCode)
	case b.Kind == stepNewPassword && answer.NewPassword != nil:
		return s.newPasswordInLogin(ctx, a, u, e, *answer.NewPassword)
	}
	return nil, errChallenge()
}

// newPasswordInLogin has a user whose duty it is set a new password, and goes on with the
// login.
func (s *Service) newPasswordInLogin(ctx context.Context, a Actor, u *store.LoginCandidate, e entry, typed string) (*Login, error) {
	if errs := s.policyErrors("answer", typed, own(&u.User)...); errs != nil {
		return nil, within(errs, "newPassword")
	}
	if err := s.countChange(ctx, "password", u.ID, repasswordLimit); err != nil {
		return nil, err
	}
	switch err := s.hasher.Verify(ctx, a.Client.caller(true), u.PasswordHash, typed); {
	case err == nil:
		return nil, within(userError(PasswordTooCommon, "answer", "This is the password that is to be replaced. Choose another."), "newPassword")
	case !errors.Is(err, password.ErrMismatch):
		return nil, err
	}
	hash, err := s.hashNew(ctx, a.Client.caller(true), "answer", typed)
	if errs, ok := errors.AsType[UserErrors](err); ok {
		return nil, within(errs, "newPassword")
	} else if err != nil {
		return nil, err
	}
	after, err := s.act(ctx, a, store.EventPasswordChanged, challenged(&u.User), func(d *deed) error {
		if err := d.tx.SetPassword(ctx, d.user, hash, d.now); err != nil {
			return err
		}
		return d.tx.EndSessions(ctx, d.user.ID, "")
	})
	if err != nil {
		return nil, err
	}
	u.User = *after
	return s.admit(ctx, a, u, e)
}

// within returns mistakes in a field of input as ones in a field of that.
func within(errs UserErrors, field string) UserErrors {
	for i := range errs {
		errs[i].Field = append(errs[i].Field, field)
	}
	return errs
}

// challenged returns the account of a login that has begun as a subject: u, as they were
// when the challenge was opened. If the account was changed meanwhile, the login ends.
func challenged(u *store.User) subject {
	return subject{user: u, again: func(context.Context) (*store.User, error) { return nil, errChallenge() }}
}

func errChallenge() error {
	return userError(ChallengeInvalid, "challenge", "This took too long, is finished already, or something about the account has changed. Begin again.")
}

func errAccountDisabled() error {
	return userError(AccountDisabled, "", "This account is disabled. Ask an administrator.")
}
