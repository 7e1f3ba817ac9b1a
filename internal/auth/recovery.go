package auth

import (
	"context"
	"fmt"
	"time"

	"latchkey/internal/store"
)

// MakeRecoveryCodes gives the viewer eight new recovery codes. The old ones are dead. The
// mistake is FACTOR_MISSING: there is nothing that they could stand in for. RateLimited.
func (s *Service) MakeRecoveryCodes(ctx context.Context, a Actor) (*EnrolledFactor, error) {
	v := a.Viewer
	f, _, err := s.factorsOfViewer(ctx, a)
	if err != nil {
		return nil, fmt.Errorf("recovery codes: %w", err)
	}
	if f.TOTP == nil && !f.Passkeys {
		return nil, errFactorMissing()
	}
	if err := s.countChange(ctx, "factors", v.User.ID, factorLimit); err != nil {
		return nil, fmt.Errorf("recovery codes: %w", err)
	}
	done := &EnrolledFactor{}
	done.User, err = s.act(ctx, a, store.EventRecoveryCodesMade, s.self(a, nil), func(d *deed) (err error) {
		if err := d.tx.Guard(ctx, d.user); err != nil {
			return err
		}
		done.RecoveryCodes, err = newRecoveryCodes(ctx, d)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("recovery codes: %w", err)
	}
	return done, nil
}

// useEvent is the kind of event that the use of a factor is, or "".
func useEvent(f *store.FactorUse) store.EventKind {
	switch {
	case f == nil:
	case f.RecoveryCode != nil:
		return store.EventRecoveryCodeUsed
	case f.Passkey != nil && f.Passkey.BackupChanged:
		return store.EventPasskeyBackupChanged
	}
	return ""
}

// tellUse writes down, in the transaction of the use, that a factor of u was used, and tells
// them; it returns nil where that is no event. The transaction has written the user's own row.
func (s *Service) tellUse(ctx context.Context, tx *store.Store, a Actor, u *store.User, f *store.FactorUse, now time.Time) (*deed, error) {
	kind := useEvent(f)
	if kind == "" {
		return nil, nil
	}
	d := &deed{tx: tx, actor: a, user: u, now: now, event: event(a, kind, u.ID, now), left: f.Left}
	return d, d.write(ctx)
}

// useFactor uses a factor up where no session is opened with it, and tells of it.
func (s *Service) useFactor(ctx context.Context, tx *store.Store, a Actor, u *store.User, f *store.FactorUse, now time.Time) (*deed, error) {
	if err := tx.Guard(ctx, u); err != nil {
		return nil, err
	}
	if err := tx.UseFactor(ctx, u.ID, f, newID(), now); err != nil {
		return nil, err
	}
	return s.tellUse(ctx, tx, a, u, f, now)
}

// errUsed says that a factor that was right has been used by somebody who was faster.
func errUsed(f *store.FactorUse) error {
	switch {
	case f.Passkey != nil:
		return errPasskey("answer")
	case f.RecoveryCode != nil:
		return errCode(ProofRecoveryCode)
	}
	return errCode(ProofTOTP)
}

func errFactorMissing() error {
	return userError(FactorMissing, "", "There is no second factor. Add an authenticator app or a passkey first.")
}
