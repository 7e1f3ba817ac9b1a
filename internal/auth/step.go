package auth

import (
	"context"
	"fmt"
	"slices"
	"time"

	"latchkey/internal/seal"
	"latchkey/internal/store"
	"latchkey/internal/ticket"
	"latchkey/internal/totp"
)

// How long a step of a login waits for its answer, and a whole login for its last one.
const (
	stepTTL  = 10 * time.Minute
	loginTTL = 15 * time.Minute
)

// A StepNeeded is the error of a login that is not complete yet: somebody has shown in part
// who they are, and is to take one more step. Nothing was written then: no session, no time
// of a login, nothing that is familiar.
type StepNeeded struct {
	Code UserErrorCode
	Step LoginStep
}

func (e *StepNeeded) Error() string { return string(e.Code) }

// UserErrors is the step as a mistake of the login: exactly one.
func (e *StepNeeded) UserErrors() UserErrors { return userError(e.Code, "", stepMessages[e.Code]) }

var stepMessages = map[UserErrorCode]string{
	SecondFactorNeeded: "This account asks for a second factor. Go on with continueLogin.",
	EnrolmentNeeded:    "This account needs a second factor, and has none yet. Add one with continueLogin.",
	NewPasswordNeeded:  "This account needs a new password. Set one with continueLogin.",
}

// LoginStep is what a login still needs: a [SecondFactorStep], an [EnrolmentStep] or a
// [NewPasswordStep].
type LoginStep interface{ IsLoginStep() }

// stepHead is what all steps have.
type stepHead struct {
	Challenge string
	ExpiresAt time.Time
}

// IsLoginStep binds all of them to the schema's LoginStep.
func (stepHead) IsLoginStep() {}

// SecondFactorStep asks for a second factor.
type SecondFactorStep struct {
	stepHead
	Factors           []ProofKind // what the account can answer with, the one used last first
	PasskeyOptions    *string     // nil if it has no passkey
	MayRememberDevice bool
}

// EnrolmentStep asks to add a second factor, since there is none and has to be one.
type EnrolmentStep struct {
	stepHead
	Totp           TotpSecret
	PasskeyOptions *string // nil where there are no passkeys
}

// NewPasswordStep asks for a new password.
type NewPasswordStep struct{ stepHead }

// stepKind says what a step asks for.
type stepKind string

const (
	stepSecondFactor stepKind = "factor"
	stepEnrolment    stepKind = "enrol"
	stepNewPassword  stepKind = "password"
)

// stepTicket is what the challenge of a step holds. It is signed and not hidden: it holds
// nothing but what its holder has shown and may know. The user's factors are read anew each
// time.
type stepTicket struct {
	Kind    stepKind  `json:"k"`
	User    string    `json:"u"`
	Version int64     `json:"s"` // the user's security_version: another ends the login
	Shown   proofs    `json:"p"`
	Way     way       `json:"w"`
	Root    []byte    `json:"r,omitzero"` // the nonce of the login's first challenge; nil in that itself
	Begun   time.Time `json:"b"`          // when that was made
	Secret  []byte    `json:"t,omitzero"` // of an EnrolmentStep: the app's secret, sealed
	Trust   bool      `json:"m,omitzero"` // the device is to be trusted
}

// root names the login that a challenge is of. It is used up by the login's session: so
// however many of its challenges are answered, and how often, there is one session.
func (b *stepTicket) root(t ticket.Ticket) []byte {
	if b.Root != nil {
		return b.Root
	}
	return t.Nonce[:]
}

// loginClaim is what the session of a login uses up.
func loginClaim(root []byte, begun time.Time) *store.Claim {
	return &store.Claim{Hash: store.ClaimHash([]byte("login"), root), ExpiresAt: begun.Add(loginTTL + stepTTL)}
}

