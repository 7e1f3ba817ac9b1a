package store

import (
	"context"
	"time"
)

// LoginCandidate is what a login has to know before it looks at the password: the user,
// and what of the request is familiar to them.
type LoginCandidate struct {
	User
	Factors
	ClientKnown  bool // the client is familiar: see clientFamiliar
	DeviceKnown  bool // the kind of device is familiar: see deviceFamiliar
	NetworkKnown bool // the network is familiar, for as long
	Trusted      bool // the device that the token is of is trusted: see TrustedDevice
}

// LoginKey is the key that a login looks its user up by. Exactly one field is set.
type LoginKey struct{ Email, Username, ID string }

// LoginCandidate returns the user whom key names, what they can show besides the password,
// and what of where they come from is familiar to them at now; or ErrNotFound. It costs the
// same whether or not there is such a user (C2).
func (s *Store) LoginCandidate(ctx context.Context, key LoginKey, from Whence, now time.Time) (*LoginCandidate, error) {
	const query = `/* LoginCandidate */
		SELECT ` + userColumns + `, ` + factorColumns + `,
			EXISTS (SELECT 1 FROM familiar WHERE user_id = u.id AND kind = 'client' AND value = $2 AND last_seen_at > $3),
			EXISTS (SELECT 1 FROM familiar WHERE user_id = u.id AND kind = 'device' AND value = $4 AND last_seen_at > $5),
			EXISTS (SELECT 1 FROM familiar WHERE user_id = u.id AND kind = 'network' AND value = $6 AND last_seen_at > $5),
			EXISTS (SELECT 1 FROM trusted_devices WHERE user_id = u.id AND hash = $7 AND security_version = u.security_version AND expires_at > $8)
		FROM users u` + factorTables + ` WHERE `
	where, value := `u.id = (SELECT user_id FROM usernames WHERE key = $1)`, key.Username
	switch {
	case key.Email != "":
		where, value = `u.email_key = $1`, key.Email
	case key.ID != "":
		where, value = `u.id = $1`, key.ID
	}
	var c LoginCandidate
	var f factorsRow
	row := s.conn.QueryRow(ctx, query+where, value, from.Client, now.Add(-clientFamiliar), from.Device, now.Add(-deviceFamiliar), from.Network, from.Token, now)
	if err := row.Scan(append(append(c.dest(), f.dest()...), &c.ClientKnown, &c.DeviceKnown, &c.NetworkKnown, &c.Trusted)...); err != nil {
		return nil, err
	}
	c.scanned()
	c.Factors = f.factors()
	return &c, nil
}
