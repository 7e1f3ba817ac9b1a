package auth

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"latchkey/internal/names"
	"latchkey/internal/store"
)

// maxSessions is how many devices a user may be logged in with; a login beyond
// ends the least recently used.
const maxSessions = 100

// A way is how somebody comes in: what a login was asked for, whatever is shown in it. It
// carries no rights, and travels in the challenges of the login's steps.
type way struct {
	DeviceName string         `json:"n,omitzero"` // given at login, or ""
	Transport  TokenTransport `json:"t"`
	Kept       bool           `json:"k,omitzero"` // with the device's secret of an earlier login
}

// newWay returns a way with the name that was given to the device, or nil. kept says that
// the device brought its secret.
func newWay(name *string, transport TokenTransport, kept bool) way {
	w := way{Transport: transport, Kept: kept}
	if name != nil {
		w.DeviceName = names.Printable(*name, maxDeviceName)
	}
	return w
}

// mayGoOn refuses the cookie to a page of another origin than may use it.
func (w way) mayGoOn(mayUseCookie bool) error {
	if w.Transport == TransportCookie && !mayUseCookie {
		return ErrOrigin()
	}
	return nil
}

// An entry is a login for admit to judge: what was shown, and how.
type entry struct {
	way
	shown  proofs
	factor *store.FactorUse // the factor that was shown last, to be used up; or nil
	device *device          // whose secret came along, whose ever it is; or nil
	trust  bool             // have the device be trusted, if that may be
	root   []byte           // of a login that went on with a challenge: see stepTicket
	begun  time.Time        // of the same: when it began
	// first, unless it is nil, writes what has to be there before the session, such as
	// the account itself, in the session's transaction. It changes nothing but the
	// database.
	first func(tx *store.Store) error
	// made says that first makes the account.
	made bool
}

// admit opens a session for a user who has shown who they are. Every way in ends here, and
// nothing else opens sessions. Whether what was shown is enough it decides by the account's
// factors and duties as they are now; if it is not, the error is a [*StepNeeded], and
// nothing of a login is written.
//
// It writes the session with its event, tells the user of a device that is new to them, and
// returns a login that is complete. The error is store.ErrNotFound if what the user showed
// is no longer in force: then no session is opened. The mistakes are ACCOUNT_DISABLED,
// CHALLENGE_INVALID and CODE_INVALID.
func (s *Service) admit(ctx context.Context, a Actor, u *store.LoginCandidate, in entry) (*Login, error) {
	if a.clientID() == AdminClient && u.Role != store.RoleAdmin {
		return nil, errCredentials() // as if there were nobody
	}
	if u.DisabledAt != nil {
		return nil, errAccountDisabled()
	}
	now := s.now()
	if kind := s.missing(u, in); kind != "" {
		if err := s.beforeStep(ctx, a, u, in, now); err != nil {
			return nil, err
		}
		return nil, s.step(ctx, u, in, kind)
	}
	session := s.newSession(a, u.ID, in, now)
	a = a.as(&u.User, session)
	o := &store.Opening{
		Session: session, SecurityVersion: u.SecurityVersion, PasswordHash: u.PasswordHash,
		From: a.Client.whence(), MaxSessions: maxSessions, Factor: in.factor,
		Event: event(a, store.EventLogin, u.ID, now),
	}
	o.Event.Details.Proofs = session.Proofs
	deviceID := s.trust(a, u, in, o)
	if in.root != nil {
		o.Challenge = loginClaim(in.root, in.begun)
	}
	if err := s.tellNew(ctx, a, u, in, o); err != nil {
		return nil, fmt.Errorf("admit: %w", err)
	}
	told, err := s.open(ctx, a, u, in, o)
	switch {
	case errors.Is(err, store.ErrConflict) && in.factor != nil:
		return nil, errUsed(in.factor)
	case in.root != nil && (errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrConflict)):
		return nil, errChallenge()
	case err != nil:
		return nil, fmt.Errorf("admit: %w", err)
	}
	if o.Notice != nil {
		s.mailQueued()
	}
	s.told(told)
	s.logEvent(o.Event)
	s.day(store.DayLogins)
	if o.Trusts != nil {
		s.logEvent(o.Trusts.Event)
	}
	s.loginEnded(a, LoginOK)
	u.LastLoginAt = &session.CreatedAt
	l, err := s.loggedIn(&u.User, session)
	if err == nil {
		l.Transport, l.DeviceToken = in.Transport, new(s.devices.secret(&u.User, deviceID, now))
	}
	return l, err
}

