package store

import (
	"context"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"latchkey/internal/db"
)

// Passkey is a credential of WebAuthn that opens its user's account.
type Passkey struct {
	ID             string
	UserID         string
	Credential     []byte // its id, which the authenticator has chosen; nobody else has the same
	PublicKey      []byte // COSE
	RPID           string // the domain that it was made for
	AAGUID         []byte // the authenticator's model, as that says
	Transports     []string
	Counter        uint32
	BackupEligible bool
	BackedUp       bool
	Name           string
	CreatedAt      time.Time
	LastUsedAt     *time.Time // nil before the first use
	Removed        bool       // it was taken off, and may come back: see TakeBack
}

// IsNode binds Passkey to the schema's Node.
func (Passkey) IsNode() {}

// IsFactor binds Passkey to the schema's Factor.
func (Passkey) IsFactor() {}

// CredentialID is the id of its credential as browsers write it.
func (p Passkey) CredentialID() string { return base64.RawURLEncoding.EncodeToString(p.Credential) }

//lint:ignore G101 columns of a table
const passkeyColumns = `id, user_id, credential_id, public_key, rp_id, aaguid, transports, counter, backup_eligible, backed_up,
	name, created_at, last_used_at, removed_seq IS NOT NULL`

func scanPasskey(row db.Row) (*Passkey, error) {
	var p Passkey
	var transports string
	err := row.Scan(&p.ID, &p.UserID, &p.Credential, &p.PublicKey, &p.RPID, &p.AAGUID, &transports, &p.Counter, &p.BackupEligible, &p.BackedUp,
		&p.Name, &p.CreatedAt, &p.LastUsedAt, &p.Removed)
	if err != nil {
		return nil, err
	}
	p.Transports, p.CreatedAt, p.LastUsedAt = strings.Fields(transports), p.CreatedAt.UTC(), utc(p.LastUsedAt)
	return &p, nil
}

// PasskeyOf returns the passkey with the id of a credential, also one that was removed; or
// ErrNotFound.
func (s *Store) PasskeyOf(ctx context.Context, credential []byte) (*Passkey, error) {
	return scanPasskey(s.conn.QueryRow(ctx, `/* PasskeyOf */ SELECT `+passkeyColumns+` FROM passkeys WHERE credential_id = $1`, credential))
}

// PasskeysOf returns the passkeys of several users by the users' ids, the first that was
// added first. Who has none is not in the map.
func (s *Store) PasskeysOf(ctx context.Context, userIDs []string) (map[string][]Passkey, error) {
	all := map[string][]Passkey{}
	if len(userIDs) == 0 {
		return all, nil
	}
	in, args := inList(userIDs)
	list, err := query(ctx, s.conn, scanPasskey, `/* PasskeysOf */
		SELECT `+passkeyColumns+` FROM passkeys WHERE removed_seq IS NULL AND user_id IN `+in+` ORDER BY created_at, id`, args...)
	for i := range list {
		all[list[i].UserID] = append(all[list[i].UserID], list[i])
	}
	return all, err
}

// AddPasskey gives u a passkey, by which their duty to enrol is done. wants has a login by
// password ask for it from now on, too. The error is ErrTooMany if u has as many as most
// says, and ErrConflict if there is a passkey of this credential already, whose ever it is or
// was; ErrNotFound: see asRead. Call it in the transaction of its event, which happens at now.
func (s *Store) AddPasskey(ctx context.Context, u *User, p *Passkey, wants bool, most int, now time.Time) error {
	if err := s.enrolled(ctx, u, wants); err != nil {
		return err
	}
	var has int
	err := s.conn.QueryRow(ctx, `/* AddPasskey, how many there are */
		SELECT COUNT(*) FROM passkeys WHERE user_id = $1 AND removed_seq IS NULL`, u.ID).Scan(&has)
	if err != nil {
		return err
	}
	if has >= most {
		return ErrTooMany
	}
	n, err := s.conn.Exec(ctx, `/* AddPasskey */
		INSERT INTO passkeys (id, user_id, credential_id, public_key, rp_id, aaguid, transports, counter, backup_eligible, backed_up,
			name, created_at, added_seq)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, `+nextSeq("$2", "$13")+`) ON CONFLICT (credential_id) DO NOTHING`,
		p.ID, u.ID, p.Credential, p.PublicKey, p.RPID, p.AAGUID, strings.Join(p.Transports, " "), int64(p.Counter), p.BackupEligible, p.BackedUp,
		p.Name, p.CreatedAt, now.UnixMicro())
	if err == nil && n == 0 {
		err = ErrConflict
	}
	return err
}

