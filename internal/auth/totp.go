package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"latchkey/internal/codes"
	"latchkey/internal/store"
	"latchkey/internal/throttle"
	"latchkey/internal/ticket"
	"latchkey/internal/totp"
)

// addTTL is how long a secret that is offered may be confirmed.
const addTTL = 10 * time.Minute

// factorLimit binds a user: each change of factors is told by mail.
var factorLimit = throttle.Limit{N: 20, Window: 24 * time.Hour}

// TotpSecret is a secret for an authenticator app. It is shown once.
type TotpSecret struct {
	Secret string // Base32
	URI    string // otpauth://totp/…
	QrCode string // the same, an SVG document
}

// totpSecret returns a secret as it is shown to its user.
func (s *Service) totpSecret(u *store.User, secret []byte) (*TotpSecret, error) {
	uri := totp.URI(secret, s.cfg.AppName, u.Username)
	svg, err := totp.QRCode(uri)
	if err != nil {
		return nil, fmt.Errorf("totp: %w", err)
	}
	return &TotpSecret{Secret: totp.Base32(secret), URI: uri, QrCode: svg}, nil
}

// addTicket is what the challenge of a new factor, or of a step-up, holds: it counts for the
// session that began it alone (J9).
type addTicket struct {
	User    string `json:"u"`
	Session string `json:"i"`
	Version int64  `json:"s"`          // the user's security_version
	Secret  []byte `json:"t,omitzero"` // of an authenticator app, sealed
}

func addTicketOf(v *Viewer, sealed []byte) addTicket {
	return addTicket{User: v.User.ID, Session: v.Session.ID, Version: v.User.SecurityVersion, Secret: sealed}
}

// of reports whether a challenge is one of the viewer.
func (b *addTicket) of(v *Viewer) bool {
	return b.User == v.User.ID && b.Session == v.Session.ID && b.Version == v.User.SecurityVersion
}

// TotpOffer is a secret that waits to be confirmed.
type TotpOffer struct {
	Challenge string
	ExpiresAt time.Time
	Totp      *TotpSecret
}

// StartTotp offers the viewer a secret for an authenticator app. Until it is confirmed
// nothing changes. RateLimited.
func (s *Service) StartTotp(ctx context.Context, a Actor) (*TotpOffer, error) {
	v := a.Viewer
	if err := s.countChange(ctx, "factors", v.User.ID, factorLimit); err != nil {
		return nil, fmt.Errorf("start totp: %w", err)
	}
	secret := totp.NewSecret()
	t, err := s.tickets.Make(ticket.TOTPAdd, addTicketOf(v, s.seal.Seal(secret, offered(v.User.ID))), s.now(), addTTL)
	if err != nil {
		return nil, fmt.Errorf("start totp: %w", err)
	}
	shown, err := s.totpSecret(v.User, secret)
	if err != nil {
		return nil, err
	}
	return &TotpOffer{Challenge: t.Text, ExpiresAt: t.Expires, Totp: shown}, nil
}

// ConfirmTotpInput is the argument of ConfirmTotp.
type ConfirmTotpInput struct {
	Challenge string
	TotpCode  string
	Name      *string
}

// Enrolled is what an account has once it has a new factor.
type EnrolledFactor struct {
	User          *store.User
	RecoveryCodes []string // those that were made, if there were none; shown once
}

// ConfirmTotp gives the viewer's account the authenticator app that a secret was offered
// for, in the place of the one that it had. The code counts as shown in this session, and
// does not count again. The mistakes are CHALLENGE_INVALID and CODE_INVALID.
func (s *Service) ConfirmTotp(ctx context.Context, a Actor, in ConfirmTotpInput) (*EnrolledFactor, error) {
	v := a.Viewer
	var b addTicket
	t, err := s.tickets.Open(in.Challenge, ticket.TOTPAdd, s.now(), &b)
	if err != nil || !b.of(v) {
		return nil, errChallenge()
	}
	app, err := s.newTotp(v.User, b.Secret, in.TotpCode, in.Name, a)
	if err != nil {
		return nil, err
	}
	if app == nil {
		return nil, userError(CodeInvalid, "totpCode", totpRefused)
	}
	claim := store.Claim{Hash: store.ClaimHash([]byte("totp-add"), t.Nonce[:]), ExpiresAt: t.Expires}
	shown := append(proofsOf(v.Session), proof{Kind: ProofTOTP})
	done := &EnrolledFactor{}
	done.User, err = s.act(ctx, a, store.EventFactorAdded, challenged(v.User), func(d *deed) error {
		if err := d.tx.Use(ctx, claim, app.ID); err != nil {
			return err
		}
		var err error
		if done.RecoveryCodes, err = s.addTotp(ctx, d, app, proofsOf(v.Session)); err != nil {
			return err
		}
		return d.tx.StepUp(ctx, v.Session.ID, shown.text(), d.now)
	})
	if errors.Is(err, store.ErrConflict) {
		return nil, errChallenge()
	} else if err != nil {
		return nil, fmt.Errorf("confirm totp: %w", err)
	}
	return done, nil
}

