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

// User is a person with a confirmed address, or one who was invited to confirm it.
type User struct {
	ID              string
	Email           string // the local part as it was typed
	EmailKey        string // what addresses are compared by: see package names
	Username        string // as it was typed; its key is its lower case
	UsernameMade    bool   // by the service, for somebody who gave none, until they change it
	PasswordHash    string // a PHC string; "" is no password
	Role            Role
	SecurityVersion int64      // raised by each change that makes older links dead
	SecuredAt       *time.Time // when it was raised last; nil if never
	PendingEmail    *string    // the new address that waits for its confirmation; nil if none does
	PendingEmailKey *string    // its key
	PendingUntil    *time.Time // how long it waits
	CreatedAt       time.Time
	UpdatedAt       time.Time
	LastLoginAt     *time.Time
	DisabledAt      *time.Time // nil while the account is active

	WantsSecondFactor  bool // a login by password asks for a passkey, if there is one
	MustChangePassword bool // at the next login
	MustEnrol          bool // at the next login it has to have a second factor

	InvitedUntil *time.Time // of somebody who was invited and has not set a password yet: when the account goes away; or nil
}

// IsNode binds User to the schema's Node.
func (User) IsNode() {}

const userColumns = `u.id, u.email, u.email_key, u.username, u.password_hash, u.role,
	u.security_version, u.secured_at, u.pending_email, u.pending_email_key, u.pending_until,
	u.created_at, u.updated_at, u.last_login_at, u.disabled_at, u.username_made,
	u.wants_second_factor, u.must_change_password, u.must_enrol, u.invited_until`

// dest returns where Scan puts the columns of userColumns.
func (u *User) dest() []any {
	return []any{&u.ID, &u.Email, &u.EmailKey, &u.Username, &u.PasswordHash, &u.Role,
		&u.SecurityVersion, &u.SecuredAt, &u.PendingEmail, &u.PendingEmailKey, &u.PendingUntil,
		&u.CreatedAt, &u.UpdatedAt, &u.LastLoginAt, &u.DisabledAt, &u.UsernameMade,
		&u.WantsSecondFactor, &u.MustChangePassword, &u.MustEnrol, &u.InvitedUntil}
}

// scanned returns u with its times in UTC, after a Scan.
func (u *User) scanned() *User {
	u.CreatedAt, u.UpdatedAt = u.CreatedAt.UTC(), u.UpdatedAt.UTC()
	u.LastLoginAt, u.DisabledAt = utc(u.LastLoginAt), utc(u.DisabledAt)
	u.SecuredAt, u.PendingUntil, u.InvitedUntil = utc(u.SecuredAt), utc(u.PendingUntil), utc(u.InvitedUntil)
	if u.PasswordHash != "" || u.LastLoginAt != nil { // a version that knows no invitations let them in
		u.InvitedUntil = nil
	}
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

// UsersByID returns those of several users who are there, in no order.
func (s *Store) UsersByID(ctx context.Context, ids []string) ([]User, error) {
	if len(ids) == 0 {
		return []User{}, nil
	}
	in, args := inList(ids)
	return query(ctx, s.conn, scanUser, `/* UsersByID */ SELECT `+userColumns+` FROM users u WHERE u.id IN `+in, args...)
}

// UserByEmail returns the user with an address's key, or ErrNotFound.
func (s *Store) UserByEmail(ctx context.Context, emailKey string) (*User, error) {
	return scanUser(s.conn.QueryRow(ctx, `/* UserByEmail */ SELECT `+userColumns+` FROM users u WHERE u.email_key = $1`, emailKey))
}

// UserByAny returns the user with this id, this address's key or this username's key,
// or ErrNotFound. No text is two of them: only addresses have an @, and ids are too long
// for usernames.
func (s *Store) UserByAny(ctx context.Context, id, emailKey, usernameKey string) (*User, error) {
	return scanUser(s.conn.QueryRow(ctx, `/* UserByAny */
		SELECT `+userColumns+` FROM users u
		WHERE u.id = $1 OR u.email_key = $2 OR u.id = (SELECT user_id FROM usernames WHERE key = $3)`, id, emailKey, usernameKey))
}

// Pending returns the address that waits for its confirmation at now, and its
// key; "" if none does.
func (u *User) Pending(now time.Time) (address, key string) {
	if u.PendingEmail == nil || u.PendingEmailKey == nil || u.PendingUntil == nil || !now.Before(*u.PendingUntil) {
		return "", ""
	}
	return *u.PendingEmail, *u.PendingEmailKey
}

// asRead and secured are parts of the statements that change a user who is still as
// they were read: at the same security_version, and not disabled. If something came
// between, these statements change nothing and answer ErrNotFound. They are for
// transactions, in which they come before all that goes with them.

// asRead is the condition of such a statement. Its $1 and $2 are the user's id and
// the security_version that was read.
const asRead = ` WHERE id = $1 AND security_version = $2 AND disabled_at IS NULL`

// Guard writes the row of u as it is, so that the transaction is in order with others that
// change u. ErrNotFound: see asRead.
func (s *Store) Guard(ctx context.Context, u *User) error {
	return one(s.conn.Exec(ctx, `/* Guard */ UPDATE users SET security_version = security_version`+asRead, u.ID, u.SecurityVersion))
}

// secured is what such a statement sets to make every older link dead, and with
// them a change of address that waits. at is the parameter that holds the time.
func secured(at string) string {
	return `security_version = security_version + 1, secured_at = ` + at + `, updated_at = ` + at + `,
			pending_email = NULL, pending_email_key = NULL, pending_until = NULL`
}
