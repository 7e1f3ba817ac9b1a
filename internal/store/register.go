package store

import (
	"context"
	"time"

	"latchkey/internal/db"
)

// Registration is an account that waits for the confirmation of its address.
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
	Closed       bool   // it can never be confirmed: the address has an account, or its owner said no
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

// RegistrationLimits bounds how many unfinished registrations one client may have that it
// made after a time.
type RegistrationLimits struct {
	Since      time.Time
	PerAddress int // of one address
	PerClient  int // of all addresses
}

// Register holds r's username until heldUntil, and writes r and the mail that asks for
// its confirmation: all of it or nothing. The error is ErrTooMany beyond limits, and
// ErrConflict if the username is another's. Whether the address has an account, or is held
// for one, changes closed in the row and nothing that the caller could measure (C3).
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
		counts, err := tx.batch(ctx, guardLook(r.UsernameKey, r.CreatedAt), holdUsername(r.UsernameKey, r.EmailKey, heldUntil, r.CreatedAt), m.insert())
		if err == nil && counts[1] == 0 {
			return ErrConflict
		}
		return err
	})
}

// Registration returns a registration that is not expired at now, or ErrNotFound.
func (s *Store) Registration(ctx context.Context, id string, now time.Time) (*Registration, error) {
	return scanRegistration(s.conn.QueryRow(ctx, `/* Registration */
		SELECT `+registrationColumns+` FROM registrations WHERE id = $1 AND expires_at > $2`, id, now))
}

// RegistrationsByEmail returns up to n registrations of an address that can be
// confirmed: first those of one client, then the newest of each other client, then
// their second newest, and so on. So the many of one client push nobody's only one out.
func (s *Store) RegistrationsByEmail(ctx context.Context, emailKey, client string, now time.Time, n int) ([]Registration, error) {
	return query(ctx, s.conn, scanRegistration, `/* RegistrationsByEmail */
		SELECT `+registrationColumns+` FROM registrations WHERE email_key = $1 AND expires_at > $3 AND NOT closed
		ORDER BY CASE WHEN client = $2 THEN 0 ELSE 1 END, ROW_NUMBER() OVER (PARTITION BY client ORDER BY created_at DESC, id DESC),
			created_at DESC, id DESC LIMIT $4`, emailKey, client, now, n)
}

// TakeRegistration deletes a registration that can be confirmed and returns it. Of two
// who confirm it at once, one gets it and the other ErrNotFound.
func (s *Store) TakeRegistration(ctx context.Context, id string, now time.Time) (*Registration, error) {
	return scanRegistration(s.conn.QueryRow(ctx, `/* TakeRegistration */
		DELETE FROM registrations WHERE id = $1 AND NOT closed AND expires_at > $2
		RETURNING `+registrationColumns, id, now))
}

// CloseRegistration makes sure that a registration can never be confirmed, or returns
// ErrNotFound. The row, the hold on its username and its password stay until they
// expire: else whoever registered could see from the free username, or from how their
// login is refused, that somebody followed the link.
func (s *Store) CloseRegistration(ctx context.Context, id string) error {
	return one(s.conn.Exec(ctx, `/* CloseRegistration */ UPDATE registrations SET closed = TRUE WHERE id = $1 AND NOT closed`, id))
}

// CloseRegistrations makes sure that no registration of an address can be confirmed.
func (s *Store) CloseRegistrations(ctx context.Context, emailKey string) error {
	_, err := s.conn.Exec(ctx, `/* CloseRegistrations */ UPDATE registrations SET closed = TRUE WHERE email_key = $1 AND NOT closed`, emailKey)
	return err
}
