package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"latchkey/internal/store"
	"latchkey/internal/ticket"
)

// StepUpAnswer is how the viewer shows again who they are. One field is set.
type StepUpAnswer struct {
	Password     *string
	TotpCode     *string
	RecoveryCode *string
	Passkey      *string // JSON text
	EmailCode    *string
}

// StepUpInput is the argument of StepUp.
type StepUpInput struct {
	Challenge *string // of StartStepUp, for an answer that needs it
	Answer    StepUpAnswer
}

// StepUpOffer is what the viewer can step up with.
type StepUpOffer struct {
	Proofs  []ProofKind
	Passkey *PasskeyOffer // for ProofPasskey; or nil
	Code    *LoginCode    // that was mailed for ProofEmailCode; or nil
}

// StartStepUp returns what the viewer can step up with. Where that is a mailed code alone, it
// mails one. RateLimited.
func (s *Service) StartStepUp(ctx context.Context, a Actor) (*StepUpOffer, error) {
	f, _, err := s.factorsOfViewer(ctx, a)
	if err != nil {
		return nil, fmt.Errorf("step up: %w", err)
	}
	t, err := s.tickets.Make(ticket.StepUp, addTicketOf(a.Viewer, nil), s.now(), stepTTL)
	if err != nil {
		return nil, fmt.Errorf("step up: %w", err)
	}
	kinds, options, err := s.answers(ctx, a.Viewer.User.ID, f, t, true)
	if err != nil {
		return nil, fmt.Errorf("step up: %w", err)
	}
	o := &StepUpOffer{Proofs: kinds}
	if options != nil {
		o.Passkey = &PasskeyOffer{Challenge: t.Text, Options: *options, ExpiresAt: t.Expires}
	}
	if !s.hasSecond(a.Viewer.User, f) && a.Viewer.User.PasswordHash != "" {
		o.Proofs = append([]ProofKind{ProofPassword}, o.Proofs...)
	}
	if s.mailsStepUp(a.Viewer.User, f) {
		o.Proofs = []ProofKind{ProofEmailCode}
		if o.Code, err = s.startStepUpByCode(ctx, a); err != nil {
			return nil, fmt.Errorf("step up: %w", err)
		}
	}
	return o, nil
}

// StepUp takes a fresh proof in the viewer's session, and returns a new access token that
// says so; the refresh token stays as it was. The mistakes are WRONG_PASSWORD, CODE_INVALID
// and PASSKEY_INVALID, and CHALLENGE_INVALID for a passkey that was asked for in another
// session or too long ago, and for an account that changed meanwhile. RateLimited.
func (s *Service) StepUp(ctx context.Context, a Actor, in StepUpInput) (*Login, error) {
	u := a.Viewer.User
	f, known, err := s.factorsOfViewer(ctx, a)
	if err != nil {
		return nil, fmt.Errorf("step up: %w", err)
	}
	shown, answer := proof{Kind: ProofPassword}, in.Answer
	var use *store.FactorUse
	var claim *store.Claim
	switch {
	case answer.Password != nil:
		if s.hasSecond(u, f) {
			return nil, userError(SecondFactorNeeded, "answer", "This account has a second factor: show that.")
		}
		wrong := within(UserErrors{{Code: WrongPassword, Message: "This is not your password.", Field: []string{"input", "answer"}}}, "password")
		err = s.comparePassword(ctx, a, *answer.Password, known, wrong)
	case answer.TotpCode != nil || answer.RecoveryCode != nil:
		use, shown.Kind, err = s.checkCode(ctx, a, u, f, known, answer.TotpCode, answer.RecoveryCode)
	case answer.Passkey != nil && in.Challenge != nil:
		var b addTicket
		t, invalid := s.tickets.Open(*in.Challenge, ticket.StepUp, s.now(), &b)
		if invalid != nil || !b.of(a.Viewer) {
			return nil, errChallenge()
		}
		shown, use, err = s.showPasskey(ctx, a, t, *answer.Passkey, u, known, true)
	case answer.EmailCode != nil:
		shown.Kind = ProofEmailCode
		claim, err = s.checkStepUpCode(ctx, a, f, in.Challenge, *answer.EmailCode)
	default:
		err = errChallenge()
	}
	if err != nil {
		return nil, fmt.Errorf("step up: %w", err)
	}
	return s.stepUp(ctx, a, shown, use, claim)
}

// stepUp notes down in the viewer's session that something was shown, and uses it up: a factor
// or a challenge, or nothing.
func (s *Service) stepUp(ctx context.Context, a Actor, shown proof, use *store.FactorUse, claim *store.Claim) (*Login, error) {
	v := a.Viewer
	session := *v.Session
	all := proofsOf(v.Session)
	all = append(slices.Clone(all), shown)
	session.Proofs = all.text()
	var used *deed
	user, err := s.act(ctx, a, store.EventStepUp, challenged(v.User), func(d *deed) (err error) {
		if use == nil {
			err = d.tx.Guard(ctx, d.user)
		} else {
			used, err = s.useFactor(ctx, d.tx, a, d.user, use, d.now)
		}
		if err != nil {
			return err
		}
		if claim != nil {
			if err := d.tx.Use(ctx, *claim, session.ID); err != nil {
				return err
			}
		}
		session.ProvenAt, d.event.Details.Proofs = d.now, proofs{shown}.text()
		return d.tx.StepUp(ctx, session.ID, session.Proofs, d.now)
	})
	switch {
	case errors.Is(err, store.ErrConflict) && use != nil:
		return nil, errUsed(use)
	case errors.Is(err, store.ErrConflict):
		return nil, errChallenge()
	case err != nil:
		return nil, fmt.Errorf("step up: %w", err)
	}
	s.told(used)
	l, err := s.loggedIn(user, &session)
	if err != nil {
		return nil, err
	}
	l.Tokens.RefreshToken = nil
	return l, nil
}