// newTotp returns the app of a sealed secret that was offered to u, if the code is one of it;
// else nil.
func (s *Service) newTotp(u *store.User, sealed []byte, code string, name *string, a Actor) (*store.TOTP, error) {
	secret, err := s.seal.Open(sealed, offered(u.ID))
	if err != nil {
		return nil, errChallenge() // by a secret of the server that is gone
	}
	now := s.now()
	step, ok := totp.Match(secret, code, now, 0)
	if !ok {
		return nil, nil
	}
	t := &store.TOTP{ID: newID(), UserID: u.ID, Name: a.Client.deviceName(name), LastStep: step, CreatedAt: now}
	t.Secret = s.seal.Seal(secret, totpPlace(t.ID))
	return t, nil
}

// mayAdd begins a deed that gives an account another factor, which was offered to somebody who
// had shown this. The error is store.ErrConflict if the account has a second factor that is
// not among that: it came since then, and nobody adds or replaces one who does not have it.
func (s *Service) mayAdd(ctx context.Context, d *deed, shown proofs) error {
	if err := d.tx.Guard(ctx, d.user); err != nil {
		return err
	}
	f, _, err := d.tx.FactorsOf(ctx, d.user.ID, "", d.now)
	if err == nil && s.hasSecond(d.user, f) && !shown.strong() {
		err = store.ErrConflict
	}
	return err
}

// addTotp writes an app in a deed of somebody who had shown this, and recovery codes if there
// are none left, which it returns. Devices that were trusted are not any more. The error is
// store.ErrConflict: see mayAdd.
func (s *Service) addTotp(ctx context.Context, d *deed, t *store.TOTP, shown proofs) ([]string, error) {
	d.factor = t.Name
	if err := s.mayAdd(ctx, d, shown); err != nil {
		return nil, err
	}
	if err := d.tx.AddTOTP(ctx, d.user, t, d.now); err != nil {
		return nil, err
	}
	if err := d.tx.ForgetDevices(ctx, d.user.ID); err != nil {
		return nil, err
	}
	return firstRecoveryCodes(ctx, d)
}

// enrolInLogin adds the authenticator app that a step of a login offered, and goes on with
// the login.
func (s *Service) enrolInLogin(ctx context.Context, a Actor, u *store.LoginCandidate, e entry, sealed []byte, code string) (*Login, error) {
	app, err := s.newTotp(&u.User, sealed, code, nil, a)
	if err != nil {
		return nil, err
	}
	if app == nil {
		return nil, errCode(ProofTOTP)
	}
	before := e.shown
	e.shown = append(slices.Clone(before), proof{Kind: ProofTOTP, At: s.now()})
	return s.enrol(ctx, a, u, e, store.EventFactorAdded, func(d *deed) ([]string, error) { return s.addTotp(ctx, d, app, before) })
}

// enrol has add write a new factor, with an event of this kind, in the transaction of the
// session that it completes the login of. add returns the recovery codes that it made.
func (s *Service) enrol(ctx context.Context, a Actor, u *store.LoginCandidate, e entry, kind store.EventKind, add func(d *deed) ([]string, error)) (*Login, error) {
	var made []string
	var d *deed
	e.first = func(tx *store.Store) (err error) {
		now := s.now()
		d = &deed{tx: tx, actor: a, user: &u.User, now: now, event: event(a, kind, u.ID, now)}
		if made, err = add(d); err != nil {
			return err
		}
		return d.write(ctx)
	}
	l, err := s.admit(ctx, a, u, e)
	if err != nil {
		return nil, err
	}
	s.told(d)
	l.RecoveryCodes = made
	return l, nil
}

// firstRecoveryCodes gives the user of a deed recovery codes if there are none left, and
// returns them.
func firstRecoveryCodes(ctx context.Context, d *deed) ([]string, error) {
	left, err := d.tx.RecoveryCodesOf(ctx, []string{d.user.ID})
	if err != nil || len(left) > 0 {
		return nil, err
	}
	return newRecoveryCodes(ctx, d)
}

// newRecoveryCodes gives the user of a deed new recovery codes, and returns them.
func newRecoveryCodes(ctx context.Context, d *deed) ([]string, error) {
	shown, hashes := make([]string, codes.RecoveryCodes), make([][]byte, codes.RecoveryCodes)
	for i := range shown {
		shown[i], hashes[i] = codes.NewRecovery()
	}
	return shown, d.tx.SetRecoveryCodes(ctx, d.user.ID, hashes, d.now)
}