// missing returns what is still asked of a user who has shown what in says, or "".
func (s *Service) missing(u *store.LoginCandidate, in entry) stepKind {
	switch {
	case in.shown.strong(), s.trusts(u, in):
	case s.hasSecond(&u.User, u.Factors):
		return stepSecondFactor
	case s.needsSecond(&u.User):
		if u.MustChangePassword && u.PasswordHash != "" {
			return stepNewPassword
		}
		return stepEnrolment
	}
	if u.MustChangePassword && u.PasswordHash != "" {
		return stepNewPassword
	}
	return ""
}

// step returns the error that asks for one more step of a login.
func (s *Service) step(ctx context.Context, u *store.LoginCandidate, in entry, kind stepKind) error {
	now := s.now()
	body := stepTicket{Kind: kind, User: u.ID, Version: u.SecurityVersion, Shown: in.shown, Way: in.way, Root: in.root, Begun: in.begun, Trust: in.trust}
	if in.root == nil {
		body.Begun = now
	}
	ttl := min(stepTTL, body.Begun.Add(loginTTL).Sub(now).Truncate(time.Second))
	if ttl <= 0 {
		return errChallenge()
	}
	var secret []byte
	if kind == stepEnrolment {
		secret = totp.NewSecret()
		body.Secret = s.seal.Seal(secret, offered(u.ID))
	}
	t, err := s.tickets.Make(ticket.Step, body, now, ttl)
	if err != nil {
		return fmt.Errorf("step: %w", err)
	}
	head := stepHead{Challenge: t.Text, ExpiresAt: t.Expires}
	switch kind {
	case stepNewPassword:
		return &StepNeeded{NewPasswordNeeded, &NewPasswordStep{head}}
	case stepEnrolment:
		shown, err := s.totpSecret(&u.User, secret)
		if err != nil {
			return err
		}
		step := &EnrolmentStep{stepHead: head, Totp: *shown}
		if s.passkeys != nil {
			options, err := s.passkeys.CreateOptions(t.Challenge(), keeper(&u.User), nil)
			if err != nil {
				return fmt.Errorf("step: %w", err)
			}
			step.PasskeyOptions = &options
		}
		return &StepNeeded{EnrolmentNeeded, step}
	}
	kinds, options, err := s.answers(ctx, u.ID, u.Factors, t, false)
	if err != nil {
		return fmt.Errorf("step: %w", err)
	}
	return &StepNeeded{SecondFactorNeeded, &SecondFactorStep{
		stepHead: head, Factors: kinds, PasskeyOptions: options, MayRememberDevice: s.mayTrust(&u.User),
	}}
}

// answers returns what a user with factors f can answer a ticket with, the one used last
// first, and what a browser is asked for their passkeys with; nil if there are none that it
// could use. verified asks that the authenticator knows its owner.
func (s *Service) answers(ctx context.Context, userID string, f store.Factors, t ticket.Ticket, verified bool) (kinds []ProofKind, options *string, err error) {
	kinds = []ProofKind{}
	if f.TOTP != nil {
		kinds = append(kinds, ProofTOTP)
	}
	if f.Passkeys && s.passkeys != nil {
		all, err := s.store.PasskeysOf(ctx, []string{userID})
		if err != nil {
			return nil, nil, err
		}
		if have, used := s.usable(all[userID]); len(have) > 0 {
			text, err := s.passkeys.GetOptions(t.Challenge(), have, verified)
			if err != nil {
				return nil, nil, err
			}
			kinds, options = append(kinds, ProofPasskey), &text
			if f.TOTP != nil && !used.IsZero() && (f.TOTP.LastUsedAt == nil || used.After(*f.TOTP.LastUsedAt)) {
				slices.Reverse(kinds)
			}
		}
	}
	if f.RecoveryCodes {
		kinds = append(kinds, ProofRecoveryCode)
	}
	return kinds, options, nil
}

// offered is where a secret is sealed for that is offered to a user and not kept.
func offered(userID string) seal.Place {
	return seal.Place{Table: "tickets", Column: "secret", Row: userID}
}
