package auth

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"latchkey/internal/store"
)

// maxSessions is how many devices a user may be logged in with; a login beyond
// ends the least recently used.
const maxSessions = 100

// An entry says how somebody comes in. It carries no rights: who comes in was shown
// before.
type entry struct {
	deviceName *string // given at login, or nil
	kept       bool    // with the device's secret of an earlier login
	// first, unless it is nil, writes what has to be there before the session, such as
	// the account itself, in the session's transaction. It changes nothing but the
	// database.
	first func(tx *store.Store) error
}

// admit opens a session for a user who has shown who they are. Every way in ends
// here, and nothing else opens sessions. It writes the session with its event, tells
// the user of a device that is new to them, and returns a login that is complete. The
// error is store.ErrNotFound if what the user showed is no longer in force: then
// nothing is written.
func (s *Service) admit(ctx context.Context, a Actor, u *store.LoginCandidate, in entry) (*Login, error) {
	now := s.now()
	session := s.newSession(a, u.ID, in.deviceName, now)
	a = a.as(&u.User, session)
	o := &store.Opening{
		Session: session, SecurityVersion: u.SecurityVersion, PasswordHash: u.PasswordHash,
		From: a.Client.whence(), MaxSessions: maxSessions,
		Event: event(a, store.EventLogin, u.ID, now),
	}
	if err := s.tellNew(ctx, a, u, in, o); err != nil {
		return nil, fmt.Errorf("admit: %w", err)
	}
	var err error
	if in.first == nil {
		err = s.store.OpenSession(ctx, o)
	} else {
		err = s.store.InTx(ctx, func(tx *store.Store) error {
			if err := in.first(tx); err != nil {
				return err
			}
			return tx.OpenSession(ctx, o)
		})
	}
	if err != nil {
		return nil, fmt.Errorf("admit: %w", err)
	}
	if o.Notice != nil {
		s.mailQueued()
	}
	s.logEvent(o.Event)
	u.LastLoginAt = &session.CreatedAt
	l, err := s.loggedIn(&u.User, session)
	if err == nil {
		l.DeviceToken = new(s.devices.secret(&u.User, now))
	}
	return l, err
}

// tellNew has a login told that is new to its user: with another kind of device, or from
// another network without the device's secret. A new kind is told always, since there
// are few; a new network as often as newNetworkLimit says. Who confirms an account has
// just had a mail.
func (s *Service) tellNew(ctx context.Context, a Actor, u *store.LoginCandidate, in entry, o *store.Opening) error {
	newDevice, newNetwork := !u.DeviceKnown, !u.NetworkKnown && !in.kept
	if in.first != nil || !newDevice && !newNetwork {
		return nil
	}
	o.Event.Kind = store.EventNewDevice
	if !newDevice {
		err := s.countChange(ctx, "network", u.ID, newNetworkLimit)
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
func (s *Service) newSession(a Actor, userID string, deviceName *string, now time.Time) *store.Session {
	key := make([]byte, refreshKeyBytes)
	rand.Read(key) // never fails since Go 1.24
	ends := now.Add(s.cfg.MaxTTL)
	return &store.Session{
		ID: newID(), UserID: userID, ClientID: a.clientID(),
		DeviceName: a.Client.deviceName(deviceName), UserAgent: a.Client.userAgent(), IPAddress: a.Client.ip(),
		RefreshKey: key, Generation: 1, Rotations: []byte{}, CreatedAt: now, LastUsedAt: now,
		ExpiresAt: earlier(now.Add(s.cfg.IdleTTL), ends), EndsAt: ends,
	}
}
