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

// An entry is how somebody comes in, beside who they are. It carries no rights.
type entry struct {
	deviceName *string // given at login, or nil
	// first is what is written in the same transaction before the session, such as
	// the account itself; or nil. It changes nothing but the database.
	first func(tx *store.Store) error
}

// admit lets a user in who has shown who they are: it is the one door, in which
// every way in ends and behind which alone a session is opened. It writes the
// session with its event, tells the user of a device that is new to them, and
// returns a login that is complete. store.ErrNotFound if what the user showed is no
// longer in force: then nothing is written.
func (s *Service) admit(ctx context.Context, a Actor, u *store.LoginCandidate, in entry) (*Login, error) {
	now := s.now()
	session := s.newSession(a, u.ID, in.deviceName, now)
	a = a.as(&u.User, session)
	o := &store.Opening{
		Session: session, SecurityVersion: u.SecurityVersion, PasswordHash: u.PasswordHash,
		Client: a.Client.Key(), Device: a.Client.device(), MaxSessions: maxSessions,
		Event: event(a, store.EventLogin, u.ID, now),
	}
	if u.LastLoginAt != nil && !u.DeviceKnown {
		o.Event.Kind = store.EventNewDevice
		o.Undo, o.Notice = undo(a, store.EventNewDevice, &u.User, now, "")
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
	return s.loggedIn(&u.User, session)
}

// newSession is a session that begins now. Nothing in it comes from the client
// but how its device is called.
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
