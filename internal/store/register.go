package store

import (
	"context"
	"errors"
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

// RegistrationLike returns the newest registration that r's client made of the same
// address and the same username, or if both have usernames that were made; or ErrNotFound.
// Whether it is closed makes no difference (C3).
func (s *Store) RegistrationLike(ctx context.Context, r *Registration) (*Registration, error) {
	return scanRegistration(s.conn.QueryRow(ctx, `/* RegistrationLike */
		SELECT `+registrationColumns+newestLike("$1", "$2", "$3", "$4", "$5"), r.Client, r.EmailKey, r.CreatedAt, r.UsernameKey, r.UsernameMade))
}

// newestLike is what follows the columns of a query for the newest registration of a
// client, an address's key and a username's key, at a time. made says whether any username
// that was made is the same. Each is given by its parameter.
func newestLike(client, emailKey, now, usernameKey, made string) string {
	return ` FROM registrations WHERE client = ` + client + ` AND email_key = ` + emailKey + ` AND expires_at > ` + now + `
		AND (username_key = ` + usernameKey + ` OR username_made AND ` + made + `) ORDER BY created_at DESC, id DESC LIMIT 1`
}

// Register holds r's username until heldUntil, and writes r and the mail that asks for
// its confirmation: all of it or nothing. seen is what RegistrationLike returned; the
// error is ErrNotFound if it returns another now. It is ErrTooMany beyond limits, and
// ErrConflict if the username is another's. Whether the address has an account, or is held
// for one, changes closed in the row and nothing that the caller could measure (C3).
func (s *Store) Register(ctx context.Context, r, seen *Registration, m *Mail, heldUntil time.Time, limits RegistrationLimits) error {
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
		args := []any{r.ID, r.Email, r.EmailKey, r.Username, r.UsernameKey, r.PasswordHash, r.Client, r.Device,
			r.CreatedAt, r.ExpiresAt, limits.PerAddress, limits.PerClient, r.UsernameMade, limits.Since, seen.id()}
		n, err := tx.conn.Exec(ctx, `/* Register */
			INSERT INTO registrations (id, email, email_key, username, username_key, password_hash, client, device,
				created_at, expires_at, username_made, closed)
			SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $13, EXISTS (SELECT 1 FROM users WHERE email_key = $3)
				OR EXISTS (SELECT 1 FROM held_addresses WHERE email_key = $3 AND held_until > $9)
				OR `+tx.addressReserved(&args, r.EmailKey, "$9")+`
			WHERE (SELECT count(*) FROM registrations WHERE client = $7 AND email_key = $3 AND expires_at > $9 AND created_at > $14) < $11
				AND (SELECT count(*) FROM registrations WHERE client = $7 AND expires_at > $9 AND created_at > $14) < $12
				AND COALESCE((SELECT id`+newestLike("$7", "$3", "$9", "$5", "$13")+`), $15) = $15`, args...)
		if err != nil {
			return err
		}
		if n == 0 {
			return tx.refused(ctx, r, seen)
		}
		return tx.holdAndMail(ctx, r, m, heldUntil, r.CreatedAt)
	})
}

// id is r's, or "" if r is nil.
func (r *Registration) id() string {
	if r == nil {
		return ""
	}
	return r.ID
}

// refused says why r was not written: ErrNotFound if there is another like it than seen,
// else ErrTooMany.
func (s *Store) refused(ctx context.Context, r, seen *Registration) error {
	switch like, err := s.RegistrationLike(ctx, r); {
	case err != nil && !errors.Is(err, ErrNotFound):
		return err
	case err == nil && like.ID != seen.id():
		return ErrNotFound
	}
	return ErrTooMany
}

// RenewRegistration writes how r's names are written, since when it waits and until when,
// and the mail that asks for its confirmation, and holds its username until heldUntil, as
// Register would: all of it or nothing. The error is ErrNotFound if r waits no longer, and ErrConflict if the
// username is another's.
func (s *Store) RenewRegistration(ctx context.Context, r *Registration, m *Mail, heldUntil, now time.Time) error {
	return s.InTx(ctx, func(tx *Store) error {
		args := []any{r.ID, r.EmailKey, r.CreatedAt, r.ExpiresAt, now, r.Email, r.Username}
		err := one(tx.conn.Exec(ctx, `/* RenewRegistration */
			UPDATE registrations SET email = $6, username = $7, created_at = $3, expires_at = $4,
				closed = EXISTS (SELECT 1 FROM users WHERE email_key = $2)
					OR EXISTS (SELECT 1 FROM held_addresses WHERE email_key = $2 AND held_until > $5)
					OR `+tx.addressReserved(&args, r.EmailKey, "$5")+`
			WHERE id = $1 AND expires_at > $5`, args...))
		if err != nil {
			return err
		}
		return tx.holdAndMail(ctx, r, m, heldUntil, now)
	})
}

// holdAndMail holds the username of a registration and writes its mail.
func (s *Store) holdAndMail(ctx context.Context, r *Registration, m *Mail, heldUntil, now time.Time) error {
	counts, err := s.batch(ctx, guardLook(r.UsernameKey, now), s.holdUsername(r.UsernameKey, r.EmailKey, heldUntil, now), m.insert())
	if err == nil && counts[1] == 0 {
		return ErrConflict
	}
	return err
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
