package auth

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"latchkey/internal/store"
)

// A device is trusted once its user has shown a second factor there and wants to be spared
// it at later logins. Then the id in the device's secret is kept, as a hash. A login that
// brings the secret needs the first factor as ever, and is worth no more than that: its
// session is aal1.

// maxTrusted is how many devices a user may trust; those that were trusted first go beyond
// that.
const maxTrusted = 20

// mayTrust reports whether a user may leave the second factor out on a device: not if the
// policy asks them for one, since their sessions have to have shown it.
func (s *Service) mayTrust(u *store.User) bool { return s.cfg.TrustedDeviceTTL > 0 && !s.bound(u) }

// trusts reports whether a login of a user is by a device that they trust. A login that sets a
// new password needs more than that.
func (s *Service) trusts(u *store.LoginCandidate, in entry) bool {
	return u.Trusted && in.device.of(&u.User) && s.mayTrust(&u.User) && !u.MustChangePassword
}

// hash is what is kept of a device that is trusted; nil for no device.
func (d *device) hash() []byte {
	if d == nil {
		return nil
	}
	sum := sha256.Sum256([]byte(d.id))
	return sum[:]
}

// whence is where a client comes from with a device, which may be none.
func (d *device) whence(c Client) store.Whence {
	w := c.whence()
	w.Token = d.hash()
	return w
}

// trust has o write what a login makes of the device's trust, and returns the id of the secret
// that the device gets. A trusted one keeps its id, so that it stays known by it. One that is to be
// trusted gets a new id, as all others do: somebody may have a secret that the device had
// before.
func (s *Service) trust(a Actor, u *store.LoginCandidate, in entry, o *store.Opening) (id string) {
	v := o.Session
	id = newDeviceID()
	switch {
	case in.trust && in.shown.strong() && s.mayTrust(&u.User):
		o.Trusts = &store.Trusting{Max: maxTrusted, Event: event(a, store.EventDeviceTrusted, u.ID, v.CreatedAt), Device: store.TrustedDevice{
			ID: newID(), UserID: u.ID, Hash: (&device{id: id}).hash(), Name: v.DeviceName, SecurityVersion: u.SecurityVersion,
			CreatedAt: v.CreatedAt, LastUsedAt: v.CreatedAt, ExpiresAt: v.CreatedAt.Add(s.cfg.TrustedDeviceTTL),
		}}
	case s.trusts(u, in):
		id, o.TrustedBy = in.device.id, in.device.hash()
	}
	return id
}

// TrustedDevicesOf returns the devices that several users trust by their ids, by one query.
func (s *Service) TrustedDevicesOf(ctx context.Context, userIDs []string) (map[string][]store.TrustedDevice, error) {
	all, err := s.store.TrustedDevicesOf(ctx, userIDs, s.now())
	if err != nil {
		return nil, fmt.Errorf("trusted devices: %w", err)
	}
	return all, nil
}

// ForgetDeviceInput is the argument of ForgetDevice.
type ForgetDeviceInput struct{ DeviceID string }

// ForgetDevice has a login of the viewer by this device ask for the second factor again. The
// mistake is NOT_FOUND.
func (s *Service) ForgetDevice(ctx context.Context, a Actor, in ForgetDeviceInput) (*store.User, error) {
	u, err := s.act(ctx, a, store.EventDeviceForgotten, s.self(a, nil), func(d *deed) error {
		if err := d.tx.Guard(ctx, d.user); err != nil {
			return err
		}
		err := d.tx.ForgetDevice(ctx, d.user.ID, in.DeviceID)
		if errors.Is(err, store.ErrNotFound) {
			return userError(NotFound, "deviceId", "You trust no device with this id.")
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("forget device: %w", err)
	}
	return u, nil
}
