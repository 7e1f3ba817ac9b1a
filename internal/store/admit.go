package store

import (
	"context"
	"errors"
)

// Opening is what a login writes.
type Opening struct {
	Session         *Session
	SecurityVersion int64      // the user's when the password was compared
	PasswordHash    string     // the same as before, or a better one
	From            Whence     // all of which becomes familiar
	MaxSessions     int        // how many a user may have; the least recently used beyond that end
	Challenge       *Claim     // used up by it; nil if there is none
	Factor          *FactorUse // the same
	Event           *SecurityEvent
	Trusts          *Trusting // has the device be trusted from now on; or nil
	TrustedBy       []byte    // the hash of the trusted device that the second factor was left out for; or nil
	Undo            *Undo     // takes back a login that is told, and all that First adds; else nil
	Notice          *Mail     // tells of the login; else nil

	// First, unless it is nil, writes what has to be there before the session.
	First func(tx *Store) error
}

// OpenSession writes o.Session and what goes with it, in one transaction; without a notice
// and First that is one round trip. The error is ErrNotFound if the user was deleted or
// disabled, or their security_version was raised, since the password was compared, or if
// the challenge was used up before; and ErrConflict if the factor's code was. Then no session
// is opened and nothing tells of it, but the challenge may be used up.
func (s *Store) OpenSession(ctx context.Context, o *Opening) error {
	if o.Notice == nil && o.First == nil {
		return s.openSession(ctx, o)
	}
	return s.InTx(ctx, func(tx *Store) error {
		// What takes the login back comes before all that is added in it, and is put in
		// order by the user's row, if there is one yet.
		rest := *o
		if o.Challenge != nil || o.Undo != nil {
			if err := tx.Guard(ctx, &User{ID: o.Session.UserID, SecurityVersion: o.SecurityVersion}); err != nil {
				return err
			}
		}
		if rest.Challenge = nil; o.Challenge != nil {
			if err := tx.Use(ctx, *o.Challenge, o.Session.ID); errors.Is(err, ErrConflict) {
				return ErrNotFound
			} else if err != nil {
				return err
			}
		}
		if o.Undo != nil {
			if err := tx.AddUndo(ctx, o.Undo); err != nil {
				return err
			}
		}
		if o.First != nil {
			if err := o.First(tx); err != nil {
				return err
			}
		}
		if err := tx.openSession(ctx, &rest); err != nil || o.Notice == nil {
			return err
		}
		return tx.EnqueueMail(ctx, o.Notice)
	})
}

func (s *Store) openSession(ctx context.Context, o *Opening) error {
	v := o.Session
	c := &chain{owner: v.ID}
	if o.Challenge != nil || o.Factor != nil {
		// The user's row first, as everywhere: who removes a factor at this moment waits, or
		// is waited for.
		c.add(`/* OpenSession, the lock */ UPDATE users SET security_version = security_version`+asRead, []any{v.UserID, o.SecurityVersion})
	}
	if o.Challenge != nil {
		c.claim(*o.Challenge, `/* OpenSession, the challenge */
			INSERT INTO used (hash, owner, expires_at) SELECT $1, $2, $3 FROM users WHERE id = $4 AND security_version = $5 AND disabled_at IS NULL`,
			v.UserID, o.SecurityVersion)
	}
	if o.Factor != nil {
		c.use(o.Factor, v.UserID, v.CreatedAt)
	}
	guard := len(c.stmts)
	// The guard: logins of one user wait for each other here, so that the
	// cap below counts all of them.
	c.then(`/* OpenSession, the guard */
		UPDATE users SET last_login_at = $3, password_hash = $4, invited_until = NULL
		WHERE id = $1 AND security_version = $2 AND disabled_at IS NULL`,
		v.UserID, o.SecurityVersion, v.CreatedAt, o.PasswordHash)
	c.then(`/* OpenSession */
		INSERT INTO sessions (id, user_id, client_id, device_name, user_agent, ip_address, refresh_key,
			generation, rotations, created_at, last_used_at, expires_at, ends_at, proofs, authenticated_at)
		SELECT $1, u.id, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16
		FROM users u WHERE u.id = $2 AND u.security_version = $3 AND u.disabled_at IS NULL`,
		v.ID, v.UserID, o.SecurityVersion, v.ClientID, v.DeviceName, v.UserAgent, v.IPAddress, v.RefreshKey,
		v.Generation, v.Rotations, v.CreatedAt, v.LastUsedAt, v.ExpiresAt, v.EndsAt, v.Proofs, v.ProvenAt)
	// The new one stays, although another replica's clock may be ahead.
	c.add(`/* OpenSession, the cap */
		DELETE FROM sessions WHERE user_id = $1 AND id <> $4 AND id NOT IN (
			SELECT id FROM sessions WHERE user_id = $1 AND expires_at > $2 AND id <> $4
			ORDER BY last_used_at DESC, id DESC LIMIT $3)
		AND EXISTS (SELECT 1 FROM sessions WHERE id = $4)`,
		[]any{v.UserID, v.CreatedAt, o.MaxSessions - 1, v.ID})
	stmts := append(c.stmts,
		o.From.mark(v.UserID, v.CreatedAt, ` AND EXISTS (SELECT 1 FROM sessions WHERE id = $6)`, v.ID),
		o.Event.insertOfSession())
	if o.TrustedBy != nil {
		stmts = append(stmts, usedTrusted(v, o.TrustedBy))
	}
	if o.Trusts != nil {
		stmts = append(stmts, o.Trusts.stmts(v)...)
	}
	counts, err := s.batch(ctx, stmts...)
	if err != nil {
		return err
	}
	if counts[guard] == 0 {
		if o.Factor != nil && counts[0] > 0 && counts[c.uses[len(c.uses)-1]] == 0 && (o.Challenge == nil || counts[c.uses[0]] > 0) {
			return ErrConflict
		}
		return ErrNotFound
	}
	return nil
}
