package store

import "context"

// CreateUser inserts u and gives them their username. The error is ErrConflict if the
// address has an account or is held for one, or if the username is another's or held
// for another address.
//
// Call it in a transaction, since an error leaves some of it behind, and first of all
// there: then two who claim one address wait for each other here and nowhere else.
func (s *Store) CreateUser(ctx context.Context, u *User, usernameKey string) error {
	n, err := s.conn.Exec(ctx, `/* CreateUser */
		INSERT INTO users (id, email, email_key, username, password_hash, role, security_version, created_at, updated_at, username_made,
			must_change_password, must_enrol, invited_until)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
		ON CONFLICT DO NOTHING`,
		u.ID, u.Email, u.EmailKey, u.Username, u.PasswordHash, u.Role, u.SecurityVersion, u.CreatedAt, u.UpdatedAt, u.UsernameMade,
		u.MustChangePassword, u.MustEnrol, u.InvitedUntil)
	if err == nil && n == 0 {
		return ErrConflict
	}
	if err != nil {
		return err
	}
	if err := s.addressFree(ctx, u.EmailKey, u.ID, u.CreatedAt); err != nil {
		return err
	}
	counts, err := s.batch(ctx, guardLook(usernameKey, u.CreatedAt), s.ownUsername(usernameKey, u.ID, u.EmailKey, u.CreatedAt))
	if err == nil && counts[1] == 0 {
		return ErrConflict
	}
	return err
}
