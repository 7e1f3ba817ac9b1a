package store

import (
	"context"
	"time"

	"latchkey/internal/db"
)

// TrustedDevice is a device at which a login leaves the second factor out. It counts for its
// user alone, while their security_version is what it was.
type TrustedDevice struct {
	ID              string
	UserID          string
	Hash            []byte // SHA-256 of the id in the device's token
	Name            string
	SecurityVersion int64
	CreatedAt       time.Time
	LastUsedAt      time.Time
	ExpiresAt       time.Time
}

// IsNode binds TrustedDevice to the schema's Node.
func (TrustedDevice) IsNode() {}

// Trusting has a device be trusted.
type Trusting struct {
	Device TrustedDevice
	Max    int // how many a user may have; those that were trusted first go beyond that
	Event  *SecurityEvent
}

// stmts returns the statements that do so, if the session is there that it is done with.
func (t *Trusting) stmts(v *Session) []db.Stmt {
	d := &t.Device
	return []db.Stmt{
		{SQL: `/* OpenSession, a trusted device */
			INSERT INTO trusted_devices (id, user_id, hash, name, security_version, created_at, last_used_at, expires_at)
			SELECT $1, $2, $3, $4, $5, $6, $6, $7 FROM sessions WHERE id = $8`,
			Args: []any{d.ID, d.UserID, d.Hash, d.Name, d.SecurityVersion, d.CreatedAt, d.ExpiresAt, v.ID}},
		{SQL: `/* OpenSession, the cap of trusted devices */
			DELETE FROM trusted_devices WHERE user_id = $1 AND id <> $2 AND id NOT IN (
				SELECT id FROM trusted_devices WHERE user_id = $1 AND id <> $2 ORDER BY created_at DESC, id DESC LIMIT $3)
			AND EXISTS (SELECT 1 FROM sessions WHERE id = $4)`,
			Args: []any{d.UserID, d.ID, t.Max - 1, v.ID}},
		t.Event.insertOfSession(),
	}
}

// usedTrusted returns the statement that notes down that a session was opened on a trusted
// device.
func usedTrusted(v *Session, hash []byte) db.Stmt {
	return db.Stmt{
		SQL: `/* OpenSession, the use of a trusted device */
			UPDATE trusted_devices SET last_used_at = $3 WHERE user_id = $1 AND hash = $2 AND EXISTS (SELECT 1 FROM sessions WHERE id = $4)`,
		Args: []any{v.UserID, hash, v.CreatedAt, v.ID},
	}
}

// TrustedDevicesOf returns those of several users that count at now, by the users' ids, the one
// trusted last first.
func (s *Store) TrustedDevicesOf(ctx context.Context, userIDs []string, now time.Time) (map[string][]TrustedDevice, error) {
	all := make(map[string][]TrustedDevice, len(userIDs))
	if len(userIDs) == 0 {
		return all, nil
	}
	scan := func(row db.Row) (*TrustedDevice, error) {
		var d TrustedDevice
		err := row.Scan(&d.ID, &d.UserID, &d.Hash, &d.Name, &d.SecurityVersion, &d.CreatedAt, &d.LastUsedAt, &d.ExpiresAt)
		d.CreatedAt, d.LastUsedAt, d.ExpiresAt = d.CreatedAt.UTC(), d.LastUsedAt.UTC(), d.ExpiresAt.UTC()
		return &d, err
	}
	in, args := inList(userIDs, now)
	list, err := query(ctx, s.conn, scan, `/* TrustedDevicesOf */
		SELECT d.id, d.user_id, d.hash, d.name, d.security_version, d.created_at, d.last_used_at, d.expires_at
		FROM trusted_devices d JOIN users u ON u.id = d.user_id AND u.security_version = d.security_version
		WHERE d.expires_at > $1 AND d.user_id IN `+in+` ORDER BY d.created_at DESC, d.id DESC`, args...)
	for i := range list {
		all[list[i].UserID] = append(all[list[i].UserID], list[i])
	}
	return all, err
}

// ForgetDevice has one device of a user be trusted no more. The error is ErrNotFound if none
// has this id. Call it in the transaction of its event.
func (s *Store) ForgetDevice(ctx context.Context, userID, id string) error {
	return one(s.conn.Exec(ctx, `/* ForgetDevice */ DELETE FROM trusted_devices WHERE user_id = $1 AND id = $2`, userID, id))
}

// ForgetDevices has no device of a user be trusted any more.
func (s *Store) ForgetDevices(ctx context.Context, userID string) error {
	_, err := s.conn.Exec(ctx, `/* ForgetDevices */ DELETE FROM trusted_devices WHERE user_id = $1`, userID)
	return err
}
