package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"latchkey/internal/store"
)

// SecondFactorPolicy says whom the service asks for a second factor.
type SecondFactorPolicy string

// The policies of the schema's SecondFactorPolicy.
const (
	SecondFactorOptional       SecondFactorPolicy = "OPTIONAL"
	SecondFactorAdministrators SecondFactorPolicy = "ADMINISTRATORS"
	SecondFactorEverybody      SecondFactorPolicy = "EVERYBODY"
)

// LoginMethods says how people log in.
type LoginMethods struct {
	Password     bool
	Passkeys     bool
	EmailCode    bool
	Registration bool
	SecondFactor SecondFactorPolicy
}

// LoginMethods returns how people log in here.
func (s *Service) LoginMethods() *LoginMethods {
	return &LoginMethods{
		Password: true, Passkeys: s.passkeys != nil, EmailCode: s.cfg.EmailLogin, Registration: s.cfg.RegistrationOpen, SecondFactor: s.cfg.SecondFactor,
	}
}

// bound reports whether the policy asks a user for a second factor.
func (s *Service) bound(u *store.User) bool {
	switch s.cfg.SecondFactor {
	case SecondFactorEverybody:
		return true
	case SecondFactorAdministrators:
		return u.Role == store.RoleAdmin
	}
	return false
}

// needsSecond reports whether a user has to have a second factor.
func (s *Service) needsSecond(u *store.User) bool { return s.bound(u) || u.MustEnrol }

// hasSecond reports whether a login of a user by password asks for a second factor: they
// have an authenticator app, or a passkey that they want to be asked for or have to.
func (s *Service) hasSecond(u *store.User, f store.Factors) bool {
	return f.TOTP != nil || f.Passkeys && (u.WantsSecondFactor || s.needsSecond(u))
}

// factorsOfViewer returns what the viewer can show besides the password, and whether they are
// known at the client.
func (s *Service) factorsOfViewer(ctx context.Context, a Actor) (f store.Factors, known bool, err error) {
	f, known, err = s.store.FactorsOf(ctx, a.Viewer.User.ID, a.Client.Key(), s.now())
	switch {
	case errors.Is(err, store.ErrNotFound): // deleted since
		err = errUnauthenticated(ReasonRevoked)
	case err != nil:
		err = fmt.Errorf("factors: %w", err)
	}
	return f, known, err
}

// shownWithin reports whether somebody showed in a session lately who they are.
func (s *Service) shownWithin(v *store.Session, lately time.Duration) bool {
	return s.now().Sub(v.ProvenAt) <= lately
}

// fresh reports whether they did within FreshFor.
func (s *Service) fresh(v *store.Session) bool { return s.shownWithin(v, s.cfg.FreshFor) }

// errStepUp asks for a fresh proof of a level.
func errStepUp(strong bool) *Error {
	e := &Error{Code: Forbidden, Reason: ReasonStepUp, Level: levelOne, Message: "This needs a fresh proof of who you are: call stepUp, and try again."}
	if strong {
		e.Level = levelTwo
	}
	return e
}

// Fresh returns nil if the viewer showed lately who they are, with the second factor if the
// account has one; else Forbidden with ReasonStepUp (M1).
func (s *Service) Fresh(ctx context.Context, v *Viewer) error {
	return s.FreshWithin(ctx, v, s.cfg.FreshFor)
}

// FreshWithin is Fresh, where lately is not FreshFor.
func (s *Service) FreshWithin(ctx context.Context, v *Viewer, lately time.Duration) error {
	recent, strong := s.shownWithin(v.Session, lately), proofsOf(v.Session).strong()
	if recent && strong {
		return nil
	}
	f, _, err := s.factorsOfViewer(ctx, Actor{Viewer: v})
	if err != nil {
		return err
	}
	return s.freshWith(v, f, recent)
}

// freshWith is Fresh for a viewer whose factors are known, and who showed lately who they
// are or did not.
func (s *Service) freshWith(v *Viewer, f store.Factors, recent bool) error {
	strong := s.hasSecond(v.User, f)
	if recent && (!strong || proofsOf(v.Session).strong()) {
		return nil
	}
	return errStepUp(strong)
}

// FreshAdministrator is Fresh for what administrators do to others: it asks nothing of one
// who has no second factor and need not have one.
func (s *Service) FreshAdministrator(ctx context.Context, v *Viewer) error {
	if s.fresh(v.Session) && proofsOf(v.Session).strong() {
		return nil
	}
	f, _, err := s.factorsOfViewer(ctx, Actor{Viewer: v})
	if err != nil {
		return err
	}
	if !s.hasSecond(v.User, f) && !s.bound(v.User) {
		return nil
	}
	return s.freshWith(v, f, s.fresh(v.Session))
}

// Need is what is asked of somebody who is signed in.
type Need struct {
	Role   store.Role    // that they have this one; "" for whichever
	Lately time.Duration // that they showed within it who they are; 0 for whenever
}

// ParseRole returns the role that is called so.
func ParseRole(name string) (store.Role, bool) {
	role := store.Role(name)
	return role, role == store.RoleUser || role == store.RoleAdmin
}

// Permit returns nil if a viewer is what need asks for and has shown what the policy asks of
// them, by the rules of the fields of the API; else Forbidden with ReasonRole or
// ReasonStepUp.
func (s *Service) Permit(ctx context.Context, v *Viewer, need Need) error {
	if need.Role != "" {
		if err := HasRole(v, need.Role); err != nil {
			return err
		}
	}
	if err := s.Enrolled(v); err != nil || need.Lately == 0 {
		return err
	}
	return s.FreshWithin(ctx, v, need.Lately)
}

// HasRole returns nil if the viewer has a role, as it is now; else Forbidden with ReasonRole.
func HasRole(v *Viewer, role store.Role) error {
	if v.User.Role != role {
		return &Error{Code: Forbidden, Reason: ReasonRole, Message: "This needs the role " + string(role) + "."}
	}
	return nil
}

// Enrolled returns nil unless the policy asks the viewer for a second factor that was not
// shown in their session: then it is Forbidden with ReasonStepUp (M4). It asks nobody, so
// that the policy counts on the next request.
func (s *Service) Enrolled(v *Viewer) error {
	if s.bound(v.User) && !proofsOf(v.Session).strong() {
		return errStepUp(true)
	}
	return nil
}
