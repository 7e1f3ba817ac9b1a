package store

import (
	"context"
	"time"

	"latchkey/internal/db"
)

// Registration is an account that waits for its confirmation.
type Registration struct {
	ID           string
	Email        string
	EmailKey     string
	Username     string
	UsernameKey  string
	UsernameMade bool // by the service, for who gave none
	PasswordHash string
	Client       string // the key of the client that registered
	Device       string // for people: "Firefox on Linux"
	Closed       bool   // can never be confirmed: the address has an account, or its owner said no
	CreatedAt    time.Time
	ExpiresAt    time.Time
}

const registrationColumns = `id, email, email_key, username, username_key, username_made, password_hash, client, device,
	closed, created_at, expires_at`

func scanRegistration(row db.Row) (*Registration, error) {
	var r Registration
	err := row.Scan(&r.ID, &r.Email, &r.EmailKey, &r.Username, &r.UsernameKey, &r.UsernameMade, &r.PasswordHash, &r.Client, &r.Device,
		&r.Closed, &r.CreatedAt, &r.ExpiresAt)
	if err != nil {
		return nil, err
	}
	r.CreatedAt, r.ExpiresAt = r.CreatedAt.UTC(), r.ExpiresAt.UTC()
	return &r, nil
}

// RegistrationLimits bound what one client may have open of what it registered
// after a time.
type RegistrationLimits struct {
	Since      time.Time
	PerAddress int // unfinished registrations of one address by one client
	PerClient  int // unfinished registrations of one client
}

// Register holds r's username until heldUntil, writes r and the mail that asks
// for its confirmation, all or nothing. ErrTooMany beyond limits, ErrConflict
// if the username is another's. Whether the address has or is held for an account changes
// closed in the row and nothing that the caller could measure.
func (s *Store) Register(ctx context.Context, r *Registration, m *Mail, heldUntil time.Time, limits RegistrationLimits) error {
	return s.InTx(ctx, func(tx *Store) error {
		// The guard: registrations of one client wait for each other here, so
		// that each counts those before it.
		_, err := tx.conn.Exec(ctx, `/* Register, the guard */
			INSERT INTO registrars (client, last_at) VALUES ($1, $2)
			ON CONFLICT (client) DO UPDATE SET last_at = excluded.last_at`,
			r.Client, r.CreatedAt)
		if err != nil {
			return err
		}
		n, err := tx.conn.Exec(ctx, `/* Register */
			INSERT INTO registrations (id, email, email_key, username, username_key, password_hash, client, device,
				created_at, expires_at, username_made, closed)
			SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $13, EXISTS (SELECT 1 FROM users WHERE email_key = $3)
				OR EXISTS (SELECT 1 FROM held_addresses WHERE email_key = $3 AND held_until > $9)
			WHERE (SELECT count(*) FROM registrations WHERE client = $7 AND email_key = $3 AND expires_at > $9 AND created_at > $14) < $11
				AND (SELECT count(*) FROM registrations WHERE client = $7 AND expires_at > $9 AND created_at > $14) < $12`,
			r.ID, r.Email, r.EmailKey, r.Username, r.UsernameKey, r.PasswordHash, r.Client, r.Device,
			r.CreatedAt, r.ExpiresAt, limits.PerAddress, limits.PerClient, r.UsernameMade, limits.Since)
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrTooMany
		}
		counts, err := tx.batch(ctx, holdUsername(r.UsernameKey, r.EmailKey, heldUntil, r.CreatedAt), m.insert())
		if err == nil && counts[0] == 0 {
			return ErrConflict
		}
		return err
	})
}

// Registration returns an unfinished registration, or ErrNotFound.
func (s *Store) Registration(ctx context.Context, id string, now time.Time) (*Registration, error) {
	return scanRegistration(s.conn.QueryRow(ctx, `/* Registration */
		SELECT `+registrationColumns+` FROM registrations WHERE id = $1 AND expires_at > $2`, id, now))
}

// RegistrationsByEmail returns up to n registrations of an address that may be
// confirmed: those of one client first, then the newest of each other client, then
// their second newest, so that nobody's many push another's out.
func (s *Store) RegistrationsByEmail(ctx context.Context, emailKey, client string, now time.Time, n int) ([]Registration, error) {
	return query(ctx, s.conn, scanRegistration, `/* RegistrationsByEmail */
		SELECT `+registrationColumns+` FROM registrations WHERE email_key = $1 AND expires_at > $3 AND NOT closed
		ORDER BY CASE WHEN client = $2 THEN 0 ELSE 1 END, ROW_NUMBER() OVER (PARTITION BY client ORDER BY created_at DESC, id DESC),
			created_at DESC, id DESC LIMIT $4`, emailKey, client, now, n)
}

// TakeRegistration deletes a registration that may be confirmed and returns it:
// of two that confirm it, one gets it and the other ErrNotFound.
func (s *Store) TakeRegistration(ctx context.Context, id string, now time.Time) (*Registration, error) {
	return scanRegistration(s.conn.QueryRow(ctx, `/* TakeRegistration */
		DELETE FROM registrations WHERE id = $1 AND NOT closed AND expires_at > $2
		RETURNING `+registrationColumns, id, now))
}

// CloseRegistration has a registration never be confirmed, or answers
// ErrNotFound. Like its username it stays until it expires, and its password too:
// whoever registered would see from what is free again, or from how their login
// is refused, that the link was followed.
func (s *Store) CloseRegistration(ctx context.Context, id string) error {
	return one(s.conn.Exec(ctx, `/* CloseRegistration */ UPDATE registrations SET closed = TRUE WHERE id = $1 AND NOT closed`, id))
}

// CloseRegistrations does that to all that an address has open.
func (s *Store) CloseRegistrations(ctx context.Context, emailKey string) error {
	_, err := s.conn.Exec(ctx, `/* CloseRegistrations */ UPDATE registrations SET closed = TRUE WHERE email_key = $1 AND NOT closed`, emailKey)
	return err
}
