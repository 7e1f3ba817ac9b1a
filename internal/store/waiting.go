package store

import (
	"context"
	"time"
)

// RegistrationFor returns the registration that somebody means who logs in by
// key, or ErrNotFound: of an address the newest that their own client made; of a
// username that and, if there is none, the newest at all. Whether it is closed
// makes no difference.
func (s *Store) RegistrationFor(ctx context.Context, key LoginKey, client string, now time.Time) (*Registration, error) {
	where, value := `email_key = $1 AND client = $2`, key.Email
	if key.Email == "" {
		where, value = `username_key = $1`, key.Username
	}
	return scanRegistration(s.conn.QueryRow(ctx, `/* RegistrationFor */
		SELECT `+registrationColumns+` FROM registrations WHERE `+where+` AND expires_at > $3
		ORDER BY CASE WHEN client = $2 THEN 0 ELSE 1 END, created_at DESC, id DESC LIMIT 1`, value, client, now))
}

// ClaimOf returns the registration that claimed a username first for the address
// that holds it, if it was made at client and no other client claims it, too; or
// ErrNotFound. Whether it is closed makes no difference.
func (s *Store) ClaimOf(ctx context.Context, usernameKey, client string, now time.Time) (*Registration, error) {
	return scanRegistration(s.conn.QueryRow(ctx, `/* ClaimOf */
		SELECT `+registrationColumns+` FROM registrations
		WHERE username_key = $1 AND client = $2 AND expires_at > $3
			AND email_key = (SELECT holder FROM usernames WHERE key = $1)
			AND NOT EXISTS (SELECT 1 FROM registrations WHERE username_key = $1 AND client <> $2 AND expires_at > $3)
		ORDER BY created_at, id LIMIT 1`, usernameKey, client, now))
}

// MoveClaim has the address with emailKey hold the username that the address of
// earlier holds, for as long as that would have, and closes what its client
// registered of it: what is to be registered in the same transaction takes their
// place. heldUntil is how long a hold lasts that began with earlier: no other moves, such as
// one that was there before. ErrConflict if it is not held so, if another client claims it,
// too, or if a deleted account has left it to somebody else.
func (s *Store) MoveClaim(ctx context.Context, earlier *Registration, emailKey string, heldUntil, now time.Time) error {
	// It comes first: who claims the name meanwhile waits here, or is seen below.
	args := []any{earlier.UsernameKey, earlier.EmailKey, emailKey, now, heldUntil}
	n, err := s.conn.Exec(ctx, `/* MoveClaim, the username */
		UPDATE usernames SET holder = $3 WHERE key = $1 AND user_id IS NULL AND holder = $2 AND held_until > $4 AND held_until = $5
			AND NOT `+s.reserved(&args, earlier.UsernameKey, emailKey, "$4"), args...)
	if err != nil {
		return err
	}
	closed, err := s.conn.Exec(ctx, `/* MoveClaim, what was registered */
		UPDATE registrations SET closed = TRUE WHERE username_key = $1 AND client = $2 AND expires_at > $3
			AND NOT EXISTS (SELECT 1 FROM registrations WHERE username_key = $1 AND client <> $2 AND expires_at > $3)`,
		earlier.UsernameKey, earlier.Client, now)
	if err == nil && (n == 0 || closed == 0) {
		return ErrConflict
	}
	return err
}
