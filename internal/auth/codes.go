package auth

import (
	"context"
	"errors"
	"fmt"

	"latchkey/internal/codes"
	"latchkey/internal/seal"
	"latchkey/internal/store"
	"latchkey/internal/totp"
)

// How often codes may be tried at one account, from clients that its user is known at and
// from all others. Three codes of a million are right at any time: 30 a day are 3.3 % a year
// for somebody who has the password and never stops, and the owner is told at the third.
// Recovery codes have 120 bits; their bound keeps the log short.
var (
	totpLimit      = store.TryLimit{PerHour: 10, PerDay: 30}
	totpLimitKnown = store.TryLimit{PerHour: 10, PerDay: 60}
	recoveryLimit  = store.TryLimit{PerHour: 10, PerDay: 10}
)

// toldTries is how many wrong codes a day, from clients that the user is not known at, are
// told: whoever tries them knows the password.
const toldTries = 3

// checkCode counts and compares a code of an authenticator app, or else a recovery code, of
// a user with factors f. known says that the user is known at the client. Who shows a right
// one uses it up with what is returned. Every code that this service compares goes through
// it. The mistake is CODE_INVALID; RateLimited.
func (s *Service) checkCode(ctx context.Context, a Actor, u *store.User, f store.Factors, known bool, code, recovery *string) (*store.FactorUse, ProofKind, error) {
	kind, tries, limit := ProofTOTP, store.TriesTOTP, totpLimit
	switch {
	case code == nil:
		kind, tries, limit = ProofRecoveryCode, store.TriesRecoveryCode, recoveryLimit
	case known:
		limit = totpLimitKnown
	}
	now := s.now()
	count, wait, err := s.store.CountFactorTry(ctx, u.ID, tries, known, limit, now)
	if err != nil {
		return nil, "", fmt.Errorf("check code: %w", err)
	}
	if wait > 0 {
		s.countRefusal(a, overLimit, "user:"+u.ID, u.ID)
		return nil, "", errRateLimited(wait)
	}
	use := &store.FactorUse{Known: known}
	right := false
	if code != nil {
		right, err = s.matchTOTP(f.TOTP, *code, use)
	} else {
		right, err = s.matchRecovery(ctx, u, *recovery, use)
	}
	if err != nil {
		return nil, "", fmt.Errorf("check code: %w", err)
	}
	if !right {
		s.countRefusal(a, wrongCode, "user:"+u.ID, u.ID)
		if err := s.tellTries(ctx, a, u, tries, known, count, limit); err != nil {
			return nil, "", fmt.Errorf("check code: %w", err)
		}
		return nil, "", errCode(kind)
	}
	return use, kind, nil
}

// matchTOTP reports whether a code is of an app, which may be none, and notes down in use
// which one.
func (s *Service) matchTOTP(t *store.TOTP, typed string, use *store.FactorUse) (bool, error) {
	if t == nil {
		return false, nil
	}
	secret, err := s.seal.Open(t.Secret, totpPlace(t.ID))
	if err != nil {
		return false, err
	}
	step, ok := totp.Match(secret, typed, s.now(), t.LastStep)
	use.TOTP, use.Step = t, step
	return ok, nil
}

// totpPlace is where the secret of an app is kept.
func totpPlace(id string) seal.Place { return seal.Place{Table: "totps", Column: "secret", Row: id} }

// matchRecovery reports whether a user has this recovery code left, and notes it down in use.
func (s *Service) matchRecovery(ctx context.Context, u *store.User, typed string, use *store.FactorUse) (bool, error) {
	hash, ok := codes.RecoveryHash(typed)
	if !ok {
		return false, nil
	}
	left, has, err := s.store.HasRecoveryCode(ctx, u.ID, hash)
	use.RecoveryCode, use.Left = hash, left-1
	return has, err
}

// tellTries tells of wrong codes, which somebody tries who knows the password: the user by
// mail, once a day, and the history when no more may be tried for now.
func (s *Service) tellTries(ctx context.Context, a Actor, u *store.User, tries string, known bool, c store.TryCount, limit store.TryLimit) error {
	if !known && c.Day >= toldTries {
		_, err := s.act(ctx, a, store.EventCodesTried, challenged(u), func(d *deed) error {
			d.event.Outcome = store.OutcomeRefused
			err := d.tx.TellOfTries(ctx, d.user, tries, d.now)
			if errors.Is(err, store.ErrConflict) {
				return errUnchanged
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	if c.Hour != limit.PerHour && c.Day != limit.PerDay {
		return nil
	}
	_, err := s.act(ctx, a, store.EventCodesLimited, challenged(u), func(d *deed) error {
		d.event.Outcome, d.event.Count = store.OutcomeRefused, c.Hour
		return nil
	})
	return err
}

// totpRefused says of a code of an app that it was not taken.
const totpRefused = "This code is wrong, too old or was used before. Check that the phone's clock sets itself."

// errCode refuses a code of this kind, as an answer to a step of a login or to a step-up.
func errCode(kind ProofKind) error {
	name, message := "totpCode", totpRefused
	switch kind {
	case ProofRecoveryCode:
		name, message = "recoveryCode", "This recovery code is wrong or was used before."
	case ProofEmailCode:
		name, message = "emailCode", "This is not the code of the mail with this reference."
	}
	return within(userError(CodeInvalid, "answer", message), name)
}
