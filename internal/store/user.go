package store

import (
	"context"
	"time"

	"latchkey/internal/db"
)

// Role is what a user may do.
type Role string

// The roles there are.
const (
	RoleUser  Role = "USER"
	RoleAdmin Role = "ADMIN"
)

// User is a person with a confirmed address.
type User struct {
	ID              string
	Email           string // the local part as it was typed
	EmailKey        string // what addresses are compared by
	Username        string // as it was typed; its key is its lower case
	PasswordHash    string // a PHC string
	Role            Role
	SecurityVersion int64      // raised by what kills older links
	SecuredAt       *time.Time // when it was raised last; nil if never
	PendingEmail    *string    // asked for by changeEmail; nil if none waits
	PendingEmailKey *string
	PendingUntil    *time.Time // when the links that confirm it end
	CreatedAt       time.Time
	UpdatedAt       time.Time
	LastLoginAt     *time.Time
	DisabledAt      *time.Time // nil while the account is active
}

// IsNode binds User to the schema's Node.
func (User) IsNode() {}

const userColumns = `u.id, u.email, u.email_key, u.username, u.password_hash, u.role,
	u.security_version, u.secured_at, u.pending_email, u.pending_email_key, u.pending_until,
	u.created_at, u.updated_at, u.last_login_at, u.disabled_at`

// dest is where the columns of userColumns go.
func (u *User) dest() []any {
	return []any{&u.ID, &u.Email, &u.EmailKey, &u.Username, &u.PasswordHash, &u.Role,
		&u.SecurityVersion, &u.SecuredAt, &u.PendingEmail, &u.PendingEmailKey, &u.PendingUntil,
		&u.CreatedAt, &u.UpdatedAt, &u.LastLoginAt, &u.DisabledAt}
}

func (u *User) scanned() *User {
	u.CreatedAt, u.UpdatedAt = u.CreatedAt.UTC(), u.UpdatedAt.UTC()
	u.LastLoginAt, u.DisabledAt = utc(u.LastLoginAt), utc(u.DisabledAt)
	u.SecuredAt, u.PendingUntil = utc(u.SecuredAt), utc(u.PendingUntil)
	return u
}

func scanUser(row db.Row) (*User, error) {
	var u User
	if err := row.Scan(u.dest()...); err != nil {
		return nil, err
	}
	return u.scanned(), nil
}

// UserByID returns a user, or ErrNotFound.
func (s *Store) UserByID(ctx context.Context, id string) (*User, error) {
	return scanUser(s.conn.QueryRow(ctx, `/* UserByID */ SELECT `+userColumns+` FROM users u WHERE u.id = $1`, id))
}

// UserByEmail returns the user with an address's key, or ErrNotFound.
func (s *Store) UserByEmail(ctx context.Context, emailKey string) (*User, error) {
	return scanUser(s.conn.QueryRow(ctx, `/* UserByEmail */ SELECT `+userColumns+` FROM users u WHERE u.email_key = $1`, emailKey))
}

// Pending returns the address that waits for its confirmation at now, and its
// key; "" if none does.
func (u *User) Pending(now time.Time) (address, key string) {
	if u.PendingEmail == nil || u.PendingEmailKey == nil || u.PendingUntil == nil || !now.Before(*u.PendingUntil) {
		return "", ""
	}
	return *u.PendingEmail, *u.PendingEmailKey
}

// CreateUser inserts u and gives it its username. ErrConflict if its address
// has an account or is held for one, or if its username is another's or held
// for another address.
// Call it in a transaction: an error leaves some of it behind. It comes first
// there, so that two who claim one address wait for each other here and nowhere
// else.
func (s *Store) CreateUser(ctx context.Context, u *User, usernameKey string) error {
	n, err := s.conn.Exec(ctx, `/* CreateUser */
		INSERT INTO users (id, email, email_key, username, password_hash, role, security_version, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT DO NOTHING`,
		u.ID, u.Email, u.EmailKey, u.Username, u.PasswordHash, u.Role, u.SecurityVersion, u.CreatedAt, u.UpdatedAt)
	if err == nil && n == 0 {
		return ErrConflict
	}
	if err != nil {
		return err
	}
	if err := s.addressFree(ctx, u.EmailKey, u.ID, u.CreatedAt); err != nil {
		return err
	}
	return s.ownUsername(ctx, usernameKey, u.ID, u.EmailKey, u.CreatedAt)
}

// LoginCandidate is what login has to know before it looks at the password.
type LoginCandidate struct {
	User
	ClientKnown bool // they logged in from this client lately
	DeviceKnown bool // or with this kind of device
}

// LoginKey says by which key a login looks its user up: exactly one is set.
type LoginKey struct{ Email, Username string }

// LoginCandidate returns the user whom key names and how familiar the client
// and the kind of device are to them, or ErrNotFound. Both queries cost the
// same whether or not there is such a user.
func (s *Store) LoginCandidate(ctx context.Context, key LoginKey, client string, clientSince time.Time, device string, deviceSince time.Time) (*LoginCandidate, error) {
	const query = `/* LoginCandidate */
		SELECT ` + userColumns + `,
			EXISTS (SELECT 1 FROM familiar WHERE user_id = u.id AND kind = 'client' AND value = $2 AND last_seen_at > $3),
			EXISTS (SELECT 1 FROM familiar WHERE user_id = u.id AND kind = 'device' AND value = $4 AND last_seen_at > $5)
		FROM users u WHERE `
	where, value := `u.email_key = $1`, key.Email
	if key.Email == "" {
		where, value = `u.id = (SELECT user_id FROM usernames WHERE key = $1)`, key.Username
	}
	var c LoginCandidate
	row := s.conn.QueryRow(ctx, query+where, value, client, clientSince, device, deviceSince)
	if err := row.Scan(append(c.dest(), &c.ClientKnown, &c.DeviceKnown)...); err != nil {
		return nil, err
	}
	c.scanned()
	return &c, nil
}
