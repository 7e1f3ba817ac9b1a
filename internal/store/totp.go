package store

import (
	"context"
	"time"

	"latchkey/internal/db"
)

// TOTP is an authenticator app of a user (RFC 6238).
type TOTP struct {
	ID         string
	UserID     string
	Name       string
	Secret     []byte // sealed
	LastStep   int64  // of the last code that was taken: neither it nor an older one is taken again
	CreatedAt  time.Time
	LastUsedAt *time.Time // nil before the first use
}

// IsNode binds TOTP to the schema's Node.
func (TOTP) IsNode() {}

// IsFactor binds TOTP to the schema's Factor.
func (TOTP) IsFactor() {}

const totpColumns = `t.id, t.user_id, t.name, t.secret, t.last_step, t.created_at, t.last_used_at`

// totpRow receives totpColumns, which are null where there is none.
type totpRow struct {
	id, userID, name *string
	secret           []byte
	step             *int64
	created, used    *time.Time
}

func (t *totpRow) dest() []any {
	return []any{&t.id, &t.userID, &t.name, &t.secret, &t.step, &t.created, &t.used}
}

func (t *totpRow) totp() *TOTP {
	if t.id == nil {
		return nil
	}
	return &TOTP{ID: *t.id, UserID: *t.userID, Name: *t.name, Secret: t.secret, LastStep: *t.step, CreatedAt: t.created.UTC(), LastUsedAt: utc(t.used)}
}

// AddTOTP gives u an authenticator app in the place of the one that there was, and whose duty
// to enrol is done thereby. ErrNotFound: see asRead. Call it in the transaction of its
// event, which happens at now.
func (s *Store) AddTOTP(ctx context.Context, u *User, t *TOTP, now time.Time) error {
	if err := s.enrolled(ctx, u, false); err != nil {
		return err
	}
	_, err := s.conn.Exec(ctx, `/* AddTOTP, the one before */
		UPDATE totps SET removed_seq = `+nextSeq("$1", "$2")+` WHERE user_id = $1 AND removed_seq IS NULL`, u.ID, now.UnixMicro())
	if err != nil {
		return err
	}
	_, err = s.conn.Exec(ctx, `/* AddTOTP */
		INSERT INTO totps (id, user_id, name, secret, last_step, created_at, added_seq)
		VALUES ($1, $2, $3, $4, $5, $6, `+nextSeq("$2", "$7")+`)`,
		t.ID, u.ID, t.Name, t.Secret, t.LastStep, t.CreatedAt, now.UnixMicro())
	return err
}

// enrolled writes to the row of u, who gets a second factor: they need not enrol any more.
// wants has a login by password ask for passkeys from now on, too.
func (s *Store) enrolled(ctx context.Context, u *User, wants bool) error {
	return one(s.conn.Exec(ctx, `/* enrolled */
		UPDATE users SET wants_second_factor = wants_second_factor OR $3, must_enrol = FALSE`+asRead, u.ID, u.SecurityVersion, wants))
}

// RemoveTOTP takes the app with this id off a user and returns its name; ErrNotFound if there
// is none. Call it in the transaction of its event, which happens at now, and which has
// written the user's own row.
func (s *Store) RemoveTOTP(ctx context.Context, userID, id string, now time.Time) (name string, err error) {
	err = s.conn.QueryRow(ctx, `/* RemoveTOTP */
		UPDATE totps SET removed_seq = `+nextSeq("$1", "$3")+` WHERE user_id = $1 AND id = $2 AND removed_seq IS NULL RETURNING name`,
		userID, id, now.UnixMicro()).Scan(&name)
	return name, err
}

// TOTPsOf returns the apps of several users by the users' ids. Who has none is not in the map.
func (s *Store) TOTPsOf(ctx context.Context, userIDs []string) (map[string]*TOTP, error) {
	all := map[string]*TOTP{}
	if len(userIDs) == 0 {
		return all, nil
	}
	scan := func(row db.Row) (*totpRow, error) {
		var t totpRow
		return &t, row.Scan(t.dest()...)
	}
	in, args := inList(userIDs)
	list, err := query(ctx, s.conn, scan, `/* TOTPsOf */ SELECT `+totpColumns+` FROM totps t WHERE t.removed_seq IS NULL AND t.user_id IN `+in, args...)
	for i := range list {
		t := list[i].totp()
		all[t.UserID] = t
	}
	return all, err
}