// open writes a session with what goes before it. It returns what is told besides.
func (s *Service) open(ctx context.Context, a Actor, u *store.LoginCandidate, in entry, o *store.Opening) (told *deed, err error) {
	o.First = in.first
	if useEvent(in.factor) == "" {
		return nil, s.store.OpenSession(ctx, o)
	}
	err = s.store.InTx(ctx, func(tx *store.Store) error {
		if err := tx.OpenSession(ctx, o); err != nil {
			return err
		}
		told, err = s.tellUse(ctx, tx, a, &u.User, in.factor, o.Event.At)
		return err
	})
	return told, err
}

// beforeStep writes what has to be there although a login is not complete: the account that
// it makes, or the use of a factor, which is used up whatever comes of the login.
func (s *Service) beforeStep(ctx context.Context, a Actor, u *store.LoginCandidate, in entry, now time.Time) error {
	if in.first == nil && in.factor == nil {
		return nil
	}
	var told *deed
	err := s.store.InTx(ctx, func(tx *store.Store) (err error) {
		if in.first != nil {
			if err := in.first(tx); err != nil {
				return err
			}
		}
		if in.made {
			return tx.MarkFamiliar(ctx, u.ID, a.Client.whence(), now)
		}
		if in.factor == nil {
			return nil
		}
		told, err = s.useFactor(ctx, tx, a, &u.User, in.factor, now)
		return err
	})
	switch {
	case errors.Is(err, store.ErrConflict) && in.factor != nil:
		return errUsed(in.factor)
	case err != nil:
		return fmt.Errorf("admit: %w", err)
	}
	s.told(told)
	return nil
}

// tellNew has a login told that is new to its user: with another kind of device, or from
// another network without the device's secret. A new kind is told always, since there
// are few; a new network as often as newNetworkLimit says. Who confirms an account has
// just had a mail.
func (s *Service) tellNew(ctx context.Context, a Actor, u *store.LoginCandidate, in entry, o *store.Opening) error {
	newDevice, newNetwork := !u.DeviceKnown, !u.NetworkKnown && !in.Kept
	if in.made || !newDevice && !newNetwork {
		return nil
	}
	o.Event.Kind = store.EventNewDevice
	if !newDevice {
		err := s.countTold(ctx, "network", u.ID, newNetworkLimit)
		switch {
		case err != nil && AsError(err).Code == RateLimited:
			return nil
		case err != nil:
			return err
		}
	}
	o.Undo, o.Notice = undo(a, store.EventNewDevice, &u.User, o.Event.At, "")
	o.Notice.Details.NewDevice, o.Notice.Details.NewNetwork = newDevice, newNetwork
	return nil
}

// newSession returns a session that begins now. Nothing in it comes from the client
// but the name of its device, so a login takes nothing over (E1).
func (s *Service) newSession(a Actor, userID string, in entry, now time.Time) *store.Session {
	key := make([]byte, refreshKeyBytes)
	rand.Read(key) // never fails since Go 1.24
	idle, most := s.lasts(a.clientID())
	ends := now.Add(most)
	return &store.Session{
		ID: newID(), UserID: userID, ClientID: a.clientID(),
		DeviceName: cmp.Or(in.DeviceName, a.Client.device()), UserAgent: a.Client.userAgent(), IPAddress: a.Client.ip(),
		RefreshKey: key, Generation: 1, Rotations: []byte{}, CreatedAt: now, LastUsedAt: now,
		ExpiresAt: earlier(now.Add(idle), ends), EndsAt: ends, Proofs: in.shown.text(), ProvenAt: in.shown.last(),
	}
}