// RenamePasskey gives a passkey of a user another name; ErrNotFound if they have none with
// this id.
func (s *Store) RenamePasskey(ctx context.Context, userID, id, name string) (*Passkey, error) {
	return scanPasskey(s.conn.QueryRow(ctx, `/* RenamePasskey */
		UPDATE passkeys SET name = $3 WHERE user_id = $1 AND id = $2 AND removed_seq IS NULL RETURNING `+passkeyColumns, userID, id, name))
}

// RemovePasskey takes the passkey with this id off a user and returns its name; ErrNotFound
// if there is none. Call it in the transaction of its event, which happens at now, and which
// has written the user's own row.
func (s *Store) RemovePasskey(ctx context.Context, userID, id string, now time.Time) (name string, err error) {
	err = s.conn.QueryRow(ctx, `/* RemovePasskey */
		UPDATE passkeys SET removed_seq = `+nextSeq("$1", "$3")+` WHERE user_id = $1 AND id = $2 AND removed_seq IS NULL RETURNING name`,
		userID, id, now.UnixMicro()).Scan(&name)
	return name, err
}

// ForeignPasskeys returns how many passkeys were made for another domain than this one: no
// browser uses them any more.
func (s *Store) ForeignPasskeys(ctx context.Context, domain string) (n int, err error) {
	err = s.conn.QueryRow(ctx, `/* ForeignPasskeys */
		SELECT COUNT(*) FROM passkeys WHERE (rp_id < $1 OR rp_id > $1) AND removed_seq IS NULL`, domain).Scan(&n)
	return n, err
}

// PasskeyUse is what a passkey said when it was used: what its row keeps from then on.
type PasskeyUse struct {
	ID             string
	Challenge      []byte    // what it answered, and
	ExpiresAt      time.Time // when that would have expired
	Counter        uint32
	Counts         bool // the counter has to rise: the passkey cannot be copied, and has one
	BackupEligible bool
	BackupChanged  bool // BackupEligible is another than before
	BackedUp       bool
}

// usePasskey adds the use of a passkey to a chain: of its challenge, and of the value of its
// counter, which no two uses have in common.
func (c *chain) usePasskey(p *PasskeyUse, now time.Time) {
	c.claim(Claim{ClaimHash([]byte("passkey"), p.Challenge), p.ExpiresAt}, `/* usePasskey, its challenge */
			INSERT INTO used (hash, owner, expires_at) SELECT $1, $2, $3 FROM passkeys WHERE id = $4 AND removed_seq IS NULL`, p.ID)
	if p.Counts {
		hash := ClaimHash([]byte("passkey counter"), []byte(p.ID), strconv.AppendUint(nil, uint64(p.Counter), 10))
		c.claim(Claim{hash, now.Add(usedFor)}, `/* usePasskey, its counter */
			INSERT INTO used (hash, owner, expires_at) SELECT $1, $2, $3 FROM passkeys WHERE id = $4 AND counter < $5 AND removed_seq IS NULL`, p.ID, int64(p.Counter))
	}
	c.then(`/* usePasskey */
			UPDATE passkeys SET counter = $2, backup_eligible = $3, backed_up = $4, last_used_at = $5 WHERE id = $1`,
		p.ID, int64(p.Counter), p.BackupEligible, p.BackedUp, now)
}
