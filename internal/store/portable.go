package store

import (
	"context"
	"strings"

	"latchkey/internal/db"
)

// PortableFactors is what opens an account besides its password, as import and export move
// it.
type PortableFactors struct {
	TOTP          *TOTP // nil if there is no app
	Passkeys      []Passkey
	RecoveryCodes [][]byte // hashes of those that are left
}

// insert returns the statements of a batch that give them to a user whom the batch has
// inserted. Their seq is 0: whatever is taken back, they were there before.
func (f *PortableFactors) insert(u *ImportedUser) []db.Stmt {
	const imported = ` FROM users WHERE id = $1 AND email_key = $2 ON CONFLICT DO NOTHING`
	var stmts []db.Stmt
	add := func(sql string, args ...any) {
		stmts = append(stmts, db.Stmt{SQL: sql + imported, Args: append([]any{u.ID, u.EmailKey}, args...)})
	}
	if t := f.TOTP; t != nil {
		add(`/* ImportUsers, an app */
			INSERT INTO totps (id, user_id, name, secret, last_step, created_at, added_seq)
			SELECT $3, id, $4, $5, $6, $7, 0`, t.ID, t.Name, t.Secret, t.LastStep, t.CreatedAt)
	}
	for _, p := range f.Passkeys {
		add(`/* ImportUsers, a passkey */
			INSERT INTO passkeys (id, user_id, credential_id, public_key, rp_id, aaguid, transports, counter, backup_eligible, backed_up,
				name, created_at, added_seq)
			SELECT $3, id, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0`,
			p.ID, p.Credential, p.PublicKey, p.RPID, p.AAGUID, strings.Join(p.Transports, " "), int64(p.Counter), p.BackupEligible, p.BackedUp, p.Name, p.CreatedAt)
	}
	for _, hash := range f.RecoveryCodes {
		add(`/* ImportUsers, a recovery code */
			INSERT INTO recovery_codes (user_id, hash, created_at, added_seq) SELECT id, $3, $4, 0`, hash, u.UpdatedAt)
	}
	return stmts
}

// passkeysTaken returns which of the passkeys of list somebody has, or had, by their
// credential ids.
func (s *Store) passkeysTaken(ctx context.Context, list []ImportedUser) (map[string]bool, error) {
	taken := map[string]bool{}
	var ids []any
	for i := range list {
		for _, p := range list[i].Passkeys {
			ids = append(ids, p.Credential)
		}
	}
	scan := func(row db.Row) (*[]byte, error) {
		var id []byte
		return &id, row.Scan(&id)
	}
	for len(ids) > 0 {
		args := make([]any, ImportBatch)
		n := copy(args, ids)
		for i := n; i < len(args); i++ {
			args[i] = ids[0]
		}
		found, err := query(ctx, s.conn, scan, `/* ImportUsers, who has the passkeys */
			SELECT credential_id FROM passkeys WHERE credential_id IN (`+importBinds()+`)`, args...)
		if err != nil {
			return nil, err
		}
		for _, id := range found {
			taken[string(id)] = true
		}
		ids = ids[n:]
	}
	return taken, nil
}

// ExportFactors returns what opens the accounts of several users besides their passwords, by
// the users' ids. Who has nothing is not in the map.
func (s *Store) ExportFactors(ctx context.Context, userIDs []string) (map[string]PortableFactors, error) {
	all := map[string]PortableFactors{}
	apps, err := s.TOTPsOf(ctx, userIDs)
	if err != nil || len(userIDs) == 0 {
		return all, err
	}
	for id, app := range apps {
		all[id] = PortableFactors{TOTP: app}
	}
	passkeys, err := s.PasskeysOf(ctx, userIDs)
	if err != nil {
		return nil, err
	}
	for id, list := range passkeys {
		f := all[id]
		f.Passkeys = list
		all[id] = f
	}
	type code struct {
		user string
		hash []byte
	}
	in, args := inList(userIDs)
	codes, err := query(ctx, s.conn, func(row db.Row) (*code, error) {
		var c code
		return &c, row.Scan(&c.user, &c.hash)
	}, `/* ExportFactors, recovery codes */
		SELECT user_id, hash FROM recovery_codes WHERE used_at IS NULL AND removed_seq IS NULL AND user_id IN `+in+` ORDER BY hash`, args...)
	for _, c := range codes {
		f := all[c.user]
		f.RecoveryCodes = append(f.RecoveryCodes, c.hash)
		all[c.user] = f
	}
	return all, err
}
