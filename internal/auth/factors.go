package auth

import (
	"context"
	"errors"
	"fmt"

	"latchkey/internal/store"
)

// Factor is something that opens an account besides the password.
type Factor interface {
	IsNode()
	IsFactor()
}

// AccountFactors is what opens an account besides the password.
type AccountFactors struct {
	List          []Factor             // the app first
	RecoveryCodes *store.RecoveryCodes // nil if none are left
	Required      bool                 // a login by password asks for one of List
}

// FactorsOf returns what several users have besides the password by their ids, by one query
// for each kind. Who has nothing is not in the answer.
func (s *Service) FactorsOf(ctx context.Context, users []store.User) (map[string]AccountFactors, error) {
	ids := make([]string, len(users))
	for i := range users {
		ids[i] = users[i].ID
	}
	apps, err := s.store.TOTPsOf(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("factors: %w", err)
	}
	passkeys, err := s.store.PasskeysOf(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("factors: %w", err)
	}
	codes, err := s.store.RecoveryCodesOf(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("factors: %w", err)
	}
	all := map[string]AccountFactors{}
	for i := range users {
		u := &users[i]
		f := AccountFactors{RecoveryCodes: codes[u.ID]}
		has := store.Factors{TOTP: apps[u.ID], Passkeys: len(passkeys[u.ID]) > 0}
		if has.TOTP != nil {
			f.List = append(f.List, has.TOTP)
		}
		for j := range passkeys[u.ID] {
			f.List = append(f.List, &passkeys[u.ID][j])
		}
		f.Required = s.hasSecond(u, has)
		all[u.ID] = f
	}
	return all, nil
}

// RemoveFactorInput is the argument of RemoveFactor.
type RemoveFactorInput struct{ FactorID string }

// RemoveFactor takes a factor off the viewer's account. The mistakes are NOT_FOUND;
// LAST_FACTOR, if the account has to have a second one; and LAST_WAY_IN. RateLimited.
func (s *Service) RemoveFactor(ctx context.Context, a Actor, in RemoveFactorInput) (*store.User, error) {
	v := a.Viewer
	if err := s.countChange(ctx, "factors", v.User.ID, factorLimit); err != nil {
		return nil, fmt.Errorf("remove factor: %w", err)
	}
	u, err := s.act(ctx, a, store.EventFactorRemoved, s.self(a, nil), func(d *deed) error {
		if err := d.tx.Guard(ctx, d.user); err != nil {
			return err
		}
		name, err := d.tx.RemoveTOTP(ctx, d.user.ID, in.FactorID, d.now)
		if errors.Is(err, store.ErrNotFound) {
			d.event.Kind = store.EventPasskeyRemoved
			name, err = d.tx.RemovePasskey(ctx, d.user.ID, in.FactorID, d.now)
		}
		if errors.Is(err, store.ErrNotFound) {
			return userError(NotFound, "factorId", "You have no factor with this id.")
		} else if err != nil {
			return err
		}
		d.factor = name
		return s.afterRemoval(ctx, d)
	})
	if err != nil {
		return nil, fmt.Errorf("remove factor: %w", err)
	}
	return u, nil
}

// afterRemoval refuses, in its deed, the removal of a factor that the account cannot do
// without, and takes off what only stood in for factors. Trusted devices are trusted no
// more.
func (s *Service) afterRemoval(ctx context.Context, d *deed) error {
	f, _, err := d.tx.FactorsOf(ctx, d.user.ID, "", d.now)
	if err != nil {
		return err
	}
	usable, err := s.opens(ctx, d.tx, d.user.ID)
	if err != nil {
		return err
	}
	none := f.TOTP == nil && !usable
	switch {
	case d.user.PasswordHash == "" && !usable:
		return userError(LastWayIn, "factorId", "Without it nobody could log in to this account any more. Set a password first.")
	case none && s.needsSecond(d.user):
		return userError(LastFactor, "factorId", "This account has to have a second factor, and this is the last one. Add another first.")
	case none:
		if err := d.tx.RemoveRecoveryCodes(ctx, d.user.ID, d.now); err != nil {
			return err
		}
	}
	if !usable && d.user.WantsSecondFactor { // another passkey is not asked for by itself
		if err := d.tx.WantSecondFactor(ctx, d.user, false); err != nil {
			return err
		}
	}
	return d.tx.ForgetDevices(ctx, d.user.ID)
}

// opens reports whether an account that has no password can be logged in to, as far as tx
// sees it (M5): by a passkey that browsers use here.
func (s *Service) opens(ctx context.Context, tx *store.Store, userID string) (bool, error) {
	if s.passkeys == nil {
		return false, nil
	}
	all, err := tx.PasskeysOf(ctx, []string{userID})
	list, _ := s.usable(all[userID])
	return len(list) > 0, err
}

// RequireSecondFactorInput is the argument of RequireSecondFactor.
type RequireSecondFactorInput struct{ Required bool }

// RequireSecondFactor has a login of the viewer by password ask for a passkey, or not any
// more. The mistakes are LAST_FACTOR, if it has to, and FACTOR_MISSING, if there is no passkey.
func (s *Service) RequireSecondFactor(ctx context.Context, a Actor, in RequireSecondFactorInput) (*store.User, error) {
	if err := s.countChange(ctx, "factors", a.Viewer.User.ID, factorLimit); err != nil {
		return nil, fmt.Errorf("require second factor: %w", err)
	}
	kind := store.EventSecondFactorOff
	if in.Required {
		kind = store.EventSecondFactorOn
	}
	u, err := s.act(ctx, a, kind, s.self(a, nil), func(d *deed) error {
		if d.user.WantsSecondFactor == in.Required {
			return errUnchanged
		}
		if err := d.tx.WantSecondFactor(ctx, d.user, in.Required); err != nil {
			return err
		}
		f, _, err := d.tx.FactorsOf(ctx, d.user.ID, "", d.now)
		if err != nil {
			return err
		}
		usable, err := s.opens(ctx, d.tx, d.user.ID)
		switch {
		case err != nil:
			return err
		case in.Required && !usable:
			return errFactorMissing()
		case !in.Required && f.TOTP == nil && s.needsSecond(d.user):
			return userError(LastFactor, "required", "This account has to have a second factor.")
		}
		return d.tx.ForgetDevices(ctx, d.user.ID)
	})
	if err != nil {
		return nil, fmt.Errorf("require second factor: %w", err)
	}
	return u, nil
}
